//! GetLogEvents and FilterLogEvents.

use super::filter::Filter;
use super::groups::not_there;
use super::{INVALID, Line, Logs};
use crate::input::{page, text, texts};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// Events that one call gives at most.
const MAX_EVENTS: usize = 10_000;

impl Logs {
    pub(super) fn get_log_events(&self, input: &Value) -> Result<Value, ApiError> {
        let (_, streams) = self.group_of(input)?;
        let name = text(input, "logStreamName").unwrap_or_default();
        let stream = streams.into_iter().find(|stream| stream.name == name);
        let stream = stream.ok_or_else(|| not_there("log stream"))?;
        let lines: Vec<&Line> = stream.lines.iter().filter(|line| within(line, input)).collect();
        let limit = limit(input);
        let from_head = input.get("startFromHead") == Some(&Value::Bool(true));
        let (start, end) = match text(input, "nextToken").map(read_token) {
            None if from_head => (0, limit),
            None => (lines.len().saturating_sub(limit), lines.len()),
            Some(Some(Token::Forward(from))) => (from, from.saturating_add(limit)),
            Some(Some(Token::Backward(to))) => (to.saturating_sub(limit), to),
            Some(None) => return Err(ApiError::new(INVALID, "The specified nextToken is invalid.")),
        };
        let (start, end) = (start.min(lines.len()), end.min(lines.len()));
        let events: Vec<Value> = (lines[start..end].iter())
            .map(|line| json!({ "timestamp": line.at, "message": line.text, "ingestionTime": line.at }))
            .collect();
        // At the end of the stream the token stays the same, which is how callers know.
        Ok(json!({
            "events": events, "nextForwardToken": format!("f/{end}"), "nextBackwardToken": format!("b/{start}"),
        }))
    }

    pub(super) fn filter_log_events(&self, input: &Value) -> Result<Value, ApiError> {
        let (_, mut streams) = self.group_of(input)?;
        let names = texts(input, "logStreamNames");
        let prefix = text(input, "logStreamNamePrefix").unwrap_or_default();
        if !names.is_empty() && !prefix.is_empty() {
            let message = "logStreamNamePrefix and logStreamNames cannot be used together.";
            return Err(ApiError::new(INVALID, message));
        }
        streams.retain(|stream| {
            stream.name.starts_with(prefix) && (names.is_empty() || names.contains(&stream.name.as_str()))
        });
        let filter = Filter::parse(text(input, "filterPattern").unwrap_or_default())
            .map_err(|what| ApiError::new(INVALID, what))?;
        let mut found: Vec<(u64, Value)> = Vec::new();
        for stream in &streams {
            let lines = stream.lines.iter().enumerate();
            for (index, line) in lines.filter(|(_, line)| within(line, input) && filter.matches(&line.text)) {
                found.push((
                    line.at,
                    json!({
                        "logStreamName": stream.name, "timestamp": line.at, "message": line.text,
                        "ingestionTime": line.at, "eventId": format!("{:020}{index:036}", line.at),
                    }),
                ));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        let events: Vec<Value> = found.into_iter().map(|(_, event)| event).collect();
        let (items, next) = page(&events, text(input, "nextToken"), limit(input), INVALID)?;
        let mut answer = json!({ "events": items, "searchedLogStreams": [] });
        if let Some(next) = next {
            answer["nextToken"] = next.into();
        }
        Ok(answer)
    }
}

enum Token {
    Forward(usize),
    Backward(usize),
}

fn read_token(token: &str) -> Option<Token> {
    let (kind, place) = token.split_once('/')?;
    let place = place.parse().ok()?;
    match kind {
        "f" => Some(Token::Forward(place)),
        "b" => Some(Token::Backward(place)),
        _ => None,
    }
}

fn limit(input: &Value) -> usize {
    let asked = input.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    asked.unwrap_or(MAX_EVENTS).clamp(1, MAX_EVENTS)
}

/// The start is inclusive, the end is not.
fn within(line: &Line, input: &Value) -> bool {
    let bound = |name: &str| input.get(name).and_then(Value::as_u64);
    bound("startTime").is_none_or(|start| line.at >= start)
        && bound("endTime").is_none_or(|end| line.at < end)
}
