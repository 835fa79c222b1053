//! Executions of the state machine.

use crate::{At, Aws};
use changeover_domain::StepError;
use changeover_domain::image::short;
use changeover_domain::name::ServiceName;
use changeover_domain::state::Request;

/// Longest name of an execution that Step Functions takes.
const MAX_NAME: usize = 80;

/// What became of a request to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It runs, by this ARN.
    Started(String),
    /// One of this name has run before: what it was for is done or given up.
    RanBefore,
}

/// The name of the execution that brings a service to a digest: the same for every event that means the same.
pub fn name(service: &ServiceName, digest: &str, generation: u64) -> String {
    let tail = format!("-{}-{generation}", short(digest));
    let head: String = service.name.chars().take(MAX_NAME - tail.len()).collect();
    format!("{head}{tail}")
}

/// Starts an execution; asked again with the same name it does nothing.
pub async fn start(
    aws: &Aws,
    state_machine: &str,
    name: &str,
    request: &Request,
) -> Result<Start, StepError> {
    let input = serde_json::to_string(request).map_err(|error| StepError::BadInput(error.to_string()))?;
    let call = aws.sfn().start_execution().state_machine_arn(state_machine).name(name).input(input);
    let answer = call.send().await;
    if crate::is_code(&answer, "ExecutionAlreadyExists") {
        return Ok(Start::RanBefore);
    }
    Ok(Start::Started(answer.at("StartExecution", name)?.execution_arn))
}

/// Whether an execution still runs; one that Step Functions has forgotten does not.
pub async fn is_running(aws: &Aws, arn: &str) -> Result<bool, StepError> {
    let answer = aws.sfn().describe_execution().execution_arn(arn).send().await;
    if crate::is_code(&answer, "ExecutionDoesNotExist") {
        return Ok(false);
    }
    Ok(answer.at("DescribeExecution", arn)?.status.as_str() == "RUNNING")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_tell_generations_apart() {
        let service = ServiceName::new("main", "s".repeat(200));
        let digest = format!("sha256:{}", "ab".repeat(32));
        let first = name(&service, &digest, 1);
        assert_eq!(first.len(), MAX_NAME);
        assert!(first.ends_with("-abababababab-1"));
        assert_ne!(first, name(&service, &digest, 2));
    }
}
