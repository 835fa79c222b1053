//! `changeover pair`: from a rolling service to a pair, by the commands that it prints and by itself, without a request less.

use crate::changeover::User;
use crate::clients::there_is;
use crate::server::Served;
use serde_json::Value;

fn done(pairing: &Value) -> Vec<bool> {
    pairing["steps"].as_array().expect("steps").iter().filter_map(|step| step["done"].as_bool()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_service_becomes_a_pair_and_is_deployed_as_one() {
    if !there_is("aws --version").await {
        return;
    }
    let served = Served::start().await;
    let user = User::of(&served);
    user.fails(2, "changeover pair rehearsal/nothing", &["no active service rehearsal/nothing"]).await;
    assert!(
        done(&user.gives(0, "changeover pair rehearsal/web-blue").await).iter().all(|done| *done),
        "it is one already"
    );
    let refused = user.gives(1, "changeover pair rehearsal/web-blue --name web-red").await;
    assert!(refused["against"].to_string().contains("it is a pair with web-green"), "{refused}");
    let (_, _, complained) =
        user.types("changeover pair rehearsal/web-blue --name web-red --apply --yes").await;
    assert!(complained.contains("Nothing was made"), "{complained}");

    let line = "changeover pair rehearsal/api --set 'steps=10 100'";
    let pairing = user.gives(0, line).await;
    assert_eq!((&pairing["second"], &pairing["applied"]), (&"api-green".into(), &false.into()), "{pairing}");
    assert_eq!(done(&pairing), [false; 4], "{pairing}");
    user.fails(2, &format!("{line} --apply"), &["Make rehearsal/api and api-green a pair?", "say --yes"])
        .await;

    // The first two commands by hand, as they are printed; the rest by itself, which finds what is there.
    let command = |index: usize| pairing["steps"][index]["command"].as_str().expect("a command").to_owned();
    user.says(0, &format!("set -e\n{}\n{}", command(0), command(1))).await;
    let half = user.gives(0, line).await;
    assert_eq!(done(&half), [true, true, false, false], "{half}");
    let made = user.gives(0, &format!("{line} --apply --yes")).await;
    assert_eq!(made["applied"], true, "{made}");
    let whole = user.gives(0, line).await;
    assert_eq!(done(&whole), [true; 4], "typed again it finds all of it: {whole}");

    let doctor = user.gives(0, "changeover doctor api").await;
    assert_eq!(doctor["well"], true, "{doctor}");
    let story = user.gives(0, "changeover deploy api --image-tag build-2 --set bake=1s --wait --yes").await;
    assert_eq!(
        (&story["outcome"], &story["strategy"], &story["steps"]),
        (&"Succeeded".into(), &"blue-green".into(), &serde_json::json!([10, 100])),
        "{story}"
    );
    let status = user.gives(0, "changeover status api").await;
    let weights: Vec<Option<f64>> = status["services"][0]["sides"]
        .as_array()
        .expect("sides")
        .iter()
        .map(|side| side["weight"].as_f64())
        .collect();
    assert_eq!(weights, [Some(0.0), Some(100.0)], "{status}");
    served.close().await;
}

/// What a shell makes of every command that is printed.
#[tokio::test(flavor = "multi_thread")]
async fn the_printed_commands_alone_make_a_pair() {
    if !there_is("aws --version").await {
        return;
    }
    let served = Served::start().await;
    let user = User::of(&served);
    let printed = user.says(0, "changeover pair rehearsal/api --set 'steps=10 100'").await;
    user.says(0, &format!("set -e\n{printed}")).await;
    let whole = user.gives(0, "changeover pair rehearsal/api --set 'steps=10 100'").await;
    assert_eq!(done(&whole), [true; 4], "{whole}");
    assert_eq!(user.gives(0, "changeover doctor api").await["well"], true);
    served.close().await;
}
