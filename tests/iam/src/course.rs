//! The course: one run through everything that functions, state machine, rules and schedules ever do.

use crate::stage::{Ended, abort, ended, push, quiet, reached, samples, set, tag, tick, wanted};
use anyhow::Context as _;
use rehearsal::binaries::Binaries;
use rehearsal::stage::{CLUSTER, Image, Sample, Stage};
use rehearsal_cloud::{Denied, Grant, Used};
use rehearsal_lambda::{Fault, FaultRule};
use rehearsal_traffic::{Config, Mix, Traffic};
use rehearsal_wire::Service;
use sample_webapp::Database;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Seeds what is left to chance.
const SEED: u64 = 11;
/// The longest that a dead letter may take.
const LETTER: Duration = Duration::from_secs(10);
/// The longest that a tick of reconcile may take to compare what runs.
const COMPARED: Duration = Duration::from_secs(30);
/// How long a bake takes.
pub(crate) const SHORT: &str = "3s";
/// How long one takes that is stopped while it goes on.
const LONG: &str = "120s";
/// So many requests a second come from users where it matters what they get.
const USERS: f64 = 40.0;
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What the course showed.
#[derive(Debug)]
pub struct Shown {
    /// What the template grants.
    pub grants: BTreeSet<Grant>,
    /// What was used of it.
    pub used: Vec<Used>,
    /// What was asked for in vain, before anything was taken away on purpose.
    pub denied: Vec<Denied>,
}

/// Runs it.
///
/// # Errors
/// If something does not go as it should: then the course has not shown what it is for.
pub async fn run(binaries: &Binaries) -> anyhow::Result<Shown> {
    let stage = set(binaries, SEED).await?;
    let shown = on_stage(&stage).await;
    stage.strike().await;
    shown
}

async fn on_stage(stage: &Stage) -> anyhow::Result<Shown> {
    let grants = stage.cloud.iam().grants();
    let (pair, single) = samples(stage)?;
    let (pairs, rolls) = tokio::join!(pairs(stage, pair), rolls(stage, single));
    pairs.context("the pair")?;
    rolls.context("the rolling service")?;
    hooks(stage, pair).await.context("hooks")?;
    // What was refused is tried again, by what the recent deployments say.
    tick(stage, "ReconcileTick")?;
    quiet(stage).await?;
    // What the services do in the roles' names is judged when this is asked.
    let _ = stage.cloud.grants_used();
    let denied = stage.cloud.iam().denied();
    refused(stage, pair).await.context("a permission less")?;
    letters(stage, pair).await.context("dead letters")?;
    let used = stage.cloud.grants_used();
    Ok(Shown { grants, used, denied })
}

/// A pair behind a rule, and then behind the listener's default action: there and back in each case, with an execution
/// that dies and one that follows.
async fn pairs(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    pin(stage, pair).await?;
    expect(stage, pair, &push(stage, pair, "v2", &[]).await?, "Succeeded").await?;
    // What is to be stopped in its bake bakes for longer than it takes to stop it, however busy the machine.
    tag(stage, pair, "bake", LONG).await?;
    push(stage, pair, "v3", &[]).await?;
    let execution = reached(stage, pair, "Bake").await?;
    // While it is held, reconcile asks whether its execution lives, and a push waits for its end.
    tick(stage, "ReconcileTick")?;
    let fourth = push(stage, pair, "v4", &[]).await?;
    wanted(stage, pair, &fourth).await?;
    tag(stage, pair, "bake", SHORT).await?;
    abort(stage, &execution).await?;
    expect(stage, pair, &fourth, "Succeeded").await?;
    // What serves is compared with what it was brought to.
    tick(stage, "ReconcileTick")?;
    quiet(stage).await?;
    to_default_action(stage, pair).await?;
    expect(stage, pair, &push(stage, pair, "v5", &[]).await?, "Succeeded").await?;
    compared(stage).await?;
    tag(stage, pair, "bake", LONG).await?;
    let sixth = push(stage, pair, "v6", &[]).await?;
    let execution = reached(stage, pair, "Bake").await?;
    abort(stage, &execution).await?;
    expect(stage, pair, &sixth, "RolledBack").await?;
    tag(stage, pair, "bake", SHORT).await
}

/// A function is invoked, and a task of the new revision runs: once one that takes too long and is stopped, once one that
/// fails, whose last words are read.
async fn hooks(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    // Room of its own, since nothing makes any for a task that runs once.
    stage.cloud.ecs().add_container_instance(CLUSTER, 1024, 4096, &[])?;
    let made = json!({"repositoryName": "hooks"});
    let made = stage.call(Service::Ecr, "CreateRepository", made).await?;
    let uri = made["repository"]["repositoryUri"].as_str().context("CreateRepository: no URI")?;
    let image = Image::sample(&stage.binaries, "smoke", &["--hook", "SUCCEEDED"]);
    stage.push("hooks", "smoke", &image).await?;
    let function = json!({
        "FunctionName": "smoke", "Role": "arn:aws:iam::123456789012:role/smoke", "PackageType": "Image",
        "Code": {"ImageUri": format!("{uri}:smoke")}, "Tags": {"changeover:hook": ""},
    });
    stage.call(Service::Lambda, "CreateFunction", function).await?;
    tag(stage, pair, "before-start.1", "lambda smoke").await?;
    tag(stage, pair, "before-start.2", "task --once 60s").await?;
    tag(stage, pair, "hook-timeout", "8s").await?;
    expect(stage, pair, &push(stage, pair, "v17", &[]).await?, "RolledBack").await?;
    tag(stage, pair, "before-start.2", "task --once --crash 3").await?;
    tag(stage, pair, "hook-timeout", "60s").await?;
    expect(stage, pair, &push(stage, pair, "v18", &[]).await?, "RolledBack").await?;
    tag(stage, pair, "before-start.1", "none").await?;
    tag(stage, pair, "before-start.2", "none").await?;
    migration(stage, pair).await.context("a migration")
}

/// A migration hurts the version that serves, and is taken back: what its users get is read before and after that.
async fn migration(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("no folder for the database")?;
    let file = folder.path().join("users.sqlite").display().to_string();
    Database::open(Path::new(&file))?.migrate(1)?;
    let options = ["--database", &file, "--schema", "1"];
    expect(stage, pair, &push(stage, pair, "v19", &options).await?, "Succeeded").await?;
    let mix = Mix::short_only();
    let users = Traffic::start(Config { rate: USERS, seed: SEED, mix, ..Config::new(pair.address) });
    tag(stage, pair, "before-start.2", &format!("task --database {file} --migrate 3")).await?;
    tag(stage, pair, "after-rollback", &format!("task --database {file} --migrate-back 1")).await?;
    let options = ["--database", &file, "--schema", "3"];
    expect(stage, pair, &push(stage, pair, "v20", &options).await?, "RolledBack").await?;
    users.stop().await;
    tag(stage, pair, "before-start.2", "none").await?;
    tag(stage, pair, "after-rollback", "none").await
}

/// A rolling service gets an image that exits at start: its last words are read, and it goes back; its revision is
/// deregistered meanwhile. Then a setting of it is wrong, so that the next image is refused.
async fn rolls(stage: &Stage, single: &Sample) -> anyhow::Result<()> {
    let service = &single.members.first().context("it has no service")?.ecs_service;
    let input = json!({"cluster": CLUSTER, "services": [service]});
    let found = stage.call(Service::Ecs, "DescribeServices", input).await?;
    let crashing = push(stage, single, "v2", &["--crash", "3"]).await?;
    reached(stage, single, "CheckHealth").await?;
    let tidied = json!({"taskDefinition": found["services"][0]["taskDefinition"]});
    stage.call(Service::Ecs, "DeregisterTaskDefinition", tidied).await?;
    expect(stage, single, &crashing, "RolledBack").await?;
    tag(stage, single, "bake", "soon").await?;
    expect(stage, single, &push(stage, single, "v3", &[]).await?, "Refused").await
}

/// What succeeded is compared with what runs, at a tick.
async fn compared(stage: &Stage) -> anyhow::Result<()> {
    tick(stage, "ReconcileTick")?;
    let began = Instant::now();
    let is_read = |used: &Used| {
        used.grant.holder == "DispatchRole" && used.grant.action == "ecs:DescribeTaskDefinition"
    };
    while !stage.cloud.grants_used().iter().any(is_read) {
        anyhow::ensure!(began.elapsed() < COMPARED, "dispatch does not compare");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

async fn expect(stage: &Stage, sample: &Sample, digest: &str, expected: &str) -> anyhow::Result<()> {
    ended(stage, sample, digest, Some(expected)).await.map(drop)
}

/// Pins clients, for as short as there is: what that needs of roles, the default action inherits.
async fn pin(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    let rule = pair.rule.as_deref().context("the pair has no rule")?;
    let rules = stage.call(Service::Elbv2, "DescribeRules", json!({"RuleArns": [rule]})).await?;
    let mut actions = rules["Rules"][0]["Actions"].clone();
    actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] =
        json!({"Enabled": true, "DurationSeconds": 1});
    let input = json!({"RuleArn": rule, "Actions": actions});
    stage.call(Service::Elbv2, "ModifyRule", input).await.map(drop)
}

/// Lets the default action do what the rule did.
async fn to_default_action(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    let rule = pair.rule.as_deref().context("the pair has no rule")?;
    let rules = stage.call(Service::Elbv2, "DescribeRules", json!({"RuleArns": [rule]})).await?;
    let actions: &Value = &rules["Rules"][0]["Actions"];
    let input = json!({"ListenerArn": pair.listener, "DefaultActions": actions});
    stage.call(Service::Elbv2, "ModifyListener", input).await?;
    stage.call(Service::Elbv2, "DeleteRule", json!({"RuleArn": rule})).await.map(drop)
}

/// With one action taken away, a deployment does not succeed, and says why.
async fn refused(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    let (role, action) = ("UpdateServiceRole", "ecs:UpdateService");
    anyhow::ensure!(stage.cloud.iam().withdraw(role, action), "{role} was not granted {action}");
    let digest = push(stage, pair, "v7", &[]).await?;
    let Ended { outcome, reason } = ended(stage, pair, &digest, None).await?;
    anyhow::ensure!(outcome != "Succeeded" && reason.contains(action), "it ended {outcome}: {reason}");
    let is_told = |denied: &Denied| denied.holder == role && denied.need.action == action;
    anyhow::ensure!(stage.cloud.iam().denied().iter().any(is_told), "nothing was denied");
    Ok(())
}

/// What dispatch cannot deal with is kept in the name of its role; what cannot be delivered, of a schedule in the name of
/// its role, of a rule by the queue's own policy.
async fn letters(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    let queue = stage.cloud.stack().queues.first().context("the template has no queue")?.arn.clone();
    let invoke = "lambda:InvokeFunction";
    let taken = |name: &str| {
        anyhow::ensure!(stage.cloud.iam().withdraw(name, invoke), "{name} was not granted {invoke}");
        Ok(())
    };
    kills(stage, "DispatchFunction")?;
    tick(stage, "ReconcileTick")?;
    letter(stage, &queue, "reconcile", 1).await?;
    stage.cloud.lambda().clear_faults();
    taken("SchedulerRole")?;
    tick(stage, "ReconcileTick")?;
    letter(stage, &queue, "reconcile", 2).await?;
    taken("DispatchFunction")?;
    push(stage, pair, "v8", &[]).await?;
    letter(stage, &queue, "ECR Image Action", 1).await
}

/// Whatever event a function gets kills it, until faults are cleared.
fn kills(stage: &Stage, logical_id: &str) -> anyhow::Result<()> {
    let function = stage.cloud.stack().function(logical_id).context("no such function")?.name.clone();
    stage.cloud.lambda().inject(FaultRule { function, skip: 0, times: u32::MAX, fault: Fault::KillBefore });
    Ok(())
}

/// Waits until so many letters say this.
async fn letter(stage: &Stage, queue: &str, part: &str, number: usize) -> anyhow::Result<()> {
    let began = Instant::now();
    let says = || {
        let messages = stage.cloud.sqs().messages(queue);
        messages.iter().filter(|message| message.body.contains(part)).count()
    };
    while says() < number {
        anyhow::ensure!(began.elapsed() < LETTER, "{} letters say {part}, not {number}", says());
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}
