//! Configuration: what `template.yaml` gives a function through its environment.

use changeover_domain::settings::Raw;
use changeover_domain::span::Seconds;
use std::time::Duration;

/// When the state machine gives up on a function: where the stack does not say how long one may take, it is not longer.
const STATE_TIMEOUT: Seconds = Seconds(90);

/// What the stack says. Every function gets the same variables, so that none can disagree with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `CHANGEOVER_TABLE`: the ledger's table.
    pub table: String,
    /// `CHANGEOVER_STATE_MACHINE`: the state machine's ARN; only who starts executions needs it.
    pub state_machine: Option<String>,
    /// `CHANGEOVER_TOPIC`: the SNS topic that is told of outcomes; only `finish` needs it.
    pub topic: Option<String>,
    /// `CHANGEOVER_CLUSTER`: the cluster whose services may be deployed, or a pattern with `*` and `?`.
    pub cluster: String,
    /// `CHANGEOVER_REPOSITORY`: the ECR repository whose images may be deployed, or such a pattern.
    pub repository: String,
    /// `CHANGEOVER_TASK_ROLES`: the roles that a new revision may carry on, with their path, or such a pattern.
    pub task_roles: String,
    /// `CHANGEOVER_FUNCTION_TIMEOUT_SECONDS`: for how long a function may go on after its execution has died.
    pub function_timeout: Seconds,
    /// `CHANGEOVER_GATE_TIMEOUT_SECONDS`: how long the function may take that invokes other people's.
    pub hook_function: Seconds,
    /// `CHANGEOVER_DEFAULTS`: settings below the tags, a JSON object by the tags' names without prefix.
    pub defaults: Raw,
    /// `CHANGEOVER_POLL_SECONDS`: how long to wait between two looks.
    pub poll: Seconds,
    /// `CHANGEOVER_METRIC_PERIOD_SECONDS`: how long CloudWatch's periods are; 60 for load balancers.
    pub metric_period: Seconds,
    /// `CHANGEOVER_METRIC_DELAY_SECONDS`: how long until a period's numbers are complete.
    pub metric_delay: Seconds,
    /// `CHANGEOVER_CONVERGENCE_SECONDS`: how long a change of weights may take to reach every balancer node.
    pub convergence: Seconds,
    /// `CHANGEOVER_ROOM_PATIENCE_SECONDS`: how long a lack of room may last before it fails a deployment.
    pub room_patience: Seconds,
    /// `CHANGEOVER_DATA_PATIENCE_SECONDS`: how long a bake waits for requests to judge by before it fails.
    pub data_patience: Seconds,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong, all at once.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// The stack's name, which is also the state machine's; empty where no state machine is known.
    pub fn stack(&self) -> &str {
        self.state_machine.as_deref().and_then(|arn| arn.rsplit(':').next()).unwrap_or_default()
    }

    /// How long after a moment the load balancer's numbers of it can be read: its period ends, and is complete.
    pub fn numbers_after(&self) -> Seconds {
        Seconds(self.metric_period.0 + self.metric_delay.0)
    }

    /// How long a bake may go on after its own time: for its numbers to be there, and to be enough.
    pub fn after_bake(&self) -> Seconds {
        Seconds(self.numbers_after().0 + self.data_patience.0)
    }

    /// How long a hook's function may take for one answer: `gate` needs the rest of its own time to put that on record.
    pub fn hook_call(&self) -> Duration {
        Duration::from_secs(self.hook_function.0) * 9 / 10
    }

    /// Reads variables that somebody else keeps; an empty one is none.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut mistakes = Vec::new();
        let mut seconds = |name: &str, default: u64| match variable(name) {
            None => Seconds(default),
            Some(value) => value.parse().map(Seconds).unwrap_or_else(|_| {
                mistakes.push(format!("{name} is {value:?}, not a whole number of seconds"));
                Seconds(default)
            }),
        };
        let poll = seconds("CHANGEOVER_POLL_SECONDS", 10);
        let metric_period = seconds("CHANGEOVER_METRIC_PERIOD_SECONDS", 60);
        let metric_delay = seconds("CHANGEOVER_METRIC_DELAY_SECONDS", 120);
        let convergence = seconds("CHANGEOVER_CONVERGENCE_SECONDS", 120);
        let room_patience = seconds("CHANGEOVER_ROOM_PATIENCE_SECONDS", 300);
        let data_patience = seconds("CHANGEOVER_DATA_PATIENCE_SECONDS", 1800);
        let function_timeout = seconds("CHANGEOVER_FUNCTION_TIMEOUT_SECONDS", STATE_TIMEOUT.0);
        let hook_function = seconds("CHANGEOVER_GATE_TIMEOUT_SECONDS", function_timeout.0);
        let defaults = variable("CHANGEOVER_DEFAULTS").unwrap_or_else(|| "{}".to_owned());
        let defaults = serde_json::from_str(&defaults).unwrap_or_else(|error| {
            mistakes.push(format!("CHANGEOVER_DEFAULTS is not a JSON object of settings: {error}"));
            Raw::new()
        });
        let table = variable("CHANGEOVER_TABLE").unwrap_or_else(|| {
            mistakes.push("CHANGEOVER_TABLE is missing".to_owned());
            String::new()
        });
        let pattern = |name: &str| variable(name).unwrap_or_else(|| "*".to_owned());
        if !mistakes.is_empty() {
            return Err(mistakes.join("; "));
        }
        Ok(Self {
            table,
            state_machine: variable("CHANGEOVER_STATE_MACHINE"),
            topic: variable("CHANGEOVER_TOPIC"),
            cluster: pattern("CHANGEOVER_CLUSTER"),
            repository: pattern("CHANGEOVER_REPOSITORY"),
            task_roles: pattern("CHANGEOVER_TASK_ROLES"),
            function_timeout,
            hook_function,
            defaults,
            poll,
            metric_period,
            metric_delay,
            convergence,
            room_patience,
            data_patience,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_enough_and_every_mistake_is_told() {
        let only_table = |name: &str| (name == "CHANGEOVER_TABLE").then(|| "ledger".to_owned());
        let config = Config::read(only_table).unwrap();
        assert_eq!((config.table.as_str(), config.poll), ("ledger", Seconds(10)));
        assert_eq!((config.cluster.as_str(), config.repository.as_str()), ("*", "*"));
        assert_eq!(config.function_timeout, STATE_TIMEOUT);

        let with_machine = |name: &str| match name {
            "CHANGEOVER_STATE_MACHINE" => Some("arn:aws:states:us-east-1:1:stateMachine:shop".to_owned()),
            _ => only_table(name),
        };
        assert_eq!((config.stack(), Config::read(with_machine).unwrap().stack()), ("", "shop"));

        let wrong = |name: &str| (name != "CHANGEOVER_TABLE").then(|| "soon".to_owned());
        let mistakes = Config::read(wrong).unwrap_err();
        for part in ["CHANGEOVER_TABLE", "CHANGEOVER_POLL_SECONDS", "CHANGEOVER_DEFAULTS"] {
            assert!(mistakes.contains(part), "{part} in {mistakes}");
        }
    }
}
