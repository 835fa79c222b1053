//! Starting executions by hand, and hearing what those answer that are over at once.

use crate::failure::Failure;
use crate::service::Service;
use crate::session::Session;
use changeover_aws::executions::{self, Seen, Start};
use changeover_domain::StepError;
use changeover_domain::name::DeploymentId;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How long an execution that only looks, or gives an order, may take.
const SHORT: Duration = Duration::from_secs(120);
/// How often it is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// An execution that has been started.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its ARN.
    pub arn: String,
    /// The deployment that it begins, if it begins one.
    pub deployment: DeploymentId,
}

/// Starts an execution for a service with this input.
pub async fn start(session: &Session, service: &Service, input: &impl Serialize) -> Result<Started, Failure> {
    let at = session.now().as_millisecond().to_string();
    let name = executions::of_hand(&service.name, &at);
    let machine = &session.stack.state_machine;
    let arn = match executions::start(&session.aws, machine, &name, input).await? {
        Start::Started(arn) => arn,
        Start::RanBefore => {
            return Err(Failure::not(format!("An execution {name} has run before: type the command again.")));
        }
    };
    // The start by Step Functions' clock is part of the deployment's id.
    let seen = seen(session, &arn).await?;
    Ok(Started { deployment: DeploymentId::new(seen.started_at, &seen.name), arn })
}

/// An execution that has to be there.
pub async fn seen(session: &Session, arn: &str) -> Result<Seen, Failure> {
    let found = executions::describe(&session.aws, arn).await?;
    found.ok_or_else(|| {
        Failure::from(StepError::Aws {
            call: "DescribeExecution".into(),
            on: arn.to_owned(),
            detail: "Step Functions does not know this execution".into(),
        })
    })
}

/// What a short execution answers: its output, or in words why it failed.
pub async fn answer(session: &Session, arn: &str) -> Result<Result<Value, String>, Failure> {
    let until = Instant::now() + SHORT;
    loop {
        let seen = seen(session, arn).await?;
        match seen.status.as_str() {
            "RUNNING" | "PENDING_REDRIVE" if Instant::now() < until => tokio::time::sleep(LOOK_AGAIN).await,
            "RUNNING" | "PENDING_REDRIVE" => {
                return Err(Failure::not(format!(
                    "{arn} has not answered within {} s; it goes on. Look at it in the console of Step Functions.",
                    SHORT.as_secs()
                )));
            }
            "SUCCEEDED" => {
                let output = seen.output.as_deref().and_then(|output| serde_json::from_str(output).ok());
                return Ok(Ok(output.unwrap_or_default()));
            }
            status => {
                let error = seen.error.unwrap_or_else(|| status.to_owned());
                return Ok(Err(seen.cause.unwrap_or(error)));
            }
        }
    }
}
