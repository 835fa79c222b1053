//! The template's alarms rise for what they are about, by what the services measure themselves. The one that calls a
//! person is in `human`.

use crate::show::{Kind, Show};
use rehearsal_lambda::{Fault, FaultRule};
use rehearsal_wire::Service;
use serde_json::json;
use std::time::Duration;

/// The shortest time that the template takes.
const HELD_SECONDS: u64 = 60;
/// As the template's thresholds have it.
const FAILED_EXECUTIONS: usize = 3;
const THROTTLED: usize = 10;

/// Lets invocations of a function go wrong; its name.
fn spoil(show: &Show, function: &str, times: u32, fault: Fault) -> String {
    let stack = show.stage.cloud.stack();
    let function = stack.function(function).expect("there is such a function").name.clone();
    show.stage.cloud.lambda().inject(FaultRule { function: function.clone(), skip: 0, times, fault });
    function
}

async fn rises(show: &Show, alarm: &str) {
    show.until(alarm, async || show.alarms().await.iter().any(|raised| raised == alarm)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alarm_rises_for_what_it_is_about() {
    let show = Show::begin_with(Kind::Rolling, &[("bake", "240s")], |setting| {
        setting.parameters.insert("LeaseAlarmSeconds".to_owned(), HELD_SECONDS.to_string());
        setting.parameters.insert("ReconcileSchedule".to_owned(), "rate(1 minute)".to_owned());
    })
    .await;
    show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    assert_eq!(show.alarms().await, [""; 0], "a deployment is no trouble");
    for _ in 0..FAILED_EXECUTIONS {
        show.start(json!({"image": "not ours"})).await;
    }
    rises(&show, "FailedExecutionsAlarm").await;
    // An execution has no use for this function any more.
    let throttled = spoil(&show, "RegisterRevisionFunction", 1, Fault::Throttled(Duration::from_secs(10)));
    for _ in 0..THROTTLED {
        let invoked = show.stage.call(Service::Lambda, "Invoke", json!({"FunctionName": throttled})).await;
        assert!(invoked.is_err(), "it was not throttled");
    }
    rises(&show, "ThrottlesAlarm").await;
    rises(&show, "LeaseHeldAlarm").await;
    // An event that dispatch dies of, each time that it is tried, is a dead letter; two are six errors.
    let dispatch = spoil(&show, "DispatchFunction", u32::MAX, Fault::KillBefore);
    for _ in 0..2 {
        let event = json!({"FunctionName": dispatch, "InvocationType": "Event"});
        show.call(Service::Lambda, "Invoke", event).await;
    }
    rises(&show, "FunctionErrorsAlarm").await;
    rises(&show, "DeadLettersAlarm").await;
    show.stage.cloud.clear_faults();
    show.stop().await;
    rises(&show, "RecoveriesAlarm").await;
    let topic = &show.stage.cloud.stack().topics.first().expect("the template has a topic").arn;
    let told = show.stage.cloud.sns().messages(topic);
    let alarms = told.iter().filter(|one| one.subject.as_deref().is_some_and(|it| it.starts_with("ALARM: ")));
    assert!(alarms.count() >= 6, "the topic is told of each: {told:?}");
    show.end(false).await;
}
