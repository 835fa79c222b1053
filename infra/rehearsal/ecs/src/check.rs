//! Container health checks: a command that runs beside the container again and again, and what its results come to.
//!
//! The first run is one interval after the container's start, each further one an interval after the end of the one
//! before. One success makes a container healthy, so many failures in a row unhealthy; what fails in the start period
//! counts only after a success.

use crate::container::Running;
use crate::ecs::Inner;
use crate::logs::Printed;
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What a definition may say, in seconds but for the retries, and what holds where it says nothing.
const INTERVAL: Bound = Bound { name: "interval", least: 5, most: 300, default: 30 };
const TIMEOUT: Bound = Bound { name: "timeout", least: 2, most: 60, default: 5 };
const RETRIES: Bound = Bound { name: "retries", least: 1, most: 10, default: 3 };
const START_PERIOD: Bound = Bound { name: "startPeriod", least: 0, most: 300, default: 0 };

struct Bound {
    name: &'static str,
    least: u64,
    most: u64,
    default: u64,
}

/// A container's health check as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckPlan {
    command: Vec<String>,
    interval: Duration,
    timeout: Duration,
    retries: u64,
    start_period: Duration,
}

/// How a container is, by its check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ContainerHealth {
    /// Not known yet, or without a check.
    #[default]
    Unknown,
    Healthy,
    Unhealthy,
}

impl ContainerHealth {
    /// AWS's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

impl CheckPlan {
    /// The health check of a container definition; none without one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(container: &Value) -> Result<Option<Self>, ApiError> {
        let check = &container["healthCheck"];
        if check.is_null() {
            return Ok(None);
        }
        let name = container["name"].as_str().unwrap_or_default();
        let wrong = |what: String| {
            ApiError::new(
                "ClientException",
                format!("Invalid 'healthCheck' setting for container '{name}'. {what}"),
            )
        };
        let words: Vec<String> = check["command"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect();
        let command = match words.split_first() {
            Some((kind, rest)) if kind == "CMD" && !rest.is_empty() => rest.to_vec(),
            Some((kind, rest)) if kind == "CMD-SHELL" && !rest.is_empty() => {
                vec!["/bin/sh".to_owned(), "-c".to_owned(), rest.join(" ")]
            }
            _ => return Err(wrong("The command must begin with CMD or CMD-SHELL.".to_owned())),
        };
        let number = |bound: Bound| match &check[bound.name] {
            Value::Null => Ok(bound.default),
            given => {
                given.as_u64().filter(|number| (bound.least..=bound.most).contains(number)).ok_or_else(|| {
                    wrong(format!("{} must be between {} and {}.", bound.name, bound.least, bound.most))
                })
            }
        };
        let seconds = |bound| number(bound).map(Duration::from_secs);
        Ok(Some(Self {
            command,
            interval: seconds(INTERVAL)?,
            timeout: seconds(TIMEOUT)?,
            retries: number(RETRIES)?,
            start_period: seconds(START_PERIOD)?,
        }))
    }
}

/// What the results so far come to.
#[derive(Debug, Default)]
struct Course {
    health: ContainerHealth,
    failures: u64,
}

impl Course {
    fn observe(&mut self, passed: bool, starting: bool, retries: u64) {
        if passed {
            (self.health, self.failures) = (ContainerHealth::Healthy, 0);
        } else if !starting || self.health != ContainerHealth::Unknown {
            self.failures += 1;
            if self.failures >= retries {
                self.health = ContainerHealth::Unhealthy;
            }
        }
    }
}

/// A check that is to be run beside a container.
pub(crate) struct Watch {
    pub(crate) inner: Arc<Inner>,
    pub(crate) task: String,
    /// Which of the task's containers.
    pub(crate) container: usize,
    pub(crate) plan: CheckPlan,
    /// What the container has.
    pub(crate) environment: Vec<(String, String)>,
    /// Rung when the task stops.
    pub(crate) stopping: CancellationToken,
}

impl Watch {
    /// Runs it until the task stops.
    pub(crate) async fn run(self) {
        let stopping = self.stopping.clone();
        let shutdown = self.inner.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = stopping.cancelled() => {}
            () = self.go_on() => {}
        }
    }

    async fn go_on(&self) {
        let (began, mut course) = (Instant::now(), Course::default());
        loop {
            sleep(self.plan.interval).await;
            let starting = began.elapsed() < self.plan.start_period;
            let passed = self.passes().await;
            course.observe(passed, starting, self.plan.retries);
            let health = course.health;
            self.inner.with(|state| {
                let container =
                    state.task_mut(&self.task).and_then(|task| task.containers.get_mut(self.container));
                if let Some(container) = container {
                    container.health = health;
                }
            });
        }
    }

    /// Whether the command ends with 0 in time. What prints it is kept by nobody.
    async fn passes(&self) -> bool {
        let (containers, watchdog) = (self.inner.config.containers.as_ref(), &self.inner.watchdog);
        let printed = Printed(Arc::default());
        match Running::start(containers, &self.plan.command, &self.environment, printed, watchdog) {
            // Dropped when its time is over, and so killed.
            Ok(process) => timeout(self.plan.timeout, process.exit()).await == Ok(0),
            Err(error) => {
                tracing::debug!(task = %self.task, %error, "a health check does not start");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(check: &Value) -> Result<Option<CheckPlan>, String> {
        CheckPlan::read(&json!({"name": "web", "healthCheck": check})).map_err(|error| error.message)
    }

    #[test]
    fn a_check_has_awss_defaults_and_bounds() {
        let plan = read(&json!({"command": ["CMD-SHELL", "curl -f localhost"]})).unwrap().unwrap();
        assert_eq!(plan.command, ["/bin/sh", "-c", "curl -f localhost"]);
        assert_eq!((plan.interval.as_secs(), plan.timeout.as_secs(), plan.retries), (30, 5, 3));
        assert_eq!(read(&Value::Null), Ok(None));
        for wrong in [
            json!({"command": []}),
            json!({"command": ["CMD"]}),
            json!({"command": ["curl", "localhost"]}),
            json!({"command": ["CMD", "true"], "interval": 4}),
            json!({"command": ["CMD", "true"], "timeout": 61}),
            json!({"command": ["CMD", "true"], "retries": 0}),
            json!({"command": ["CMD", "true"], "startPeriod": 301}),
        ] {
            assert!(read(&wrong).unwrap_err().contains("container 'web'"), "{wrong}");
        }
    }

    #[test]
    fn failures_in_the_start_period_count_only_after_a_success() {
        let mut course = Course::default();
        let mut seen = Vec::new();
        for (passed, starting) in
            [(false, true), (false, true), (false, false), (false, false), (true, false), (false, false)]
        {
            course.observe(passed, starting, 2);
            seen.push(course.health.name());
        }
        assert_eq!(seen, ["UNKNOWN", "UNKNOWN", "UNKNOWN", "UNHEALTHY", "HEALTHY", "HEALTHY"]);
        let mut started = Course::default();
        [true, false, false].into_iter().for_each(|passed| started.observe(passed, true, 2));
        assert_eq!(started.health, ContainerHealth::Unhealthy);
    }
}
