//! What is due to whom, and what it says.

use super::*;
use crate::Timestamp;
use crate::gate::{Held, Then};
use crate::name::{DeploymentId, ServiceName};
use crate::record::Outcome;
use crate::samples;
use crate::state::Request;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Two steps, 10 and 100.
fn planned() -> Deployment {
    let execution = "arn:aws:states:us-east-1:123456789012:execution:changeover:web-1";
    let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
    let mut record = Deployment::new(service, id, execution, "push of web:v42", at(1000));
    record.plan = Some(samples::plan());
    record
}

fn hear_all(record: &mut Deployment, ear: Ear) -> Vec<Happening> {
    let all = due(record, ear);
    let before = record.clone();
    all.iter().for_each(|what| record.told.to_mut(ear).hear(&before, *what));
    assert_eq!(due(record, ear), [], "nothing twice");
    all
}

fn held(place: Place) -> Held {
    let by = "the pause that is set at before-traffic".to_owned();
    Held { place, since: at(1010), until: at(1070), then: Then::RollBack, by }
}

#[test]
fn each_happening_is_due_once_in_its_order() {
    let mut record = planned();
    assert_eq!(hear_all(&mut record, Ear::Bus), [Happening::Begun]);
    record.progress.gate.held = Some(held(Place::BeforeTraffic));
    assert_eq!(hear_all(&mut record, Ear::Bus), [Happening::Paused]);
    record.progress.gate.held = None;
    record.progress.shift.step = Some(0);
    assert_eq!(due(&record, Ear::Bus), [], "it is being written");
    (record.progress.shift.weight, record.progress.shift.shifted_at) = (10, Some(at(1020)));
    assert_eq!(hear_all(&mut record, Ear::Bus), [Happening::Step(0)]);
    record.progress.shift.step = Some(1);
    assert_eq!(due(&record, Ear::Bus), [], "the next one is being written");
    record.progress.gate.held = Some(held(Place::AfterStep(0)));
    record.progress.shift.weight = 100;
    assert_eq!(hear_all(&mut record, Ear::Bus), [Happening::Step(1), Happening::Paused]);
    record.progress.back.rollback_at = Some(at(1030));
    record.outcome = Some(Outcome::RolledBack);
    assert_eq!(hear_all(&mut record, Ear::Bus), [Happening::WentBack, Happening::Ended]);
}

#[test]
fn people_are_told_of_no_step_and_a_refusal_has_only_an_end() {
    let mut record = planned();
    record.progress.shift.step = Some(1);
    (record.progress.shift.weight, record.progress.shift.shifted_at) = (100, Some(at(1020)));
    assert_eq!(due(&record, Ear::Topic), [Happening::Begun]);
    record.plan = None;
    record.outcome = Some(Outcome::Refused);
    assert_eq!(
        (due(&record, Ear::Bus), due(&record, Ear::Topic)),
        (vec![Happening::Ended], vec![Happening::Ended])
    );
}

#[test]
fn weights_that_going_back_writes_are_no_steps() {
    let mut record = planned();
    record.told.bus.begun = true;
    record.progress.shift.step = Some(0);
    (record.progress.shift.weight, record.progress.shift.shifted_at) = (100, Some(at(1020)));
    record.progress.back.rollback_at = Some(at(1030));
    assert_eq!(due(&record, Ear::Bus), [Happening::WentBack]);
}

#[test]
fn what_was_told_is_on_record_and_a_record_of_old_has_none() {
    let mut record = planned();
    let written = serde_json::to_value(&record).unwrap();
    assert!(written.get("told").is_none(), "{written}");
    hear_all(&mut record, Ear::Topic);
    let read: Deployment = serde_json::from_value(serde_json::to_value(&record).unwrap()).unwrap();
    assert_eq!(read.told, record.told);
}

#[test]
fn an_event_says_which_step_and_of_how_many() {
    let mut record = planned();
    record.progress.shift.shifted_at = Some(at(1020));
    let event = event(&record, Happening::Step(1));
    assert_eq!(event.detail_type, "Deployment Step");
    assert_eq!(event.detail.step, Some(StepMade { number: 2, of: 2, weight: 100 }));
    assert_eq!(event.detail.at, at(1020));
    assert_eq!(event.resources, [record.execution]);
}

/// What people copy from a message is an input that an execution takes, and a command.
#[test]
fn a_pause_says_until_when_it_waits_and_how_to_go_on() {
    let mut record = planned();
    record.progress.gate.held = Some(held(Place::BeforeTraffic));
    let message = message(&record, Happening::Paused);
    assert_eq!(message.subject, "main/web: web@0 is held at before-traffic");
    let input = |key: &str| {
        let text = message.chat["metadata"]["additionalContext"][key].as_str().expect("an input");
        Request::read(&serde_json::from_str(text).expect("JSON")).expect("a request")
    };
    assert!(input("to_go_on").promote.is_some() && input("to_go_back").rollback);
    for part in [
        "until 1970-01-01T00:17:50Z, it is taken back",
        "changeover promote main/web",
        "/v2/executions/details/arn:",
    ] {
        assert!(message.words.contains(part), "{part} in {}", message.words);
    }
}

#[test]
fn an_end_says_how_and_why_and_can_be_filtered_by() {
    let mut record = planned();
    record.fail("half of the answers were errors");
    record.end(Outcome::RolledBack, at(1100));
    let message = message(&record, Happening::Ended);
    assert_eq!(message.subject, "main/web: RolledBack: web@0 was taken back");
    assert!(message.words.contains("Why: half of the answers were errors"), "{}", message.words);
    let attributes: Vec<(&str, &str)> =
        message.attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(
        attributes,
        [
            ("service", "main/web"),
            ("cluster", "main"),
            ("kind", "ended"),
            ("strategy", "blue-green"),
            ("outcome", "RolledBack")
        ]
    );
    let chat = &message.chat;
    assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    assert_eq!(chat["metadata"]["threadId"], "d-1", "one thread for a deployment");
}
