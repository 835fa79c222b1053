//! What an alarm watches and when it is raised. Pure.
//!
//! As in AWS (CloudWatch's guide, "Evaluating an alarm"): the last periods before the look are compared with the threshold,
//! each period as long as the alarm says and ending where the next one begins. A period without data is what
//! `TreatMissingData` makes of it.

use crate::cloudwatch::metric::Metric;
use crate::cloudwatch::stat::Stat;
use crate::input::{list, text};
use serde_json::Value;
use std::ops::Range;

/// The only expression that is evaluated: the sum of all metrics of the alarm.
const SUM: &str = "SUM(METRICS())";

/// The longest that all periods of an alarm are together, in seconds: a day.
const LONGEST: u64 = 86_400;

/// How an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cloudwatch) enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    /// As the API names it.
    pub(in crate::cloudwatch) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// By its name.
    pub(in crate::cloudwatch) fn parse(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.name() == name)
    }
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    GreaterOrEqual,
    Greater,
    Less,
    LessOrEqual,
}

impl Comparison {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "GreaterThanOrEqualToThreshold" => Self::GreaterOrEqual,
            "GreaterThanThreshold" => Self::Greater,
            "LessThanThreshold" => Self::Less,
            "LessThanOrEqualToThreshold" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn is_breached(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterOrEqual => value >= threshold,
            Self::Greater => value > threshold,
            Self::Less => value < threshold,
            Self::LessOrEqual => value <= threshold,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "greater than or equal to",
            Self::Greater => "greater than",
            Self::Less => "less than",
            Self::LessOrEqual => "less than or equal to",
        }
    }
}

/// What a period without data counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    Breaching,
    NotBreaching,
    /// The alarm stays as it is if there is nothing else.
    Ignore,
    /// There is insufficient data if there is nothing else.
    Missing,
}

/// An alarm's rule.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cloudwatch) struct Rule {
    /// What is watched; of several the sum.
    series: Vec<(Metric, Stat)>,
    /// The length of a period, in seconds.
    period: u64,
    /// How many periods are looked at.
    evaluations: u64,
    /// How many of them have to be breaching.
    datapoints: u64,
    threshold: f64,
    comparison: Comparison,
    silence: Silence,
}

impl Rule {
    /// Reads the properties of a template's alarm, or the input of PutMetricAlarm.
    ///
    /// # Errors
    /// What the rehearsal does not evaluate, or what is missing.
    pub(in crate::cloudwatch) fn read(alarm: &Value) -> Result<Self, String> {
        let (series, period) = series(alarm)?;
        let evaluations = whole(alarm, "EvaluationPeriods").ok_or("EvaluationPeriods is no number")?;
        let datapoints = whole(alarm, "DatapointsToAlarm").unwrap_or(evaluations);
        if evaluations == 0 || datapoints == 0 || datapoints > evaluations {
            return Err(format!("{datapoints} of {evaluations} periods cannot be evaluated"));
        }
        if period.saturating_mul(evaluations) > LONGEST {
            return Err(format!("{evaluations} periods of {period} s are longer than a day"));
        }
        let comparison = text(alarm, "ComparisonOperator").unwrap_or_default();
        let silence = match text(alarm, "TreatMissingData") {
            Some("breaching") => Silence::Breaching,
            Some("notBreaching") => Silence::NotBreaching,
            Some("ignore") => Silence::Ignore,
            Some("missing") | None => Silence::Missing,
            Some(other) => return Err(format!("TreatMissingData {other} is not known")),
        };
        Ok(Self {
            series,
            period,
            evaluations,
            datapoints,
            threshold: number(alarm, "Threshold").ok_or("Threshold is no number")?,
            comparison: Comparison::parse(comparison)
                .ok_or_else(|| format!("ComparisonOperator {comparison} is not evaluated here"))?,
            silence,
        })
    }

    /// How the alarm is, and why, where periods end now. `value` tells a metric's statistic within a span of seconds.
    pub(in crate::cloudwatch) fn evaluate(
        &self,
        value: impl Fn(&Metric, Stat, Range<u64>) -> Option<f64>,
        now: u64,
        before: State,
    ) -> (State, String) {
        let windows = (1..=self.evaluations).map(|back| now.saturating_sub(back * self.period));
        let points: Vec<Option<f64>> = windows
            .map(|from| {
                let of = |(metric, stat): &(Metric, Stat)| value(metric, *stat, from..from + self.period);
                self.series.iter().filter_map(of).reduce(|sum, value| sum + value)
            })
            .collect();
        let seen: Vec<f64> = points.iter().copied().flatten().collect();
        let is_breaching = |value: &&f64| self.comparison.is_breached(**value, self.threshold);
        let breaching = u64::try_from(seen.iter().filter(is_breaching).count()).unwrap_or(u64::MAX);
        let missing = self.evaluations - u64::try_from(seen.len()).unwrap_or(self.evaluations);
        let taken_as = if self.silence == Silence::Breaching { missing } else { 0 };
        let state = match self.silence {
            _ if breaching + taken_as >= self.datapoints => State::Alarm,
            Silence::Ignore if seen.is_empty() => before,
            Silence::Missing if seen.is_empty() => State::InsufficientData,
            _ => State::Ok,
        };
        (state, self.reason(&seen, breaching, missing))
    }

    fn reason(&self, seen: &[f64], breaching: u64, missing: u64) -> String {
        if seen.is_empty() {
            return format!("Threshold Crossed: no datapoints were received for {missing} period(s).");
        }
        let (words, threshold) = (self.comparison.words(), self.threshold);
        format!(
            "Threshold Crossed: {breaching} out of the last {} datapoints {seen:?} was {words} the threshold ({threshold:?}) (minimum {} datapoint(s) for OK -> ALARM transition).",
            self.evaluations, self.datapoints
        )
    }
}

/// What is watched, and in which periods.
fn series(alarm: &Value) -> Result<(Vec<(Metric, Stat)>, u64), String> {
    let queries = list(alarm, "Metrics");
    if queries.is_empty() {
        let name = text(alarm, "Statistic").or(text(alarm, "ExtendedStatistic")).unwrap_or_default();
        let period = whole(alarm, "Period").ok_or("Period is no number")?;
        return Ok((vec![one(alarm, name)?], period));
    }
    let (mut series, mut periods) = (Vec::new(), Vec::new());
    for query in queries {
        match (query.get("MetricStat"), text(query, "Expression")) {
            (Some(asked), None) if query.get("ReturnData") == Some(&Value::Bool(false)) => {
                series.push(one(&asked["Metric"], text(asked, "Stat").unwrap_or_default())?);
                periods.push(whole(asked, "Period").ok_or("Period is no number")?);
            }
            (None, Some(SUM)) => {}
            (_, expression) => {
                return Err(format!(
                    "{:?} is not evaluated here, only {SUM}",
                    expression.unwrap_or("a metric")
                ));
            }
        }
    }
    periods.dedup();
    match periods.as_slice() {
        [period] => Ok((series, *period)),
        _ => Err(format!("its metrics have the periods {periods:?}")),
    }
}

fn one(metric: &Value, stat: &str) -> Result<(Metric, Stat), String> {
    let namespace = text(metric, "Namespace").ok_or("Namespace is missing")?;
    text(metric, "MetricName").ok_or("MetricName is missing")?;
    Ok((Metric::read(namespace, metric), Stat::parse(stat).ok_or_else(|| format!("{stat} is no statistic"))?))
}

/// A number, which a template's parameter gives as text.
fn number(value: &Value, name: &str) -> Option<f64> {
    let value = value.get(name)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn whole(value: &Value, name: &str) -> Option<u64> {
    let value = value.get(name)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn alarm(more: &Value) -> Value {
        let mut alarm = json!({
            "Namespace": "Changeover", "MetricName": "Deployments", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": "2", "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Dimensions": [{"Name": "Outcome", "Value": "NeedsHuman"}],
        });
        for (name, value) in more.as_object().unwrap() {
            alarm[name] = value.clone();
        }
        alarm
    }

    /// The state at 600 where each pair is a second and a value of the only metric.
    fn state(more: &Value, data: &[(u64, f64)], before: State) -> State {
        let value = |_: &Metric, _: Stat, span: Range<u64>| {
            data.iter().filter(|(at, _)| span.contains(at)).map(|(_, value)| *value).reduce(|a, b| a + b)
        };
        Rule::read(&alarm(more)).unwrap().evaluate(value, 600, before).0
    }

    #[test]
    fn the_last_periods_before_the_look_are_compared() {
        let once = json!({});
        assert_eq!(state(&once, &[(540, 1.0), (599, 1.0)], State::Ok), State::Alarm);
        assert_eq!(state(&once, &[(539, 1.0), (599, 1.0)], State::Alarm), State::Ok);
        assert_eq!(state(&once, &[(599, 1.0), (600, 1.0)], State::Ok), State::Ok, "that is yet to come");
        let two_of_three = json!({ "EvaluationPeriods": 3, "DatapointsToAlarm": 2 });
        assert_eq!(state(&two_of_three, &[(421, 2.0), (481, 0.0), (541, 3.0)], State::Ok), State::Alarm);
        assert_eq!(state(&two_of_three, &[(421, 1.0), (481, 0.0), (541, 3.0)], State::Ok), State::Ok);
        let below = json!({ "ComparisonOperator": "LessThanThreshold" });
        assert_eq!(state(&below, &[(599, 1.0)], State::Ok), State::Alarm);
    }

    #[test]
    fn silence_is_what_the_alarm_makes_of_it() {
        let cases = [
            ("breaching", State::Alarm),
            ("notBreaching", State::Ok),
            ("ignore", State::Alarm),
            ("missing", State::InsufficientData),
        ];
        for (treat, expected) in cases {
            assert_eq!(state(&json!({ "TreatMissingData": treat }), &[], State::Alarm), expected, "{treat}");
        }
    }

    #[test]
    fn several_metrics_are_summed_up() {
        let part = |id: &str| {
            let metric = json!({ "Namespace": "AWS/Lambda", "MetricName": id });
            json!({ "Id": id, "ReturnData": false, "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } })
        };
        let alarm = json!({
            "Metrics": [{ "Id": "all", "Expression": SUM }, part("a"), part("b")], "EvaluationPeriods": 1,
            "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold",
        });
        let rule = Rule::read(&alarm).unwrap();
        let (state, reason) = rule.evaluate(|_, _, _| Some(3.0), 600, State::Ok);
        assert_eq!(state, State::Alarm);
        assert!(
            reason.starts_with("Threshold Crossed: 1 out of the last 1 datapoints [6.0] was"),
            "{reason}"
        );
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        let why = |more: &Value| Rule::read(&alarm(more)).unwrap_err();
        assert!(why(&json!({ "Threshold": "many" })).contains("Threshold"));
        assert!(why(&json!({ "DatapointsToAlarm": 2 })).contains("2 of 1"));
        assert!(
            why(&json!({ "ComparisonOperator": "GreaterThanUpperThreshold" })).contains("not evaluated here")
        );
        assert!(why(&json!({ "Metrics": [{ "Id": "x", "Expression": "a / b" }] })).contains("a / b"));
        assert!(why(&json!({ "Period": 86_400, "EvaluationPeriods": 2 })).contains("longer than a day"));
    }
}
