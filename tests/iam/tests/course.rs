//! The course with real functions: everything that is granted is used, nothing is asked for in vain, and the requests
//! on record are those that functions make.

use permissions::{course, record};
use rehearsal::binaries::Binaries;
use rehearsal_cloud::{Grant, Used};
use std::collections::BTreeSet;

fn told<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Vec<String> {
    let line = |grant: &Grant| {
        format!("{} {}: {} on {}", grant.holder, grant.statement, grant.action, grant.resource)
    };
    grants.into_iter().map(line).collect()
}

/// Actions and resources are granted each for each; a pair that makes no sense, such as to modify a rule on a
/// listener, is no grant too many as long as each of the two is used with another.
fn unused(grants: &BTreeSet<Grant>, used: &[Used]) -> Vec<String> {
    let is_used = |grant: &&Grant| {
        let same = |used: &&Used| {
            let other = &used.grant;
            (&other.holder, &other.policy, &other.statement)
                == (&grant.holder, &grant.policy, &grant.statement)
        };
        used.iter().filter(same).any(|used| used.grant.action == grant.action)
            && used.iter().filter(same).any(|used| used.grant.resource == grant.resource)
    };
    told(grants.iter().filter(|grant| !is_used(grant)))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_granted_is_used_and_nothing_else_is_needed() {
    let binaries = Binaries::build().expect("the functions build");
    let shown = course::run(&binaries).await.expect("everything goes as it should");
    assert_eq!(shown.denied, [], "not granted");
    assert_eq!(unused(&shown.grants, &shown.used), [""; 0], "granted, and never used");
    if std::env::var_os(record::REWRITE).is_some() {
        record::write(&shown.used).expect("the record is written");
    }
    let on_record = record::read().expect("there is a record");
    let grants = |all: &[Used]| told(all.iter().map(|used| &used.grant));
    assert_eq!(
        grants(&on_record),
        grants(&shown.used),
        "the record is not what happens; {} writes it anew",
        record::REWRITE
    );
}
