//! DescribeLogGroups and DescribeLogStreams.

use super::{INVALID, Logs, Stream};
use crate::input::{page, text};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Groups or streams on a page unless asked otherwise.
const PAGE: usize = 50;

impl Logs {
    /// The group that a call is about, by name or ARN; AWS's refusal if it is not there.
    pub(super) fn group_of(&self, input: &Value) -> Result<(String, Vec<Stream>), ApiError> {
        let identifier = text(input, "logGroupIdentifier").or(text(input, "logGroupName"));
        let identifier = identifier
            .ok_or_else(|| ApiError::new(INVALID, "LogGroupName or LogGroupIdentifier must be specified"))?;
        let name =
            identifier.split(":log-group:").last().unwrap_or_default().trim_end_matches(":*").to_owned();
        let streams: Vec<Stream> = self.streams().into_iter().filter(|stream| stream.group == name).collect();
        if streams.is_empty() && !self.groups.lock().contains_key(&name) {
            return Err(not_there("log group"));
        }
        Ok((name, streams))
    }

    pub(super) fn describe_groups(&self, input: &Value) -> Result<Value, ApiError> {
        let prefix = text(input, "logGroupNamePrefix").unwrap_or_default();
        let pattern = text(input, "logGroupNamePattern").unwrap_or_default();
        let mut all: BTreeMap<String, (Option<u64>, u64)> =
            self.groups.lock().iter().map(|(name, days)| (name.clone(), (*days, 0))).collect();
        for stream in self.streams() {
            all.entry(stream.group.clone()).or_default().1 += bytes(&stream);
        }
        let groups: Vec<Value> = (all.iter())
            .filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern))
            .map(|(name, (days, stored))| {
                let arn = self.group_arn(name);
                let mut group = json!({
                    "logGroupName": name, "arn": format!("{arn}:*"), "logGroupArn": arn, "storedBytes": stored,
                    "metricFilterCount": 0, "logGroupClass": "STANDARD",
                });
                if let Some(days) = days {
                    group["retentionInDays"] = (*days).into();
                }
                group
            })
            .collect();
        paged("logGroups", &groups, input)
    }

    pub(super) fn describe_streams(&self, input: &Value) -> Result<Value, ApiError> {
        let (group, mut streams) = self.group_of(input)?;
        let prefix = text(input, "logStreamNamePrefix").unwrap_or_default();
        streams.retain(|stream| stream.name.starts_with(prefix));
        let last = |stream: &Stream| stream.lines.last().map(|line| line.at);
        match text(input, "orderBy") {
            Some("LastEventTime") if !prefix.is_empty() => {
                let message = "Cannot order by LastEventTime with a logStreamNamePrefix.";
                return Err(ApiError::new(INVALID, message));
            }
            Some("LastEventTime") => streams.sort_by_key(last),
            _ => streams.sort_by(|left, right| left.name.cmp(&right.name)),
        }
        if input.get("descending") == Some(&Value::Bool(true)) {
            streams.reverse();
        }
        let streams: Vec<Value> = (streams.iter())
            .map(|stream| {
                let arn = format!("{}:log-stream:{}", self.group_arn(&group), stream.name);
                let mut told =
                    json!({ "logStreamName": stream.name, "arn": arn, "storedBytes": bytes(stream) });
                if let (Some(first), Some(last)) = (stream.lines.first(), stream.lines.last()) {
                    told["creationTime"] = first.at.into();
                    told["firstEventTimestamp"] = first.at.into();
                    told["lastEventTimestamp"] = last.at.into();
                    told["lastIngestionTime"] = last.at.into();
                }
                told
            })
            .collect();
        paged("logStreams", &streams, input)
    }
}

/// AWS's words for what is not there.
pub(super) fn not_there(what: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("The specified {what} does not exist."))
}

fn bytes(stream: &Stream) -> u64 {
    stream.lines.iter().map(|line| line.text.len() as u64).sum()
}

fn paged(member: &str, all: &[Value], input: &Value) -> Result<Value, ApiError> {
    let size = input.get("limit").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let (items, next) = page(all, text(input, "nextToken"), size.unwrap_or(PAGE), INVALID)?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}
