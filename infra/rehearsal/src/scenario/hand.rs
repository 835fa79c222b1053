//! What people do in scenarios: with the AWS APIs, as they would from a terminal.

use crate::stage::{CLUSTER, Image, Sample, Stage, set_up};
use crate::story::stories;
use anyhow::Context as _;
use rehearsal_wire::Service;
use serde_json::json;
use std::time::Duration;

use super::play::NEW_VERSION;

/// The tag of the image that only an operator asks for.
const BY_HAND: &str = "by-hand";
/// A tag that no service waits for.
const CARELESS: &str = "careless";
/// How long a state of an execution is waited for.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long the new tasks of the careless get before the weights are flipped: they do wait until tasks run.
const CARELESS_WAIT: Duration = Duration::from_secs(8);

/// Pushes, and takes away what room is left as soon as the plan is made.
pub(super) async fn push_then_no_room(stage: &Stage, sample: &Sample, image: &Image) -> anyhow::Result<()> {
    let earlier = stories(stage).await?.len();
    stage.push(&sample.repository, NEW_VERSION, image).await?;
    let planned = async {
        loop {
            let stories = stories(stage).await?;
            if stories.iter().skip(earlier).any(|story| story.first("RegisterRevision").is_some()) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, planned).await.context("nothing was planned")??;
    let listed = stage.call(Service::Ecs, "ListContainerInstances", json!({"cluster": CLUSTER})).await?;
    for arn in listed["containerInstanceArns"].as_array().into_iter().flatten().filter_map(|arn| arn.as_str())
    {
        // Its tasks run on, as when others take the room beside them.
        stage.cloud.ecs().remove_container_instance(arn);
    }
    Ok(())
}

/// Pushes an image that no service waits for and deploys it by hand, with other steps.
pub(super) async fn console(stage: &Stage, sample: &Sample, image: &Image) -> anyhow::Result<()> {
    stage.push(&sample.repository, BY_HAND, image).await?;
    let input = json!({"service": sample.service.to_string(), "tag": BY_HAND,
        "settings": {"steps": "50 100", "bake": "3s"}});
    let start = json!({"stateMachineArn": stage.state_machine()?, "input": input.to_string()});
    stage.call(Service::StepFunctions, "StartExecution", start).await?;
    Ok(())
}

/// Sets the service back to its first task definition, waits until ECS has done so, and lets reconcile tick.
pub(super) async fn reset(stage: &Stage, sample: &Sample) -> anyhow::Result<()> {
    let [only] = sample.members.as_slice() else { anyhow::bail!("only a single service is reset") };
    let first = json!({"familyPrefix": sample.repository, "sort": "ASC", "maxResults": 1});
    let first = stage.call(Service::Ecs, "ListTaskDefinitions", first).await?;
    let set = json!({"cluster": CLUSTER, "service": only.ecs_service, "taskDefinition": first["taskDefinitionArns"][0]});
    stage.call(Service::Ecs, "UpdateService", set).await?;
    stage.until_steady().await?;
    let ticks =
        stage.cloud.stack().schedules.get("ReconcileTick").context("the template has no reconcile")?;
    anyhow::ensure!(stage.cloud.scheduler().fire(&ticks.name), "reconcile does not tick");
    Ok(())
}

/// Waits until a deployment is in a state that says something, and gives it an order.
pub(super) async fn order(
    stage: &Stage,
    sample: &Sample,
    (at, says): (&str, &str),
    order: &str,
    earlier: usize,
) -> anyhow::Result<()> {
    reached(stage, (at, says), earlier).await?;
    let mut input: serde_json::Value = serde_json::from_str(order).context("the order is no JSON")?;
    input["service"] = json!(sample.service.to_string());
    let start = json!({"stateMachineArn": stage.state_machine()?, "input": input.to_string()});
    stage.call(Service::StepFunctions, "StartExecution", start).await?;
    Ok(())
}

/// Waits until a deployment is in a state that says something.
async fn reached(stage: &Stage, (at, says): (&str, &str), earlier: usize) -> anyhow::Result<()> {
    let there = async {
        loop {
            let stories = stories(stage).await?;
            let visits = stories.iter().skip(earlier).flat_map(|story| &story.visits);
            let is_there = |note: &Option<String>| note.as_deref().is_some_and(|note| note.starts_with(says));
            if visits.into_iter().any(|visit| visit.state == at && is_there(&visit.note)) {
                return anyhow::Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let patience = PATIENCE * stage.pace.patience;
    tokio::time::timeout(patience, there).await.with_context(|| format!("{at} never said {says:?}"))??;
    Ok(())
}

/// What drain says in the rollback window.
const WARM: &str = "the old tasks stay warm";

/// Pushes another image once the old tasks stay warm.
pub(super) async fn push_in_window(
    stage: &Stage,
    sample: &Sample,
    (version, image): (&str, &Image),
    earlier: usize,
) -> anyhow::Result<()> {
    reached(stage, ("Drain", WARM), earlier).await?;
    // What comes after that shall not stay warm for as long.
    for member in &sample.members {
        let input = json!({"cluster": CLUSTER, "services": [member.ecs_service]});
        let found = stage.call(Service::Ecs, "DescribeServices", input).await?;
        let tags = json!([{"key": "changeover:rollback-window", "value": "0s"}]);
        let input = json!({"resourceArn": found["services"][0]["serviceArn"], "tags": tags});
        stage.call(Service::Ecs, "TagResource", input).await?;
    }
    stage.push(&sample.repository, version, image).await.map(drop)
}

/// How many tasks more the side gets that serves.
pub(super) const GROWN_BY: u32 = 2;

/// Pushes, and while a first part of the requests goes to the new tasks, gives the side that serves more tasks, as
/// autoscaling does when more users come.
pub(super) async fn grow(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
) -> anyhow::Result<()> {
    let [live, _] = sample.members.as_slice() else { anyhow::bail!("only a pair has a side that serves") };
    stage.push(&sample.repository, NEW_VERSION, image).await?;
    reached(stage, ("Bake", "the new tasks"), earlier).await?;
    let named = json!({"cluster": CLUSTER, "services": [live.ecs_service]});
    let described = stage.call(Service::Ecs, "DescribeServices", named).await?;
    let has =
        described["services"][0]["desiredCount"].as_u64().context("the service has no number of tasks")?;
    let more =
        json!({"cluster": CLUSTER, "service": live.ecs_service, "desiredCount": has + u64::from(GROWN_BY)});
    stage.call(Service::Ecs, "UpdateService", more).await?;
    Ok(())
}

/// Pushes, and while a first part of the requests goes to the new tasks, lets Fargate Spot take one of them back.
pub(super) async fn interrupt(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
) -> anyhow::Result<()> {
    let [_, next] = sample.members.as_slice() else { anyhow::bail!("only a pair has a next side") };
    stage.push(&sample.repository, NEW_VERSION, image).await?;
    reached(stage, ("Bake", "the new tasks"), earlier).await?;
    let ecs = stage.cloud.ecs();
    let snapshot = ecs.snapshot();
    let taken = snapshot.tasks_of(CLUSTER, &next.ecs_service).find(|task| task.healthy);
    let taken = taken.context("no new task is healthy")?;
    anyhow::ensure!(ecs.interrupt_spot(&taken.arn), "{} does not run on Fargate Spot", taken.arn);
    Ok(())
}

/// Flips the weights as soon as new tasks run, and stops the old ones at once.
pub(super) async fn careless(stage: &Stage, sample: &Sample, image: &Image) -> anyhow::Result<()> {
    let [old, new] = sample.members.as_slice() else { anyhow::bail!("only a pair can be flipped") };
    let digest = stage.push(&sample.repository, CARELESS, image).await?;
    let revision = set_up::task_definition(stage, &sample.repository, &format!("@{digest}")).await?;
    let tasks =
        stage.cloud.ecs().snapshot().services.iter().map(|service| service.desired).max().unwrap_or(0);
    let call = async |operation, input| stage.call(Service::Ecs, operation, input).await;
    let start = json!({"cluster": CLUSTER, "service": new.ecs_service, "desiredCount": tasks,
        "taskDefinition": revision});
    call("UpdateService", start).await?;
    tokio::time::sleep(CARELESS_WAIT).await;
    stage.weigh(sample, [0, 100]).await?;
    call("UpdateService", json!({"cluster": CLUSTER, "service": old.ecs_service, "desiredCount": 0})).await?;
    let listed = call("ListTasks", json!({"cluster": CLUSTER, "serviceName": old.ecs_service})).await?;
    for task in listed["taskArns"].as_array().into_iter().flatten() {
        call("StopTask", json!({"cluster": CLUSTER, "task": task, "reason": "no longer needed"})).await?;
    }
    tokio::time::sleep(CARELESS_WAIT).await;
    Ok(())
}
