//! GetMetricData and GetMetricStatistics: spans cut into periods, and pages of what is in them.

use super::Inner;
use super::metric::Metric;
use super::stat::Stat;
use crate::input::{list, text, texts};
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Queries that one call takes.
const MAX_QUERIES: usize = 500;

/// Points that one page holds unless fewer are asked for.
const MAX_POINTS: usize = 100_800;

/// Points that GetMetricStatistics gives at most.
const MAX_STATISTICS: u64 = 1_440;

/// The periods below a minute.
const SHORT_PERIODS: [u64; 5] = [1, 5, 10, 20, 30];

/// Periods that one query may look at: a day by the second.
const MAX_PERIODS: u64 = 86_400;

const INVALID: &str = "ValidationError";

/// A span of whole seconds, and how it is cut.
#[derive(Debug, Clone, Copy)]
struct Cut {
    from: u64,
    to: u64,
    period: u64,
}

impl Cut {
    fn new(from: u64, to: u64, period: u64) -> Result<Self, String> {
        if !SHORT_PERIODS.contains(&period) && (period == 0 || !period.is_multiple_of(60)) {
            return Err(format!("Period {period} must be 1, 5, 10, 20, 30, or a multiple of 60"));
        }
        if from >= to {
            return Err("The parameter StartTime must be less than the parameter EndTime.".to_owned());
        }
        // The start is rounded down to a whole minute, or to a whole short period.
        let grain = period.min(60);
        let from = from - from % grain;
        if (to - from) / period > MAX_PERIODS {
            return Err(format!("more than {MAX_PERIODS} periods"));
        }
        Ok(Self { from, to, period })
    }

    /// The beginnings of the periods, which lie at multiples of the period.
    fn starts(self) -> impl Iterator<Item = u64> {
        let first = self.from.div_ceil(self.period) * self.period;
        (first..self.to).step_by(usize::try_from(self.period).unwrap_or(usize::MAX))
    }
}

struct Answer<'a> {
    id: &'a str,
    label: String,
    points: Vec<(u64, f64)>,
}

pub(super) fn get_metric_data(inner: &Inner, input: &Value, now: u64) -> Result<Value, ApiError> {
    let queries = list(input, "MetricDataQueries");
    if queries.len() > MAX_QUERIES {
        let message =
            format!("The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.");
        return Err(ApiError::new(INVALID, message));
    }
    let (from, to) = (seconds(input, "StartTime"), seconds(input, "EndTime").rounded_up());
    let ascending = text(input, "ScanBy") == Some("TimestampAscending");
    let mut ids = BTreeSet::new();
    let mut answers = Vec::new();
    for query in queries {
        let id = text(query, "Id").unwrap_or_default();
        check_id(id, &mut ids)?;
        let answer = ask(inner, query, id, from.whole, to, now)?;
        if query.get("ReturnData") != Some(&Value::Bool(false)) {
            answers.push(answer);
        }
    }
    for answer in answers.iter_mut().filter(|_| !ascending) {
        answer.points.reverse();
    }
    page_of(&answers, input)
}

fn ask<'a>(
    inner: &Inner,
    query: &'a Value,
    id: &'a str,
    from: u64,
    to: u64,
    now: u64,
) -> Result<Answer<'a>, ApiError> {
    let invalid = |what: &str| ApiError::new(INVALID, format!("The query {id} is not valid: {what}"));
    let Some(asked) = query.get("MetricStat") else {
        return Err(invalid("the rehearsal evaluates no expressions; ask for a MetricStat"));
    };
    let described = &asked["Metric"];
    let metric = Metric::read(text(described, "Namespace").unwrap_or_default(), described);
    let name = text(asked, "Stat").unwrap_or_default();
    let stat = Stat::parse(name).ok_or_else(|| invalid(&format!("Stat {name} is not known")))?;
    let period = asked.get("Period").and_then(Value::as_u64).unwrap_or_default();
    let cut = Cut::new(from, to, period).map_err(|what| invalid(&what))?;
    inner.check_period(&metric, period).map_err(|what| invalid(&what))?;
    let points = (cut.starts())
        .filter_map(|start| Some((start, inner.seen(&metric, start, period, now)?.statistic(stat)?)))
        .collect();
    let label = text(query, "Label").map_or_else(|| metric.name.clone(), str::to_owned);
    Ok(Answer { id, label, points })
}

fn check_id<'a>(id: &'a str, seen: &mut BTreeSet<&'a str>) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(allowed) {
        let message = format!(
            "The value {id} for parameter MetricDataQueries.member.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        );
        return Err(ApiError::new(INVALID, message));
    }
    if !seen.insert(id) {
        let message = format!("The values for parameter Id in MetricDataQueries must be unique: {id}");
        return Err(ApiError::new(INVALID, message));
    }
    Ok(())
}

/// One page of all points; a result that goes on on the next page is `PartialData`.
fn page_of(answers: &[Answer<'_>], input: &Value) -> Result<Value, ApiError> {
    let asked =
        input.get("MaxDatapoints").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok());
    let most = asked.unwrap_or(MAX_POINTS).clamp(1, MAX_POINTS);
    let skip = match text(input, "NextToken") {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| ApiError::new("InvalidNextToken", "The next token is not valid"))?,
    };
    let end = skip.saturating_add(most);
    let mut passed = 0;
    let mut results = Vec::new();
    for answer in answers {
        let (first, last) = (passed, passed + answer.points.len());
        passed = last;
        // A result without points is told on the first page, any other where its points are.
        let elsewhere = if first == last { skip > 0 } else { last <= skip || first >= end };
        if elsewhere {
            continue;
        }
        let points = &answer.points[skip.clamp(first, last) - first..end.clamp(first, last) - first];
        let (times, values): (Vec<u64>, Vec<f64>) = points.iter().copied().unzip();
        let status = if last > end { "PartialData" } else { "Complete" };
        results.push(json!({
            "Id": answer.id, "Label": answer.label, "Timestamps": times, "Values": values, "StatusCode": status,
        }));
    }
    let mut page = json!({ "MetricDataResults": results, "Messages": [] });
    if passed > end {
        page["NextToken"] = end.to_string().into();
    }
    Ok(page)
}

pub(super) fn get_metric_statistics(inner: &Inner, input: &Value, now: u64) -> Result<Value, ApiError> {
    let invalid = |what: String| ApiError::new("InvalidParameterValue", what);
    let metric = Metric::read(text(input, "Namespace").unwrap_or_default(), input);
    let period = input.get("Period").and_then(Value::as_u64).unwrap_or_default();
    let to = seconds(input, "EndTime").rounded_up();
    let cut = Cut::new(seconds(input, "StartTime").whole, to, period).map_err(invalid)?;
    if (cut.to - cut.from) / period > MAX_STATISTICS {
        let message = format!(
            "You have requested up to {} datapoints, which exceeds the limit of {MAX_STATISTICS}.",
            (cut.to - cut.from) / period
        );
        return Err(ApiError::new("InvalidParameterCombination", message));
    }
    let plain = texts(input, "Statistics");
    let extended = texts(input, "ExtendedStatistics");
    if plain.is_empty() && extended.is_empty() {
        let message = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
        return Err(ApiError::new("MissingParameter", message));
    }
    let parse = |name: &str| {
        Stat::parse(name)
            .ok_or_else(|| invalid(format!("The value {name} for parameter Statistics is invalid.")))
    };
    let mut points = Vec::new();
    inner.check_period(&metric, period).map_err(invalid)?;
    for start in cut.starts() {
        let Some(samples) = inner.seen(&metric, start, period, now) else { continue };
        let mut point = Map::new();
        for name in &plain {
            point.extend(samples.statistic(parse(name)?).map(|value| ((*name).to_owned(), value.into())));
        }
        let mut further = Map::new();
        for name in &extended {
            further.extend(samples.statistic(parse(name)?).map(|value| ((*name).to_owned(), value.into())));
        }
        if point.is_empty() && further.is_empty() {
            continue;
        }
        if !further.is_empty() {
            point.insert("ExtendedStatistics".to_owned(), Value::Object(further));
        }
        point.insert("Timestamp".to_owned(), start.into());
        points.push(Value::Object(point));
    }
    Ok(json!({ "Label": metric.name, "Datapoints": points }))
}

/// A time in the input, in whole seconds and what is beyond them.
struct Moment {
    whole: u64,
    beyond: bool,
}

impl Moment {
    /// The first whole second that is not before it: ends are exclusive.
    fn rounded_up(&self) -> u64 {
        self.whole + u64::from(self.beyond)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970 are small")]
fn seconds(input: &Value, name: &str) -> Moment {
    let at = input.get(name).and_then(Value::as_f64).unwrap_or_default().max(0.0);
    Moment { whole: at as u64, beyond: at.fract() > 0.0 }
}
