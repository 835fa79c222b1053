//! What a hook's function is told, in the shape in which ECS tells the functions of its own lifecycle hooks: one that was
//! written for those works here as it is. What ECS does not tell stands beside it, under `changeover`.

use changeover_aws::ecs::LastDeployment;
use changeover_domain::gate::{Place, Point, Running};
use changeover_domain::plan::Plan;
use changeover_domain::record::Deployment;
use changeover_domain::route::WHOLE;
use serde_json::{Map, Value, json};

/// ECS's own deployments of the side that serves and of the one that is to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfEcs {
    /// Of the live side; the same as the other's when rolling.
    pub live: Option<LastDeployment>,
    /// Of the side that runs the new tasks.
    pub target: Option<LastDeployment>,
}

/// The event. Pure.
pub fn event(record: &Deployment, plan: &Plan, of_ecs: &OfEcs, point: Point, running: &Running) -> Value {
    let service = of_ecs.target.as_ref().map(|last| last.service.clone());
    // Before anything of the new version runs ECS knows no service revision of it, and naming another's would be untrue.
    let began = record.progress.start.started_at.is_some();
    let revision = of_ecs.target.as_ref().and_then(|last| last.revision.clone()).filter(|_| began);
    let mut details = json!({
        "serviceArn": service,
        "testTrafficWeights": {},
        "productionTrafficWeights": weights(record, plan, of_ecs, revision.as_deref()),
    });
    if let Some(revision) = &revision {
        details["targetServiceRevisionArn"] = json!(revision);
    }
    let step = match running.place {
        Place::AfterStep(step) => Some(step + 1),
        _ => None,
    };
    json!({
        "executionId": record.id,
        "lifecycleStage": point.lifecycle_stage(),
        "resourceArn": record.execution,
        "executionDetails": details,
        "hookDetails": running.details.clone().unwrap_or_else(|| json!({})),
        "changeover": {
            "deployment": record.id,
            "service": record.service.to_string(),
            "point": point.word(),
            "step": step,
            "cause": record.cause,
            "image": plan.image.uri,
            "taskDefinition": record.progress.start.revision,
            "answers": running.answers,
            "until": running.until,
        },
    })
}

/// Service revision → its share of the requests, in per cent.
fn weights(record: &Deployment, plan: &Plan, of_ecs: &OfEcs, target: Option<&str>) -> Map<String, Value> {
    let live = of_ecs.live.as_ref().and_then(|last| last.revision.as_deref());
    let mut weights = Map::new();
    let shifted = match &plan.next {
        Some(_) => record.progress.shift.weight,
        // Of a rolling service ECS knows which tasks have gone; its newest revision has what there is.
        None => WHOLE,
    };
    if let Some(live) = live.filter(|_| plan.next.is_some()) {
        weights.insert(live.to_owned(), json!(WHOLE - shifted));
    }
    if let Some(target) = target {
        weights.insert(target.to_owned(), json!(shifted));
    }
    weights
}
