//! Schedules made by hand: they tick, tell about themselves, and go.

use rehearsal_cloud::Account;
use rehearsal_cloud::events::{Delivery, Failed, Targets};
use rehearsal_cloud::scheduler::Scheduler;
use serde_json::{Value, json};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

struct Notes(mpsc::UnboundedSender<Delivery>);

impl Targets for Notes {
    fn invoke<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>> {
        let _ = self.0.send(delivery.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

fn scheduler() -> (Scheduler, mpsc::UnboundedReceiver<Delivery>) {
    let (deliveries, heard) = mpsc::unbounded_channel();
    (Scheduler::new(Account::default(), Arc::new(Notes(deliveries))), heard)
}

fn schedule(name: &str, expression: &str) -> Value {
    json!({
        "Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": { "Mode": "OFF" },
        "ActionAfterCompletion": "DELETE",
        "Target": { "Arn": "arn:machine", "RoleArn": "arn:role", "Input": "{\"at\":\"<aws.scheduler.scheduled-time>\"}" },
    })
}

#[tokio::test]
async fn an_at_is_due_once_and_then_gone() {
    let (scheduler, mut heard) = scheduler();
    let soon = jiff::Timestamp::now() + jiff::Span::new().seconds(2);
    let due = soon.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    scheduler.call("CreateSchedule", &schedule("once", &format!("at({due})"))).unwrap();
    let delivery = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.unwrap().unwrap();
    assert_eq!(delivery.input, json!({ "at": format!("{due}Z") }));
    let gone = scheduler.call("GetSchedule", &json!({ "Name": "once" })).unwrap_err();
    assert_eq!((gone.code.as_str(), gone.status), ("ResourceNotFoundException", 404));
    scheduler.shutdown().await;
}

#[tokio::test]
async fn a_rate_ticks_at_once_when_it_is_made_or_changed_and_a_cron_does_not() {
    let (scheduler, mut heard) = scheduler();
    scheduler.call("CreateSchedule", &schedule("nightly", "cron(0 3 1 1 ? 2199)")).unwrap();
    for operation in ["CreateSchedule", "UpdateSchedule"] {
        scheduler.call(operation, &schedule("weekly", "rate(7 days)")).unwrap();
        let delivery = tokio::time::timeout(Duration::from_secs(20), heard.recv()).await.unwrap().unwrap();
        assert!(delivery.origin_arn.ends_with("/weekly"), "{operation}: {delivery:?}");
    }
    let mut disabled = schedule("weekly", "rate(7 days)");
    disabled["State"] = "DISABLED".into();
    scheduler.call("UpdateSchedule", &disabled).unwrap();
    assert!(!scheduler.fire("weekly"));
    scheduler.shutdown().await;
    assert!(heard.try_recv().is_err(), "nothing else has ticked");
}

#[tokio::test]
async fn schedules_are_listed_fired_and_deleted() {
    let (scheduler, mut heard) = scheduler();
    let made = scheduler.call("CreateSchedule", &schedule("canary", "cron(0 3 * * ? *)")).unwrap();
    assert_eq!(made["ScheduleArn"], "arn:aws:scheduler:us-east-1:123456789012:schedule/default/canary");
    let again = scheduler.call("CreateSchedule", &schedule("canary", "rate(1 day)")).unwrap_err();
    assert_eq!((again.code.as_str(), again.status), ("ConflictException", 409));
    let wrong = scheduler.call("CreateSchedule", &schedule("x", "rate(1 days)")).unwrap_err();
    assert_eq!(wrong.message, "Invalid Schedule Expression rate(1 days).");
    let listed = scheduler.call("ListSchedules", &json!({ "NamePrefix": "can" })).unwrap();
    assert_eq!(listed["Schedules"][0]["Target"]["Arn"], "arn:machine");
    let got = scheduler.call("GetSchedule", &json!({ "Name": "canary" })).unwrap();
    assert_eq!(got["ScheduleExpression"], "cron(0 3 * * ? *)");
    assert!(scheduler.fire("canary"));
    assert_eq!(heard.recv().await.unwrap().role.as_deref(), Some("arn:role"));
    scheduler.call("UpdateSchedule", &schedule("canary", "rate(2 days)")).unwrap();
    let changed = scheduler.call("GetSchedule", &json!({ "Name": "canary" })).unwrap();
    assert_eq!(
        (&changed["ScheduleExpression"], &changed["CreationDate"]),
        (&json!("rate(2 days)"), &got["CreationDate"])
    );
    let nobody = scheduler.call("UpdateSchedule", &schedule("nobody", "rate(2 days)")).unwrap_err();
    assert_eq!(nobody.code, "ResourceNotFoundException");
    scheduler.call("DeleteSchedule", &json!({ "Name": "canary" })).unwrap();
    assert!(!scheduler.fire("canary"));
}
