//! Alarms as the template has them. They are told and can be set by hand; nothing evaluates them.

use crate::account::{Account, epoch};
use crate::input::{page, required, text, texts};
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

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

/// The alarms by name, as the API tells them.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    all: Mutex<BTreeMap<String, Value>>,
}

impl Alarms {
    /// Adds an alarm with a template's properties.
    pub(super) fn add(&self, account: &Account, name: &str, properties: &Value, now: jiff::Timestamp) {
        let mut alarm = json!({
            "AlarmName": name,
            "AlarmArn": account.arn("cloudwatch", &format!("alarm:{name}")),
            "AlarmConfigurationUpdatedTimestamp": epoch(now),
            "StateValue": "INSUFFICIENT_DATA",
            "StateReason": "Unchecked: Initial alarm creation",
            "StateUpdatedTimestamp": epoch(now),
        });
        for member in TOLD {
            if let Some(value) = properties.get(member) {
                alarm[member] = value.clone();
            }
        }
        if alarm.get("ActionsEnabled").is_none() {
            alarm["ActionsEnabled"] = true.into();
        }
        self.all.lock().insert(name.to_owned(), alarm);
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
                    && state.is_none_or(|wanted| alarm["StateValue"] == wanted)
            })
            .map(|(_, alarm)| alarm.clone())
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

    pub(super) fn set_state(&self, input: &Value, now: jiff::Timestamp) -> Result<Value, ApiError> {
        let name = required(input, "AlarmName", "ValidationError")?;
        let state = required(input, "StateValue", "ValidationError")?;
        let mut all = self.all.lock();
        let missing = || ApiError::new("ResourceNotFound", "").with_status(404);
        let alarm = all.get_mut(name).ok_or_else(missing)?;
        alarm["StateValue"] = state.into();
        alarm["StateReason"] = required(input, "StateReason", "ValidationError")?.into();
        alarm["StateUpdatedTimestamp"] = epoch(now).into();
        Ok(json!({}))
    }
}
