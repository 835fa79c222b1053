//! The story of deployments, as Step Functions itself tells it: which executions there were, which states they went
//! through and when.

mod history;
mod receipt;

pub use history::{Story, read as understand};
pub(crate) use receipt::ms;
pub use receipt::{Parts, waits};

use crate::stage::Stage;
use anyhow::Context as _;
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How often the story is read anew while it goes on.
const READ_AGAIN: Duration = Duration::from_millis(200);
/// How long nothing may happen until all is taken to be over: an event that starts another execution comes sooner.
const QUIET: Duration = Duration::from_millis(1_500);
/// Most pages of one history: AWS keeps 25,000 events.
const MOST_PAGES: usize = 25;

/// Every execution of the stack's state machine, oldest first.
///
/// # Errors
/// What an API answered.
pub async fn stories(stage: &Stage) -> anyhow::Result<Vec<Story>> {
    let input = json!({"stateMachineArn": stage.state_machine()?, "maxResults": 1000});
    let listed = stage.call(Service::StepFunctions, "ListExecutions", input).await?;
    let mut arns: Vec<String> = listed["executions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|execution| execution["executionArn"].as_str().map(str::to_owned))
        .collect();
    // Newest first is how they are listed.
    arns.reverse();
    let mut stories = Vec::with_capacity(arns.len());
    for arn in arns {
        stories.push(story(stage, &arn).await?);
    }
    stories.sort_by(|a, b| a.started.total_cmp(&b.started));
    Ok(stories)
}

/// One execution.
async fn story(stage: &Stage, arn: &str) -> anyhow::Result<Story> {
    let described =
        stage.call(Service::StepFunctions, "DescribeExecution", json!({"executionArn": arn})).await?;
    let mut events: Vec<Value> = Vec::new();
    let mut token = Value::Null;
    for _ in 0..MOST_PAGES {
        let mut input = json!({"executionArn": arn, "maxResults": 1000});
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let mut page = stage.call(Service::StepFunctions, "GetExecutionHistory", input).await?;
        events.extend(page["events"].as_array_mut().map(std::mem::take).unwrap_or_default());
        token = page["nextToken"].take();
        if token.is_null() {
            break;
        }
    }
    Ok(history::read(&described, &events))
}

/// Waits until every execution is over, at least `least` of them, and nothing more happens; tells the stories so far
/// each time they are read.
///
/// # Errors
/// If that takes longer than the deadline, or what an API answered.
pub async fn until_over(
    stage: &Stage,
    least: usize,
    deadline: Duration,
    mut tell: impl AsyncFnMut(&[Story]),
) -> anyhow::Result<Vec<Story>> {
    let began = Instant::now();
    let mut quiet_since: Option<Instant> = None;
    loop {
        let stories = stories(stage).await?;
        tell(&stories).await;
        let over = stories.len() >= least && stories.iter().all(|story| story.status != "RUNNING");
        if !over {
            quiet_since = None;
        } else if quiet_since.get_or_insert_with(Instant::now).elapsed() >= QUIET {
            return Ok(stories);
        }
        if began.elapsed() > deadline {
            let running: Vec<&str> = stories
                .iter()
                .filter(|story| story.status == "RUNNING")
                .map(|story| story.name.as_str())
                .collect();
            return Err(anyhow::anyhow!("not over after {deadline:?}: {}", running.join(", ")))
                .context(format!("{} executions", stories.len()));
        }
        tokio::time::sleep(READ_AGAIN * stage.pace.patience).await;
    }
}
