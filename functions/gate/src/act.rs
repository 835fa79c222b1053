//! Puts an action on record, and tells people of a pause how to go on.

use crate::{Action, View, apply};
use changeover_aws::topic::publish;
use changeover_domain::StepError;
use changeover_domain::gate::{Held as Pause, Then};
use changeover_domain::record::Deployment;
use changeover_lambda::{Context, Held};
use serde_json::json;

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    action: &Action,
) -> Result<(), StepError> {
    let before = held.record.clone();
    apply(&mut held.record, view, action);
    if held.record != before {
        held.write().await?;
    }
    let pause = held.record.progress.gate.held.clone().filter(|pause| !pause.told);
    let (Some(pause), Some(topic)) = (pause, &context.config.topic) else { return Ok(()) };
    let (subject, message) = told(&held.record, &pause);
    if let Err(error) = publish(&context.aws, topic, &subject, &message).await {
        // The pause holds all the same, and the next look tries again.
        tracing::warn!(deployment = %held.record.id, detail = %error, "nobody could be told of a pause");
        return Ok(());
    }
    if let Some(pause) = &mut held.record.progress.gate.held {
        pause.told = true;
    }
    held.write().await
}

/// What people are told: where it is held, until when, and the inputs of executions that go on or back.
fn told(record: &Deployment, pause: &Pause) -> (String, String) {
    let service = &record.service;
    let then = match pause.then {
        Then::Promote => "it goes on",
        Then::RollBack => "it is rolled back",
    };
    let message = json!({
        "deployment": record.id,
        "service": service,
        "held_at": pause.place.to_string(),
        "by": pause.by,
        "until": pause.until,
        "then": then,
        "to_go_on": json!({"service": service, "promote": true}).to_string(),
        "to_go_back": json!({"service": service, "rollback": true}).to_string(),
    });
    let text = serde_json::to_string_pretty(&message).unwrap_or_else(|_| message.to_string());
    (format!("{service}: held at {}", pause.place), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::gate::Place;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::state::Request;

    /// What people copy from the message is an input that an execution takes.
    #[test]
    fn people_are_told_until_when_it_waits_and_what_to_start() {
        let now = Timestamp::UNIX_EPOCH;
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
        let record = Deployment::new(service, id, "arn", "push", now);
        let pause = Pause {
            place: Place::BeforeTraffic,
            since: now,
            until: now,
            then: Then::RollBack,
            by: "the pause that is set at before-traffic".to_owned(),
            told: false,
        };
        let (subject, message) = told(&record, &pause);
        assert_eq!(subject, "main/web: held at before-traffic");
        let message: serde_json::Value = serde_json::from_str(&message).expect("JSON");
        assert_eq!(message["then"], "it is rolled back");
        let input = |key: &str| {
            let text = message[key].as_str().expect("an input");
            Request::read(&serde_json::from_str(text).expect("JSON")).expect("a request")
        };
        assert!(input("to_go_on").promote.is_some() && input("to_go_back").rollback);
    }
}
