//! Alarms: put, told, evaluated, set by hand; and whom a change of one is told.

mod composite;
mod put;
mod rule;

use super::metric::Metric;
use super::stat::Stat;
use crate::account::{Account, epoch};
use crate::input::{page, required, text, texts};
use parking_lot::Mutex;
use put::{Put, Watches};
use rehearsal_wire::ApiError;
use rule::{Rule, State};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Alarms on a page unless asked otherwise.
const PAGE: usize = 50;
/// Alarms kept.
const MAX_ALARMS: usize = 1_000;
/// The two kinds of alarms, as DescribeAlarms is asked for them.
const METRIC: &str = "MetricAlarm";
const COMPOSITE: &str = "CompositeAlarm";

/// Ways to ask for alarms that are not offered.
const NOT_OFFERED: [&str; 3] = ["ActionPrefix", "ChildrenOfAlarmName", "ParentsOfAlarmName"];

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
    watches: Watches,
    state: State,
    /// Whatever else the API tells of it.
    told: Value,
}

impl Alarm {
    fn is_composite(&self) -> bool {
        matches!(self.watches, Watches::Alarms { .. })
    }

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
        let watches = Watches::Metrics(Rule::read(properties)?);
        self.keep(account, Put { name, watches, told: put::told(properties) }, now);
        Ok(())
    }

    /// Keeps an alarm. One that was there stays in its state, as in AWS, and is overwritten otherwise.
    fn keep(&self, account: &Account, put: Put<'_>, now: jiff::Timestamp) {
        let Put { name, watches, mut told } = put;
        let mut all = self.all.lock();
        let before = all.get(name);
        told["AlarmName"] = name.into();
        told["AlarmArn"] = account.arn("cloudwatch", &format!("alarm:{name}")).into();
        told["AlarmConfigurationUpdatedTimestamp"] = epoch(now).into();
        told["StateReason"] = before.map_or_else(
            || "Unchecked: Initial alarm creation".into(),
            |before| before.told["StateReason"].clone(),
        );
        told["StateUpdatedTimestamp"] =
            before.map_or_else(|| epoch(now).into(), |before| before.told["StateUpdatedTimestamp"].clone());
        let state = before.map_or(State::InsufficientData, |before| before.state);
        all.insert(name.to_owned(), Alarm { watches, state, told });
        self.of_alarms(account, &mut all, BTreeSet::new(), now);
    }

    /// Answers PutMetricAlarm.
    pub(super) fn put_metric(
        &self,
        account: &Account,
        input: &Value,
        now: jiff::Timestamp,
    ) -> Result<Value, ApiError> {
        let put = put::metric(input)?;
        self.may_be_kept(put.name, false)?;
        self.keep(account, put, now);
        Ok(json!({}))
    }

    /// Answers PutCompositeAlarm.
    pub(super) fn put_composite(
        &self,
        account: &Account,
        input: &Value,
        now: jiff::Timestamp,
    ) -> Result<Value, ApiError> {
        let name = required(input, "AlarmName", put::INVALID)?;
        let is_new = !self.all.lock().contains_key(name);
        let put = put::composite(input, is_new)?;
        self.may_be_kept(put.name, true)?;
        if let Watches::Alarms { rule, .. } = &put.watches {
            let all = self.all.lock();
            let missing: Vec<&str> =
                rule.children().into_iter().filter(|child| !all.contains_key(*child)).collect();
            if !missing.is_empty() {
                return Err(ApiError::new(
                    put::INVALID,
                    format!(
                        "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
                        missing.join(", ")
                    ),
                ));
            }
        }
        self.keep(account, put, now);
        Ok(json!({}))
    }

    fn may_be_kept(&self, name: &str, is_composite: bool) -> Result<(), ApiError> {
        let all = self.all.lock();
        match all.get(name) {
            Some(before) if before.is_composite() != is_composite => Err(ApiError::new(
                put::INVALID,
                format!(
                    "{name} is an alarm of the other kind: a metric alarm and a composite one cannot have one name"
                ),
            )),
            None if all.len() >= MAX_ALARMS => {
                Err(ApiError::new("LimitExceeded", format!("the rehearsal keeps {MAX_ALARMS} alarms")))
            }
            _ => Ok(()),
        }
    }

    /// Answers DeleteAlarms: all of them, or none if one cannot be deleted.
    pub(super) fn delete(&self, input: &Value) -> Result<Value, ApiError> {
        let names: BTreeSet<&str> = texts(input, "AlarmNames").into_iter().collect();
        let mut all = self.all.lock();
        if names.iter().any(|name| !all.contains_key(*name)) {
            return Err(ApiError::new("ResourceNotFound", "").with_status(404));
        }
        if names.iter().filter(|name| all[**name].is_composite()).count() > 1 {
            let message = "a request may delete at most one composite alarm";
            return Err(ApiError::new(put::INVALID, message));
        }
        let others = all.iter().filter(|(name, _)| !names.contains(name.as_str()));
        let needed: BTreeSet<&str> = others
            .filter_map(|(_, alarm)| match &alarm.watches {
                Watches::Alarms { rule, .. } => Some(rule.children()),
                Watches::Metrics(_) => None,
            })
            .flatten()
            .collect();
        if let Some(name) = names.iter().find(|name| needed.contains(*name)) {
            let message = format!("Cannot delete {name} as there are composite alarm(s) depending on it.");
            return Err(ApiError::new(put::INVALID, message));
        }
        all.retain(|name, _| !names.contains(name.as_str()));
        Ok(json!({}))
    }

    /// Evaluates every alarm, where periods end `until`.
    pub(super) fn evaluate(
        &self,
        account: &Account,
        value: impl Fn(&Metric, Stat, Range<u64>) -> Option<f64>,
        until: u64,
        now: jiff::Timestamp,
    ) {
        let mut all = self.all.lock();
        let mut changed = BTreeSet::new();
        for (name, alarm) in all.iter_mut() {
            let Watches::Metrics(rule) = &alarm.watches else { continue };
            let (state, reason) = rule.evaluate(&value, until, alarm.state);
            if self.turn(account, alarm, state, &reason, now) {
                changed.insert(name.clone());
            }
        }
        self.of_alarms(account, &mut all, changed, now);
    }

    /// Evaluates the composite alarms that are new, or of which an alarm has changed, and those of which they are a part. A
    /// cycle of them ends it.
    fn of_alarms(
        &self,
        account: &Account,
        all: &mut BTreeMap<String, Alarm>,
        mut changed: BTreeSet<String>,
        now: jiff::Timestamp,
    ) {
        let rounds = all.values().filter(|alarm| alarm.is_composite()).count();
        for _ in 0..rounds {
            let states: BTreeMap<String, State> =
                all.iter().map(|(name, alarm)| (name.clone(), alarm.state)).collect();
            let state_of = |name: &str| states.get(name).copied();
            let mut next = BTreeSet::new();
            for (name, alarm) in all.iter_mut() {
                let Watches::Alarms { rule, news } = &mut alarm.watches else { continue };
                let child =
                    rule.children().into_iter().find(|child| changed.contains(*child)).map(str::to_owned);
                if news.is_none() && child.is_none() {
                    continue;
                }
                let state = if rule.holds(&state_of) { State::Alarm } else { State::Ok };
                let arn = |name: &str| account.arn("cloudwatch", &format!("alarm:{name}"));
                let reason = match (news.take(), child) {
                    (None, Some(child)) => {
                        let became = states[&child].name();
                        let at = now.strftime("%A %d %B, %Y %H:%M:%S UTC");
                        format!("{} transitioned to {became} at {at}", arn(&child))
                    }
                    (news, _) => {
                        format!("{} {} {}", arn(name), news.unwrap_or_default(), state.name())
                    }
                };
                if self.turn(account, alarm, state, &reason, now) {
                    next.insert(name.clone());
                }
            }
            changed = next;
            if changed.is_empty() {
                break;
            }
        }
    }

    /// What is to be told since the last time.
    pub(super) fn notifications(&self) -> Vec<Notification> {
        std::mem::take(&mut *self.outbox.lock())
    }

    /// Gives an alarm another state, and notes whom to tell. Whether it was in another one.
    fn turn(
        &self,
        account: &Account,
        alarm: &mut Alarm,
        state: State,
        reason: &str,
        now: jiff::Timestamp,
    ) -> bool {
        if state == alarm.state {
            return false;
        }
        let before = std::mem::replace(&mut alarm.state, state);
        alarm.told["StateReason"] = reason.into();
        alarm.told["StateUpdatedTimestamp"] = epoch(now).into();
        if alarm.told["ActionsEnabled"] == false {
            return true;
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
        true
    }

    pub(super) fn describe(&self, input: &Value) -> Result<Value, ApiError> {
        if let Some(member) = NOT_OFFERED.iter().find(|member| text(input, member).is_some()) {
            return Err(ApiError::new(put::INVALID, format!("the rehearsal finds no alarms by {member}")));
        }
        let names = texts(input, "AlarmNames");
        let prefix = text(input, "AlarmNamePrefix").unwrap_or_default();
        let state = text(input, "StateValue");
        // Whoever names no types asks for metric alarms.
        let types = texts(input, "AlarmTypes");
        let types = if types.is_empty() { vec![METRIC] } else { types };
        let found: Vec<(bool, Value)> = (self.all.lock().iter())
            .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
            .filter(|(name, alarm)| {
                types.contains(&if alarm.is_composite() { COMPOSITE } else { METRIC })
                    && name.starts_with(prefix)
                    && state.is_none_or(|wanted| alarm.state.name() == wanted)
            })
            .map(|(_, alarm)| (alarm.is_composite(), alarm.describe()))
            .collect();
        let size =
            input.get("MaxRecords").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let (items, next) = page(&found, text(input, "NextToken"), size.unwrap_or(PAGE), "InvalidNextToken")?;
        let (composite, metric): (Vec<_>, Vec<_>) = items.into_iter().partition(|(composite, _)| *composite);
        let told =
            |alarms: Vec<(bool, Value)>| -> Vec<Value> { alarms.into_iter().map(|(_, told)| told).collect() };
        let mut answer = json!({ "MetricAlarms": told(metric), "CompositeAlarms": told(composite) });
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }

    /// Sets an alarm by hand; the next evaluation sets it as it is. A composite one is evaluated when one of its alarms
    /// changes.
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
        if self.turn(account, alarm, state, reason, now) {
            self.of_alarms(account, &mut all, BTreeSet::from([name.to_owned()]), now);
        }
        Ok(json!({}))
    }
}
