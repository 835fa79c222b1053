//! Which image is meant: what people push, promote, sign and mistype.

use super::play::NEW_VERSION;
use crate::stage::{CLUSTER, Image, Sample, Stage};
use crate::story::{Story, stories, until_over};
use crate::witness::read_ledger;
use anyhow::{Context as _, ensure};
use rehearsal_cloud::ecr;
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::time::Duration;

/// A tag that no service waits for.
const BUILD: &str = "build-2";
/// What images are built for.
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];
/// A version that is deployed in between.
const BETWEEN: &str = "v3";
/// What `changeover:repository` is mistyped as.
const MISTYPED: &str = "wbe";
/// How often reconcile meets the mistake.
const TICKS: usize = 3;
/// How long a tick may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Pushes a build that nobody waits for, deploys another one, and then promotes the older build by a tag that is waited for.
pub(super) async fn promote(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
    deadline: Duration,
) -> anyhow::Result<()> {
    stage.push(&sample.repository, BUILD, image).await?;
    let between = Image::sample(&stage.binaries, BETWEEN, &[]);
    stage.push(&sample.repository, BETWEEN, &between).await?;
    until_over(stage, earlier + 1, deadline, async |_| {}).await?;
    let promoted = stage.push(&sample.repository, NEW_VERSION, image).await?;
    until_over(stage, earlier + 2, deadline, async |_| {}).await?;
    runs(stage, sample, &promoted).await
}

/// Pushes an image as build systems do: its parts for each architecture first, then the index that lists them, then its
/// signature, its attestation, and what says only inside that it belongs to it. Of the parts only this machine's runs. There
/// must be one deployment.
pub(super) async fn in_company(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
    deadline: Duration,
) -> anyhow::Result<()> {
    let mut parts = Vec::new();
    for architecture in ARCHITECTURES {
        let tag = format!("{NEW_VERSION}-{architecture}");
        let elsewhere = Image::sample(&stage.binaries, &tag, &["--crash", "3"]);
        let part = if architecture == ecr::architecture() { image } else { &elsewhere };
        parts.push((architecture, stage.push(&sample.repository, &tag, part).await?));
    }
    let listed: Vec<(&str, &str)> = parts.iter().map(|(on, digest)| (*on, digest.as_str())).collect();
    let input = json!({"repositoryName": sample.repository, "imageTag": NEW_VERSION,
        "imageManifest": ecr::index(&listed)});
    let put = stage.call(Service::Ecr, "PutImage", input).await?;
    let digest = put["image"]["imageId"]["imageDigest"].as_str().context("a digest")?.to_owned();
    let hex = digest.strip_prefix("sha256:").context("a digest")?;
    for ending in [".sig", ".att", ".sbom", ""] {
        // Cosign's have an ordinary configuration.
        let about =
            Image { entry_point: vec![], command: vec![format!("signature{ending}")], annotations: vec![] };
        stage.push(&sample.repository, &format!("sha256-{hex}{ending}"), &about).await?;
    }
    let mut referrer: Value =
        serde_json::from_str(&ecr::manifest(&["referrer".to_owned()], &[])).context("a manifest")?;
    referrer["subject"] = json!({"mediaType": referrer["mediaType"], "digest": digest, "size": 1});
    let input = json!({"repositoryName": sample.repository, "imageTag": "v2-notes",
        "imageManifest": referrer.to_string()});
    stage.call(Service::Ecr, "PutImage", input).await?;
    let stories = until_over(stage, earlier + 1, deadline, async |_| {}).await?;
    ensure!(stories.len() == earlier + 1, "there were {} deployments, not one", stories.len() - earlier);
    runs(stage, sample, &digest).await
}

/// The image comes from another region.
pub(super) fn replicate(stage: &Stage, sample: &Sample, image: &Image) -> anyhow::Result<()> {
    let manifest = image.manifest();
    let put = stage.cloud.ecr().replicate(&sample.repository, &manifest, NEW_VERSION);
    put.map(drop).map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// Somebody types names that there are not, and tries them dry as well: each ends as what it is.
pub(super) async fn mistype(
    stage: &Stage,
    sample: &Sample,
    earlier: usize,
    deadline: Duration,
) -> anyhow::Result<()> {
    let cluster = format!("rehaersal/{}", sample.service.name);
    let service = format!("{CLUSTER}/no-such-service");
    for (name, dry) in [(&cluster, true), (&cluster, false), (&service, true), (&service, false)] {
        let input = json!({"service": name, "dry_run": dry});
        let start = json!({"stateMachineArn": stage.state_machine()?, "input": input.to_string()});
        stage.call(Service::StepFunctions, "StartExecution", start).await?;
    }
    let all = until_over(stage, earlier + 4, deadline, async |_| {}).await?;
    let ours: Vec<&Story> = all.iter().skip(earlier).collect();
    let count = |status: &str| ours.iter().filter(|story| story.status == status).count();
    ensure!(
        (count("SUCCEEDED"), count("FAILED")) == (2, 2),
        "dry runs say so, the others are refused: {ours:#?}"
    );
    for story in ours.iter().filter(|story| story.status == "FAILED") {
        let cause = story.cause.as_deref().unwrap_or_default();
        let is_told = cause.contains("check the");
        ensure!(is_told, "{} ended with {cause:?}", story.name);
    }
    is_quiet(stage)
}

/// A service's tag names a repository that there is not, at several ticks of reconcile; then that is put right, and an image
/// is pushed.
pub(super) async fn mistype_repository(stage: &Stage, sample: &Sample, image: &Image) -> anyhow::Result<()> {
    let tagged = async |repository: &str| {
        let member = sample.members.first().context("it has no service")?;
        let named = json!({"cluster": CLUSTER, "services": [member.ecs_service]});
        let described = stage.call(Service::Ecs, "DescribeServices", named).await?;
        let tags = json!([{"key": "changeover:repository", "value": repository}]);
        let input = json!({"resourceArn": described["services"][0]["serviceArn"], "tags": tags});
        stage.call(Service::Ecs, "TagResource", input).await.map(drop)
    };
    tagged(MISTYPED).await?;
    let schedules = &stage.cloud.stack().schedules;
    let reconcile = schedules.get("ReconcileTick").context("the template has no reconcile")?;
    for _ in 0..TICKS {
        let handled = stage.cloud.lambda().records().len();
        ensure!(stage.cloud.scheduler().fire(&reconcile.name), "reconcile does not tick");
        let over = async {
            while stage.cloud.lambda().records().len() == handled {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(PATIENCE, over).await.context("the tick is not handled")?;
    }
    let refused = read_ledger(stage, &sample.service).await.deployments;
    let [one] = refused.as_slice() else { anyhow::bail!("told {} times, not once", refused.len()) };
    ensure!(one.outcome.as_deref() == Some("Refused"), "it ended {:?}", one.outcome);
    let reason = one.reason.as_deref().unwrap_or_default();
    ensure!(reason.contains("there is no repository wbe"), "the reason is {reason:?}");
    ensure!(stories(stage).await?.is_empty(), "nothing can have been started");
    is_quiet(stage)?;
    tagged(&sample.repository).await?;
    stage.push(&sample.repository, NEW_VERSION, image).await.map(drop)
}

/// No function failed, and no event is kept as a letter.
fn is_quiet(stage: &Stage) -> anyhow::Result<()> {
    let failed: Vec<String> = (stage.cloud.lambda().records().into_iter())
        .filter_map(|record| Some(format!("{}: {}", record.function, record.error?)))
        .collect();
    ensure!(failed.is_empty(), "functions failed: {failed:?}");
    for queue in &stage.cloud.stack().queues {
        let letters = stage.cloud.sqs().messages(&queue.arn).len();
        ensure!(letters == 0, "{letters} letters in {}", queue.name);
    }
    Ok(())
}

/// Whether the service that serves in the end runs an image.
async fn runs(stage: &Stage, sample: &Sample, digest: &str) -> anyhow::Result<()> {
    let names: Vec<&str> = sample.members.iter().map(|member| member.ecs_service.as_str()).collect();
    let named = json!({"cluster": CLUSTER, "services": names});
    let described = stage.call(Service::Ecs, "DescribeServices", named).await?;
    for service in described["services"].as_array().into_iter().flatten() {
        let revision = json!({"taskDefinition": service["taskDefinition"]});
        let revision = stage.call(Service::Ecs, "DescribeTaskDefinition", revision).await?;
        let image = &revision["taskDefinition"]["containerDefinitions"][0]["image"];
        let is_it = image.as_str().is_some_and(|image| image.ends_with(digest));
        ensure!(
            is_it || service["desiredCount"] == 0,
            "{} runs {image}, not {digest}",
            service["serviceName"]
        );
    }
    Ok(())
}
