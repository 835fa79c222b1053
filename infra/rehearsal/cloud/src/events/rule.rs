//! Rules and their targets, as a template or the API describes them.

use super::input::InputSpec;
use super::pattern::Pattern;
use super::schedule::Expression;
use std::time::Duration;

/// How long delivery goes on unless a target says otherwise: AWS's own limits.
const MAX_AGE: Duration = Duration::from_hours(24);
const MAX_ATTEMPTS: u32 = 185;

/// What is matched, or when it ticks, and who gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name on its bus.
    pub name: String,
    /// `arn:aws:events:REGION:ACCOUNT:rule/NAME`.
    pub arn: String,
    /// The event bus; `default` unless said otherwise.
    pub bus: String,
    /// What people read.
    pub description: Option<String>,
    /// Which events it takes.
    pub pattern: Option<Pattern>,
    /// When it ticks by itself.
    pub schedule: Option<Expression>,
    /// `ENABLED` or `DISABLED`.
    pub enabled: bool,
    /// Who gets it.
    pub targets: Vec<Target>,
}

/// One target of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Its id within the rule.
    pub id: String,
    /// What is invoked.
    pub arn: String,
    /// The role EventBridge would take on.
    pub role: Option<String>,
    /// What it gets.
    pub input: InputSpec,
    /// How long delivery is tried.
    pub retry: Retry,
    /// The queue for what could not be delivered.
    pub dead_letters: Option<String>,
}

/// How long delivery is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries after the first.
    pub attempts: u32,
    /// Age of an event at which it is given up.
    pub age: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: MAX_ATTEMPTS, age: MAX_AGE }
    }
}
