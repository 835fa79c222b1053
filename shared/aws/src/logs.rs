//! What a container wrote last, for saying why it stopped; and what a log group holds of something.

use crate::{At, Aws};
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_ecs::types::{LogDriver, TaskDefinition};
use changeover_domain::{StepError, Timestamp};

/// How many lines are told.
const LINES: i32 = 10;

/// The last lines of a task's container, if its task definition sends them to CloudWatch Logs with a stream
/// prefix; empty otherwise, and when the stream is not there yet.
pub async fn last_lines(
    aws: &Aws,
    definition: &TaskDefinition,
    container: &str,
    task_arn: &str,
) -> Result<Vec<String>, StepError> {
    let Some((group, prefix)) = stream_of(definition, container) else { return Ok(Vec::new()) };
    let task = task_arn.rsplit('/').next().unwrap_or_default();
    let stream = format!("{prefix}/{container}/{task}");
    let request = aws.logs().get_log_events().log_group_name(group).log_stream_name(&stream);
    let answer = request.limit(LINES).start_from_head(false).send().await;
    if crate::is_code(&answer, "ResourceNotFoundException") {
        return Ok(Vec::new());
    }
    let answer = answer.at("GetLogEvents", &stream)?;
    Ok(answer.events().iter().filter_map(|event| Some(event.message()?.trim_end().to_owned())).collect())
}

fn stream_of<'a>(definition: &'a TaskDefinition, container: &str) -> Option<(&'a str, &'a str)> {
    let found = definition.container_definitions().iter().find(|found| found.name() == Some(container))?;
    let log = found.log_configuration().filter(|log| *log.log_driver() == LogDriver::Awslogs)?;
    let options = log.options()?;
    Some((options.get("awslogs-group")?, options.get("awslogs-stream-prefix")?))
}

/// Most lines of one log group that are told.
const MAX_LINES: usize = 2_000;

/// A log group's lines that match a filter pattern, since a moment, each with its time in epoch milliseconds; none if there
/// is no such group.
pub async fn matching(
    aws: &Aws,
    group: &str,
    pattern: &str,
    since: Timestamp,
) -> Result<Vec<(i64, String)>, StepError> {
    let request = aws.logs().filter_log_events().log_group_name(group).filter_pattern(pattern);
    let mut pages = request.start_time(since.as_millisecond()).into_paginator().send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        if crate::is_code(&page, "ResourceNotFoundException") {
            break;
        }
        let page = page.at("FilterLogEvents", group)?;
        let line = |event: &FilteredLogEvent| {
            Some((event.timestamp().unwrap_or_default(), event.message()?.trim_end().to_owned()))
        };
        lines.extend(page.events().iter().filter_map(line));
        if lines.len() >= MAX_LINES {
            break;
        }
    }
    Ok(lines)
}
