//! `changeover freeze`: nothing begins by itself, everyone who asks is told why, and what was pushed meanwhile is brought once
//! it is over.

use crate::changeover::User;
use crate::server::{Served, until};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn in_a_freeze_a_push_waits_and_is_brought_afterwards() {
    let served = Served::start().await;
    let user = User::of(&served);
    user.fails(2, "changeover freeze --yes", &["--cause"]).await;
    user.fails(2, "changeover freeze --cause ' ' --yes", &["needs a reason"]).await;
    user.fails(2, "changeover freeze --cause INC-9", &["Pushes and schedules begin nothing", "say --yes"])
        .await;
    user.fails(1, "changeover unfreeze --yes", &["is not frozen"]).await;
    assert_eq!(user.gives(0, "changeover status").await["frozen"], Value::Null);

    let frozen = user.gives(0, "changeover freeze --cause 'INC-9: the database moves' --yes").await;
    assert_eq!(frozen["frozen"]["reason"], "INC-9: the database moves", "{frozen}");
    let by = frozen["frozen"]["by"].as_str().expect("who").to_owned();
    assert!(by.starts_with("changeover freeze"), "{by}");
    user.fails(1, "changeover freeze --cause again --yes", &["INC-9", "changeover unfreeze"]).await;

    served.push(&["--repository", "api", "--tag", "v2"]).await;
    until("the push is on record as wanted", async || {
        let status = user.gives(0, "changeover status api").await;
        status["services"][0]["wanted"]["image"]["tag"] == "v2"
    })
    .await;
    let status = user.gives(0, "changeover status api").await;
    assert_eq!(status["services"][0]["on_the_way"], Value::Null, "{status}");
    assert_eq!(status["frozen"], frozen["frozen"], "{status}");
    for line in ["changeover status", "changeover why api", "changeover why api:v2", "changeover doctor api"]
    {
        let words = user.says(0, line).await;
        for part in ["INC-9: the database moves", &by, "frozen since"] {
            assert!(words.contains(part), "{line}: {part} in {words}");
        }
    }
    // Whoever types it means it.
    let by_hand =
        user.gives(0, "changeover deploy web-blue --image-tag build-2 --set bake=1s --wait --yes").await;
    assert_eq!(by_hand["outcome"], "Succeeded", "{by_hand}");

    let thawed = user.gives(0, "changeover unfreeze --cause 'INC-9 is over' --yes").await;
    assert_eq!(thawed["frozen"], Value::Null, "{thawed}");
    assert_eq!(thawed["started"].as_array().map(Vec::len), Some(1), "{thawed}");
    let brought = user.gives(0, "changeover wait api --image-tag v2").await;
    assert_eq!(brought["outcome"], "Succeeded", "{brought}");
    assert!(!user.says(0, "changeover status").await.contains("frozen"));
    served.close().await;
}
