//! One schedule, and what its target gets.

use crate::account::Account;
use crate::events::Retry;
use crate::events::schedule::Expression;
use serde_json::{Value, json};

/// When, and who gets what.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Its name in its group.
    pub name: String,
    /// Its group; `default` unless said otherwise.
    pub group: String,
    /// `arn:aws:scheduler:REGION:ACCOUNT:schedule/GROUP/NAME`.
    pub arn: String,
    /// What people read.
    pub description: Option<String>,
    /// When.
    pub expression: Expression,
    /// `ENABLED` or `DISABLED`.
    pub enabled: bool,
    /// Who.
    pub target: ScheduleTarget,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// Whether an `at()` is deleted once it has been due (`ActionAfterCompletion: DELETE`).
    pub delete_after: bool,
}

/// Who gets what of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleTarget {
    /// What is invoked.
    pub arn: String,
    /// The role Scheduler would take on.
    pub role: Option<String>,
    /// What it gets, with `<aws.scheduler.…>` in it; the default event otherwise.
    pub input: Option<String>,
    /// How long delivery is tried.
    pub retry: Retry,
    /// The queue for what could not be delivered.
    pub dead_letters: Option<String>,
}

/// What a schedule is found by.
pub(super) fn key(group: &str, name: &str) -> String {
    format!("{group}/{name}")
}

impl Schedule {
    pub(super) fn key(&self) -> String {
        key(&self.group, &self.name)
    }

    /// What the target gets when the schedule is due at this time.
    pub(super) fn input(&self, account: &Account, due: &str) -> Value {
        let Some(input) = &self.target.input else {
            let mut event = account.event(
                "aws.scheduler",
                "Scheduled Event",
                std::slice::from_ref(&self.arn),
                &json!("{}"),
            );
            event["time"] = due.into();
            return event;
        };
        let filled = input
            .replace("<aws.scheduler.scheduled-time>", due)
            .replace("<aws.scheduler.schedule-arn>", &self.arn)
            .replace("<aws.scheduler.execution-id>", &rehearsal_world::uuid().to_string())
            .replace("<aws.scheduler.attempt-number>", "1");
        serde_json::from_str(&filled).unwrap_or(Value::String(filled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(input: Option<&str>) -> Schedule {
        Schedule {
            name: "canary".to_owned(),
            group: "default".to_owned(),
            arn: "arn:aws:scheduler:us-east-1:123456789012:schedule/default/canary".to_owned(),
            description: None,
            expression: Expression::parse("rate(1 day)").unwrap(),
            enabled: true,
            target: ScheduleTarget {
                arn: "x".to_owned(),
                role: None,
                input: input.map(str::to_owned),
                retry: Retry::default(),
                dead_letters: None,
            },
            created: jiff::Timestamp::UNIX_EPOCH,
            delete_after: false,
        }
    }

    #[test]
    fn keywords_are_filled_in() {
        let input =
            schedule(Some(r#"{"at":"<aws.scheduler.scheduled-time>","by":"<aws.scheduler.schedule-arn>"}"#));
        let made = input.input(&Account::default(), "2026-01-31T00:00:00Z");
        assert_eq!(made["at"], "2026-01-31T00:00:00Z");
        assert!(made["by"].as_str().unwrap().ends_with("schedule/default/canary"));
    }

    #[test]
    fn without_input_there_is_the_default_event() {
        let made = schedule(None).input(&Account::default(), "2026-01-31T00:00:00Z");
        assert_eq!(
            (&made["source"], &made["time"]),
            (&json!("aws.scheduler"), &json!("2026-01-31T00:00:00Z"))
        );
        assert_eq!(made["detail"], "{}");
    }
}
