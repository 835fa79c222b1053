//! How a service is before anything happens: what somebody else has done to it, by the AWS APIs.

use super::{Already, Scenario};
use crate::stage::{CLUSTER, Image, Sample, Stage, set_up};
use anyhow::Context as _;
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::time::Duration;

/// Roles that the sample's tasks have none of.
pub(super) const OTHER_ROLES: &str = "other-*";
/// The tag of an image that no service waits for.
const BROKEN: &str = "broken";
/// Another port than the sample's.
const OTHER_PORT: u16 = 9090;
/// As many tags as ECS takes.
const TAGS: usize = 50;
/// How many tasks fail before it is called failing.
const FAILED: usize = 3;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Makes the service as it is to be before users come.
pub(super) async fn make(stage: &Stage, scenario: &Scenario, sample: &Sample) -> anyhow::Result<()> {
    match scenario.already {
        Already::Fine | Already::ByTag => Ok(()),
        Already::Deregistered => {
            let input = json!({"taskDefinition": live(stage, sample).await?});
            stage.call(Service::Ecs, "DeregisterTaskDefinition", input).await.map(drop)
        }
        Already::WithoutImage => {
            let gone = json!({"repositoryName": sample.repository, "imageIds": [{"imageTag": "v1"}]});
            stage.call(Service::Ecr, "BatchDeleteImage", gone).await.map(drop)
        }
        Already::Unfit => unfit(stage, sample).await,
        Already::Failing => failing(stage, sample).await,
    }
}

/// The task definition of the member that serves.
async fn live(stage: &Stage, sample: &Sample) -> anyhow::Result<String> {
    let first = &sample.members.first().context("it has no service")?.ecs_service;
    let found = stage
        .call(Service::Ecs, "DescribeServices", json!({"cluster": CLUSTER, "services": [first]}))
        .await?;
    found["services"][0]["taskDefinition"].as_str().map(str::to_owned).context("it has no task definition")
}

/// The live side serves another port, by a revision with as many tags as there may be; the other side still names the old one.
async fn unfit(stage: &Stage, sample: &Sample) -> anyhow::Result<()> {
    let first = sample.members.first().context("it has no service")?;
    let described = json!({"taskDefinition": live(stage, sample).await?});
    let described = stage.call(Service::Ecs, "DescribeTaskDefinition", described).await?;
    let image =
        described["taskDefinition"]["containerDefinitions"][0]["image"].as_str().context("no image")?;
    let digest = image.split_once('@').map(|(_, digest)| format!("@{digest}")).context("no digest")?;
    let mut input = set_up::definition(stage, &sample.repository, &digest).await?;
    input["containerDefinitions"][0]["portMappings"][0]["containerPort"] = OTHER_PORT.into();
    let tags = (0..TAGS).map(|number| json!({"key": format!("team-{number}"), "value": "x"}));
    input["tags"] = Value::Array(tags.collect());
    let registered = stage.call(Service::Ecs, "RegisterTaskDefinition", input).await?;
    let balancer = json!({"targetGroupArn": first.target_group, "containerName": sample.repository,
        "containerPort": OTHER_PORT});
    let input = json!({"cluster": CLUSTER, "service": first.ecs_service, "loadBalancers": [balancer],
        "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"]});
    stage.call(Service::Ecs, "UpdateService", input).await?;
    stage.until_steady().await
}

/// Somebody deploys an image that crashes, past us, and several tasks of it have failed.
async fn failing(stage: &Stage, sample: &Sample) -> anyhow::Result<()> {
    let first = sample.members.first().context("it has no service")?;
    let image = Image::sample(&stage.binaries, BROKEN, &["--crash", "3"]);
    let digest = stage.push(&sample.repository, BROKEN, &image).await?;
    let revision = set_up::task_definition(stage, &sample.repository, &format!("@{digest}")).await?;
    let input = json!({"cluster": CLUSTER, "service": first.ecs_service, "taskDefinition": revision});
    stage.call(Service::Ecs, "UpdateService", input).await?;
    let failed = || {
        let tasks = stage.cloud.ecs().snapshot().tasks;
        tasks.iter().filter(|task| task.task_definition == revision && task.stopped_at.is_some()).count()
    };
    let enough = async {
        while failed() < FAILED {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, enough).await.context("its tasks do not fail")
}
