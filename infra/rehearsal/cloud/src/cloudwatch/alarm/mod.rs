//! Alarms: told, evaluated, set by hand; and whom a change of one is told.

mod rule;

use super::metric::Metric;
use super::stat::Stat;
use crate::account::{Account, epoch};
use crate::input::{page, required, text, texts};
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use rule::{Rule, State};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;

/// Alarms on a page unless asked otherwise.
const PAGE: usize = 50;

/// The properties of a template's alarm that the API tells under the same name.
const TOLD: [&str; 19] = [
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
    "Unit",
];

/// A change of an alarm's state that a topic is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    /// The topic's ARN, or whatever else the alarm names as its action.
    pub(crate) action: String,
    /// Such as `ALARM: "NAME" in us-east-1`.
    pub(crate) subject: String,
    /// What CloudWatch tells, as JSON: the members that people and programs read; `Trigger` is left out.
    pub(crate) message: String,
}

/// The alarms by name.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    all: Mutex<BTreeMap<String, Alarm>>,
    /// What is yet to be told.
    outbox: Mutex<Vec<Notification>>,
}

#[derive(Debug)]
struct Alarm {
    rule: Rule,
    state: State,
    /// Whatever else the API tells of it.
    told: Value,
}

impl Alarm {
    /// As the API tells it.
    fn describe(&self) -> Value {
        let mut told = self.told.clone();
        told["StateValue"] = self.state.name().into();
        told
    }
}

impl Alarms {
    /// Adds an alarm with a template's properties.
    ///
    /// # Errors
    /// What of it cannot be evaluated here.
    pub(super) fn add(
        &self,
        account: &Account,
        name: &str,
        properties: &Value,
        now: jiff::Timestamp,
    ) -> Result<(), String> {
        let rule = Rule::read(properties)?;
        let state = State::InsufficientData;
        let mut told = json!({
            "AlarmName": name,
            "AlarmArn": account.arn("cloudwatch", &format!("alarm:{name}")),
            "AlarmConfigurationUpdatedTimestamp": epoch(now),
            "StateReason": "Unchecked: Initial alarm creation",
            "StateUpdatedTimestamp": epoch(now),
        });
        for member in TOLD {
            if let Some(value) = properties.get(member) {
                told[member] = value.clone();
            }
        }
        if told.get("ActionsEnabled").is_none() {
            told["ActionsEnabled"] = true.into();
        }
        self.all.lock().insert(name.to_owned(), Alarm { rule, state, told });
        Ok(())
    }

    /// Evaluates every alarm, where periods end `until`.
    pub(super) fn evaluate(
        &self,
        account: &Account,
        value: impl Fn(&Metric, Stat, Range<u64>) -> Option<f64>,
        until: u64,
        now: jiff::Timestamp,
    ) {
        for alarm in self.all.lock().values_mut() {
            let (state, reason) = alarm.rule.evaluate(&value, until, alarm.state);
            self.turn(account, alarm, state, &reason, now);
        }
    }

    /// What is to be told since the last time.
    pub(super) fn notifications(&self) -> Vec<Notification> {
        std::mem::take(&mut *self.outbox.lock())
    }

    /// Gives an alarm another state, and notes whom to tell.
    fn turn(&self, account: &Account, alarm: &mut Alarm, state: State, reason: &str, now: jiff::Timestamp) {
        if state == alarm.state {
            return;
        }
        let before = std::mem::replace(&mut alarm.state, state);
        alarm.told["StateReason"] = reason.into();
        alarm.told["StateUpdatedTimestamp"] = epoch(now).into();
        if alarm.told["ActionsEnabled"] == false {
            return;
        }
        let actions = match state {
            State::Ok => "OKActions",
            State::Alarm => "AlarmActions",
            State::InsufficientData => "InsufficientDataActions",
        };
        let name = alarm.told["AlarmName"].as_str().unwrap_or_default();
        let message = json!({
            "AlarmName": name,
            "AlarmDescription": alarm.told.get("AlarmDescription"),
            "AWSAccountId": account.id,
            "NewStateValue": state.name(),
            "NewStateReason": reason,
            "StateChangeTime": now.to_string(),
            "Region": account.region,
            "AlarmArn": alarm.told["AlarmArn"],
            "OldStateValue": before.name(),
        });
        let told = texts(&alarm.told, actions).into_iter().map(|action| Notification {
            action: action.to_owned(),
            subject: format!("{}: \"{name}\" in {}", state.name(), account.region),
            message: message.to_string(),
        });
        self.outbox.lock().extend(told);
    }

    pub(super) fn describe(&self, input: &Value) -> Result<Value, ApiError> {
        let names = texts(input, "AlarmNames");
        let prefix = text(input, "AlarmNamePrefix").unwrap_or_default();
        let state = text(input, "StateValue");
        let composite_only = texts(input, "AlarmTypes") == ["CompositeAlarm"];
        let alarms: Vec<Value> = (self.all.lock().iter())
            .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
            .filter(|(name, alarm)| {
                !composite_only
                    && name.starts_with(prefix)
                    && state.is_none_or(|wanted| alarm.state.name() == wanted)
            })
            .map(|(_, alarm)| alarm.describe())
            .collect();
        let size =
            input.get("MaxRecords").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let (items, next) =
            page(&alarms, text(input, "NextToken"), size.unwrap_or(PAGE), "InvalidNextToken")?;
        let mut answer = json!({ "MetricAlarms": items, "CompositeAlarms": [] });
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }

    /// Sets an alarm by hand; the next evaluation sets it as it is.
    pub(super) fn set_state(
        &self,
        account: &Account,
        input: &Value,
        now: jiff::Timestamp,
    ) -> Result<Value, ApiError> {
        let name = required(input, "AlarmName", "ValidationError")?;
        let state = required(input, "StateValue", "ValidationError")?;
        let reason = required(input, "StateReason", "ValidationError")?;
        let unknown = || ApiError::new("InvalidFormat", format!("{state} is no state of an alarm"));
        let state = State::parse(state).ok_or_else(unknown)?;
        let mut all = self.all.lock();
        let missing = || ApiError::new("ResourceNotFound", "").with_status(404);
        let alarm = all.get_mut(name).ok_or_else(missing)?;
        self.turn(account, alarm, state, reason, now);
        Ok(json!({}))
    }
}
