//! The course with real functions: everything that is granted is used, nothing is asked for in vain, and the requests
//! on record are those that functions make.

use permissions::{check, course, record};
use rehearsal::binaries::Binaries;
use rehearsal_cloud::Used;

#[tokio::test(flavor = "multi_thread")]
async fn everything_granted_is_used_and_nothing_else_is_needed() {
    let binaries = Binaries::build().expect("the functions build");
    let shown = course::run(&binaries).await.expect("everything goes as it should");
    assert_eq!(shown.denied, [], "not granted");
    assert_eq!(check::unused(&shown.grants, &shown.used), [""; 0], "granted, and never used");
    if std::env::var_os(record::REWRITE).is_some() {
        record::write(&shown.used).expect("the record is written");
    }
    let on_record = record::read().expect("there is a record");
    let grants = |all: &[Used]| check::told(all.iter().map(|used| &used.grant));
    assert_eq!(
        grants(&on_record),
        grants(&shown.used),
        "the record is not what happens; {} writes it anew",
        record::REWRITE
    );
}
