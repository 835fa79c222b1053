//! The stage of these tests: one task a service, quick, with a blue/green pair and a rolling service.

use anyhow::Context as _;
use rehearsal::binaries::Binaries;
use rehearsal::stage::{CLUSTER, Image, Pace, Sample, Setting, Stage};
use rehearsal::story::{Story, stories, until_over};
use rehearsal::witness::read_ledger;
use rehearsal_wire::Service;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// The alarm that the services name.
const ALARM: &str = "sample-errors";
/// The calendar that they name.
const CALENDAR: &str = "sample-freezes";
/// The longest that a deployment may take here.
const DEADLINE: Duration = Duration::from_secs(120);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Sets the stage.
///
/// # Errors
/// If it cannot be set.
pub async fn set(binaries: &Binaries, seed: u64) -> anyhow::Result<Stage> {
    // Users do not have to come: what matters here is what functions ask for.
    let tags = [
        ("image-tag", "v@"),
        ("healthy-checks", "1"),
        ("bake", crate::course::SHORT),
        // People are told of a pause, and it is put on record.
        ("before-start", "pause 1s then promote"),
        ("minimum-requests", "0"),
        ("alarms", ALARM),
        ("calendar", CALENDAR),
        ("health-timeout", "60s"),
    ];
    let tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    // Instances hold one task each, so that every deployment has to make room.
    let parameters = [("RoomPatienceSeconds".to_owned(), "30".to_owned())].into();
    let setting = Setting {
        seed,
        tasks: 1,
        rolling: 1,
        tags,
        parameters,
        instances: vec![(256, 1024); 2],
        group: Some(6),
        pace: Pace::BRISK,
        ..Setting::default()
    };
    let stage = Stage::set(binaries, &setting).await?;
    // An alarm that never rises, and a calendar that is always open.
    let alarm = json!({"AlarmName": ALARM, "AlarmRule": "FALSE"});
    stage.call(Service::CloudWatch, "PutCompositeAlarm", alarm).await?;
    let content = "BEGIN:VCALENDAR\nX-CALENDAR-TYPE:DEFAULT_OPEN\nEND:VCALENDAR\n";
    let calendar = json!({"Name": CALENDAR, "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT",
        "Content": content});
    stage.call(Service::Ssm, "CreateDocument", calendar).await?;
    Ok(stage)
}

/// The sample service that is a pair, and the one that rolls.
///
/// # Errors
/// If there are not both.
pub fn samples(stage: &Stage) -> anyhow::Result<(&Sample, &Sample)> {
    let find = |pair| stage.samples.iter().find(|sample| sample.is_pair() == pair);
    Ok((find(true).context("there is no pair")?, find(false).context("there is no rolling service")?))
}

/// Pushes a version of the sample application; its digest.
///
/// # Errors
/// What the registry answered.
pub async fn push(stage: &Stage, sample: &Sample, version: &str, options: &[&str]) -> anyhow::Result<String> {
    let image = Image::sample(&stage.binaries, version, options);
    stage.push(&sample.repository, version, &image).await
}

/// Sets a setting of a service by its tag, on every member.
///
/// # Errors
/// What ECS answered.
pub async fn tag(stage: &Stage, sample: &Sample, key: &str, value: &str) -> anyhow::Result<()> {
    let names: Vec<&str> = sample.members.iter().map(|member| member.ecs_service.as_str()).collect();
    let input = json!({"cluster": CLUSTER, "services": names});
    let found = stage.call(Service::Ecs, "DescribeServices", input).await?;
    for service in found["services"].as_array().into_iter().flatten() {
        let tags = json!([{"key": format!("changeover:{key}"), "value": value}]);
        let input = json!({"resourceArn": service["serviceArn"], "tags": tags});
        stage.call(Service::Ecs, "TagResource", input).await?;
    }
    Ok(())
}

/// How a deployment ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// One of the outcomes.
    pub outcome: String,
    /// Why, if there is more to say.
    pub reason: String,
}

/// Waits until what was pushed is what is wanted, its answer is the one that is expected (or any), and nothing of the
/// service goes on. How many attempts that took depends on who came first while another held the service.
///
/// # Errors
/// If that takes too long.
pub async fn ended(
    stage: &Stage,
    sample: &Sample,
    digest: &str,
    expected: Option<&str>,
) -> anyhow::Result<Ended> {
    let began = Instant::now();
    loop {
        let ledger = read_ledger(stage, &sample.service).await;
        let wanted = ledger.wanted.as_deref() == Some(digest) && ledger.holder.is_none();
        let answer = ledger
            .answer
            .as_ref()
            .filter(|(_, outcome)| wanted && expected.is_none_or(|expected| outcome.as_str() == expected));
        if let Some((deployment, outcome)) = answer {
            let its = ledger.deployments.iter().find(|one| one.id == *deployment);
            let reason = its.and_then(|one| one.reason.clone()).unwrap_or_default();
            return Ok(Ended { outcome: outcome.clone(), reason });
        }
        if began.elapsed() > DEADLINE {
            let expected = expected.unwrap_or("at all");
            anyhow::bail!("{digest} of {} has not ended {expected}: {ledger:?}", sample.service);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Waits until what was pushed is what is wanted.
///
/// # Errors
/// If that takes too long.
pub async fn wanted(stage: &Stage, sample: &Sample, digest: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    while read_ledger(stage, &sample.service).await.wanted.as_deref() != Some(digest) {
        anyhow::ensure!(began.elapsed() < DEADLINE, "{digest} of {} is not wanted", sample.service);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Waits until every execution is over.
///
/// # Errors
/// If that takes too long.
pub async fn quiet(stage: &Stage) -> anyhow::Result<Vec<Story>> {
    until_over(stage, 1, DEADLINE, async |_| {}).await
}

/// Waits until an execution of a service that goes on has come to a state; its ARN. A state takes a moment, and what
/// follows it is a pause.
///
/// # Errors
/// If that takes too long.
pub async fn reached(stage: &Stage, sample: &Sample, state: &str) -> anyhow::Result<String> {
    let began = Instant::now();
    let ours = format!(":{}-", sample.service.name);
    loop {
        let stories = stories(stage).await?;
        // One that is at its end has given the service back, and tells others: it is not the one that is waited for.
        let there = |story: &&Story| {
            let visited = |state: &str| story.visits.iter().any(|visit| visit.state == state);
            story.status == "RUNNING" && story.arn.contains(&ours) && visited(state) && !visited("Finish")
        };
        if let Some(story) = stories.iter().find(there) {
            return Ok(story.arn.clone());
        }
        if began.elapsed() > DEADLINE {
            anyhow::bail!("no execution of {} came to {state}", sample.service);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Stops an execution, as somebody in the console would.
///
/// # Errors
/// What Step Functions answered.
pub async fn abort(stage: &Stage, execution: &str) -> anyhow::Result<()> {
    let input = json!({"executionArn": execution, "error": "Operator", "cause": "stopped on purpose"});
    stage.call(Service::StepFunctions, "StopExecution", input).await.map(drop)
}

/// Lets a schedule of the template tick.
///
/// # Errors
/// If there is none.
pub fn tick(stage: &Stage, logical_id: &str) -> anyhow::Result<()> {
    let schedule = stage.cloud.stack().schedules.get(logical_id).context("no such schedule")?;
    anyhow::ensure!(stage.cloud.scheduler().fire(&schedule.name), "{logical_id} is not enabled");
    Ok(())
}
