//! What a team has set up beside the service: alarms of its own, and a calendar; made and moved by the AWS APIs.

use super::play::NEW_VERSION;
use crate::stage::{Image, Sample, Stage};
use crate::story::{stories, until_over};
use crate::witness::read_ledger;
use anyhow::{Context as _, ensure};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::time::Duration;

/// The alarm that the service names: a composite one.
pub(super) const ALARM: &str = "checkout";
/// The alarm on a metric that it is made of.
const ERRORS: &str = "checkout-errors";
/// The metric.
const NAMESPACE: &str = "Shop";
const METRIC: &str = "CheckoutErrors";
/// How long the alarm stays red after its metric rose, in seconds.
const PERIOD: u32 = 3600;
/// The calendar that the service names.
pub(super) const CALENDAR: &str = "freezes";
/// How much longer it is closed, at the quickest pace.
const FREEZE: Duration = Duration::from_secs(20);
/// How long a state, an alarm or a tick is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Pushes, and once users meet the new tasks the team's alarm rises.
pub(super) async fn alarm_rises(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
) -> anyhow::Result<()> {
    set_up_alarms(stage).await?;
    stage.push(&sample.repository, NEW_VERSION, image).await?;
    until(stage, "users never met it", async || {
        let stories = stories(stage).await?;
        let mut visits = stories.iter().skip(earlier).flat_map(|story| &story.visits);
        Ok(visits.any(|visit| visit.state == "Bake"))
    })
    .await?;
    rise(stage).await
}

/// Pushes while the team's alarm is red, which is refused; then an operator deploys all the same.
pub(super) async fn alarm_was_red(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
    deadline: Duration,
) -> anyhow::Result<()> {
    set_up_alarms(stage).await?;
    rise(stage).await?;
    until(stage, "the alarm does not rise", async || {
        let asked = json!({"AlarmNames": [ALARM], "AlarmTypes": ["CompositeAlarm"]});
        let answer = stage.call(Service::CloudWatch, "DescribeAlarms", asked).await?;
        Ok(answer["CompositeAlarms"][0]["StateValue"] == "ALARM")
    })
    .await?;
    stage.push(&sample.repository, NEW_VERSION, image).await?;
    until_over(stage, earlier + 1, deadline, async |_| {}).await?;
    refused(stage, sample, &format!("alarm {ALARM} is in ALARM")).await?;
    let input = json!({"service": sample.service.to_string(), "settings": {"red-alarms": "proceed"}, "cause": "known"});
    start(stage, &input).await?;
    until_over(stage, earlier + 2, deadline, async |_| {}).await?;
    Ok(())
}

/// Pushes while the calendar is closed, which is refused and not tried again before it opens; then it is, by itself.
pub(super) async fn frozen(
    stage: &Stage,
    sample: &Sample,
    image: &Image,
    earlier: usize,
    deadline: Duration,
) -> anyhow::Result<()> {
    let freeze = FREEZE * stage.pace.patience;
    let opens = rehearsal_world::now() + freeze;
    let event = format!("DTSTART:20200101T000000Z\r\nDTEND:{}", opens.strftime("%Y%m%dT%H%M%SZ"));
    let content = format!(
        "BEGIN:VCALENDAR\r\nPRODID:-//AWS//Change Calendar 1.0//EN\r\nVERSION:2.0\r\nX-CALENDAR-TYPE:DEFAULT_OPEN\r\n\
         BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Freeze\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let document = json!({"Name": CALENDAR, "DocumentType": "ChangeCalendar", "DocumentFormat": "TEXT", "Content": content});
    stage.call(Service::Ssm, "CreateDocument", document).await?;
    stage.push(&sample.repository, NEW_VERSION, image).await?;
    until_over(stage, earlier + 1, deadline, async |_| {}).await?;
    let whole = opens.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    refused(stage, sample, &format!("calendar {CALENDAR} is closed until {whole}")).await?;
    tick(stage).await?;
    ensure!(stories(stage).await?.len() == earlier + 1, "it was tried again before the calendar opened");
    tokio::time::sleep(freeze).await;
    tick(stage).await?;
    until_over(stage, earlier + 2, deadline, async |_| {}).await?;
    Ok(())
}

async fn set_up_alarms(stage: &Stage) -> anyhow::Result<()> {
    let metric = json!({"AlarmName": ERRORS, "Namespace": NAMESPACE, "MetricName": METRIC, "Statistic": "Sum",
        "Period": PERIOD, "EvaluationPeriods": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold"});
    stage.call(Service::CloudWatch, "PutMetricAlarm", metric).await?;
    let composite = json!({"AlarmName": ALARM, "AlarmRule": format!("ALARM({ERRORS})")});
    stage.call(Service::CloudWatch, "PutCompositeAlarm", composite).await.map(drop)
}

/// The metric rises.
async fn rise(stage: &Stage) -> anyhow::Result<()> {
    let data = json!({"Namespace": NAMESPACE, "MetricData": [{"MetricName": METRIC, "Value": 5.0}]});
    stage.call(Service::CloudWatch, "PutMetricData", data).await.map(drop)
}

/// Makes sure that the latest deployment was refused, and says why.
async fn refused(stage: &Stage, sample: &Sample, why: &str) -> anyhow::Result<()> {
    let ledger = read_ledger(stage, &sample.service).await;
    let last = ledger.deployments.last().context("there was no deployment")?;
    let reason = last.reason.as_deref().unwrap_or_default();
    let is_so = last.outcome.as_deref() == Some("Refused") && reason.contains(why);
    ensure!(is_so, "it ended {:?} for {reason:?}, and was to be refused since {why}", last.outcome);
    Ok(())
}

async fn start(stage: &Stage, input: &Value) -> anyhow::Result<()> {
    let start = json!({"stateMachineArn": stage.state_machine()?, "input": input.to_string()});
    stage.call(Service::StepFunctions, "StartExecution", start).await.map(drop)
}

/// Lets reconcile tick, and waits until its function has ended.
async fn tick(stage: &Stage) -> anyhow::Result<()> {
    let schedules = &stage.cloud.stack().schedules;
    let reconcile = schedules.get("ReconcileTick").context("the template has no reconcile")?;
    let handled = stage.cloud.lambda().records().len();
    ensure!(stage.cloud.scheduler().fire(&reconcile.name), "reconcile does not tick");
    until(stage, "the tick was not handled", async || Ok(stage.cloud.lambda().records().len() > handled))
        .await
}

/// Waits until something is so.
async fn until(
    stage: &Stage,
    otherwise: &str,
    is_so: impl AsyncFn() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let waited = async {
        while !is_so().await? {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        anyhow::Ok(())
    };
    let patience = PATIENCE * stage.pace.patience;
    tokio::time::timeout(patience, waited).await.with_context(|| otherwise.to_owned())?
}
