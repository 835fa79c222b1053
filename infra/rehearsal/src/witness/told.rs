//! What others were told: each event as its schema in `docs/events` says, and nothing twice.

use super::schema::mistakes;
use super::{Breaches, LedgerSeen};
use crate::stage::Stage;
use serde_json::Value;
use std::collections::BTreeSet;

/// The schemas by the types that they are of.
const SCHEMAS: [(&str, &str); 5] = [
    ("Deployment Begun", include_str!("../../../../docs/events/begun.json")),
    ("Deployment Step", include_str!("../../../../docs/events/step.json")),
    ("Deployment Paused", include_str!("../../../../docs/events/paused.json")),
    ("Deployment Went Back", include_str!("../../../../docs/events/went-back.json")),
    ("Deployment Ended", include_str!("../../../../docs/events/ended.json")),
];
/// The kinds of message and of event that a deployment begins and ends with.
const ENDS: [(&str, &str); 2] = [("begun", "Deployment Begun"), ("ended", "Deployment Ended")];

/// Invariant 4, to everyone's ears: however often a step was repeated, nothing was told twice.
pub(super) fn told_once(stage: &Stage, breaches: &mut Breaches) {
    let mut seen = BTreeSet::new();
    for event in events(stage) {
        let kind = event["detail-type"].as_str().unwrap_or_default();
        match schema(kind) {
            Some(schema) => mistakes(&schema, &event)
                .into_iter()
                .for_each(|mistake| breaches.add(4, format!("the event {kind}: {mistake}"))),
            None => breaches.add(4, format!("there is no schema of the event {kind}")),
        }
        let detail = &event["detail"];
        let which = [&detail["deployment"], &detail["step"]["number"], &detail["pause"]["place"]];
        if !seen.insert(format!("{kind}: {which:?}")) {
            breaches.add(4, format!("the event {kind} was put twice: {which:?}"));
        }
    }
    for (id, _) in messages(stage) {
        if !seen.insert(format!("message {id}")) {
            breaches.add(4, format!("the topic was told twice of {id}"));
        }
    }
}

/// Where no fault kept anything from being told: that every deployment which has ended was said to begin and to end.
pub fn untold(stage: &Stage, ledger: &LedgerSeen) -> Breaches {
    let mut breaches = Breaches::default();
    let (events, messages) = (events(stage), messages(stage));
    for deployment in ledger.deployments.iter().filter(|one| one.digest.is_some() && one.outcome.is_some()) {
        for (kind, event) in ENDS {
            let is_this =
                |one: &Value| one["detail-type"] == event && one["detail"]["deployment"] == *deployment.id;
            if !events.iter().any(is_this) {
                breaches.add(4, format!("no event {event} was put of {}", deployment.id));
            }
            let of_this = format!("{}/{kind}", deployment.id);
            if !messages.iter().any(|(id, named)| *id == of_this && named == kind) {
                breaches.add(4, format!("the topic was not told of {of_this}"));
            }
        }
    }
    breaches
}

/// The schema of a type of event.
fn schema(detail_type: &str) -> Option<Value> {
    let (_, text) = SCHEMAS.iter().find(|(kind, _)| *kind == detail_type)?;
    serde_json::from_str(text).ok()
}

fn events(stage: &Stage) -> Vec<Value> {
    stage.cloud.events().kept().into_iter().filter(|event| event["source"] == "changeover").collect()
}

/// The ids of what the topic was told of deployments, each with the kind that subscriptions filter by. Alarms are told there
/// as well, in another shape.
fn messages(stage: &Stage) -> Vec<(String, String)> {
    let topics = stage.cloud.stack().topics.iter();
    let all = topics.flat_map(|topic| stage.cloud.sns().messages(&topic.arn));
    let told = all.filter_map(|message| {
        let body: Value = serde_json::from_str(&message.body).ok()?;
        let id = body["id"].as_str().filter(|_| body["source"] == "custom")?.to_owned();
        Some((id, message.attributes.get("kind").cloned().unwrap_or_default()))
    });
    told.collect()
}
