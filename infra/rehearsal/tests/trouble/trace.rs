//! A deployment can be followed through all functions: every call of a function says which trace it is part of, so that
//! X-Ray shows a deployment as one, and every line of the logs says which deployment it is about.

use crate::show::{Kind, Show, ends};
use rehearsal_wire::Service;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_a_function_passes_the_trace_on() {
    let show = Show::begin(Kind::Rolling, &[]).await;
    let before = show.stage.cloud.calls();
    show.push("v2", &[]).await;
    show.rests(1).await;
    let calls = show.stage.cloud.calls().since(&before);
    let of_functions: Vec<_> = calls.counts.iter().filter(|count| count.caller != "operator").collect();
    assert!(of_functions.len() > 10, "{calls:?}");
    for count in of_functions {
        assert_eq!(count.traced, count.calls, "{count:?}");
    }
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("Succeeded"));
}

/// All that the state machine invokes.
const STEPS: [&str; 9] = [
    "plan",
    "register-revision",
    "update-service",
    "check-health",
    "gate",
    "swap",
    "drain",
    "rollback",
    "finish",
];

/// The lines in a function's log that a filter pattern finds.
async fn lines(show: &Show, function: &str, pattern: &str) -> Vec<Value> {
    let stack = &show.stage.cloud.stack().name;
    let group = format!("/changeover/{stack}/{function}");
    let input = json!({"logGroupName": group, "filterPattern": pattern});
    let found = show.call(Service::Logs, "FilterLogEvents", input).await;
    let messages = found["events"].as_array().expect("events").iter();
    // What Lambda itself writes about an invocation is no JSON here.
    messages.filter_map(|event| serde_json::from_str(event["message"].as_str()?).ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_a_deployment_in_all_nine_functions_are_found_by_its_id() {
    let show = Show::begin(Kind::Pair, &[("rollback-window", "60s")]).await;
    show.push("v2", &[]).await;
    show.reached("Drain", 2).await;
    let id = show.ledger().await.deployments[0].id.clone();
    show.start(json!({"rollback": true})).await;
    show.rests(2).await;
    let service = show.sample.service.to_string();
    for function in STEPS {
        let found = lines(&show, function, &format!("{{ $.deployment = \"{id}\" }}")).await;
        for line in found.iter().filter(|line| line.get("_aws").is_none()) {
            assert_eq!(line["ecs_service"], service, "{function}: {line}");
        }
        let told = found.iter().filter(|line| line["message"] == "the step has answered").collect::<Vec<_>>();
        let last = told.last().unwrap_or_else(|| panic!("{function} does not say how it ended: {found:#?}"));
        let how: &[&str] = match function {
            "finish" => &["outcome", "reason"],
            // At a point at which nothing is set it has nothing to say.
            "gate" => &["verdict"],
            _ => &["verdict", "note"],
        };
        for key in how {
            assert!(last[*key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {function}: {last}");
        }
        let all = lines(&show, function, "").await;
        let lost = all
            .iter()
            .find(|line| line.get("function_request_id").is_some() && line.get("deployment").is_none());
        assert_eq!(lost, None, "{function} has a line of no deployment");
    }
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("RolledBack"));
}
