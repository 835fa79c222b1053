//! Reads that are late: what AWS answered a moment ago, though something has been changed since.
//!
//! Amazon ECS, Elastic Load Balancing and Step Functions promise no read-after-write. Whoever looks again within the lag gets
//! the oldest answer of that span that they were given; an execution that has ended is told to run for as long.

use parking_lot::Mutex;
use rehearsal_wire::{Call, Service};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Answers that are kept of one question; the oldest go first.
const MAX_ANSWERS: usize = 64;
/// What a read is called.
const READS: [&str; 2] = ["Describe", "List"];

/// The answers of the last moments, by who asked what.
#[derive(Debug, Default)]
pub(crate) struct Stale {
    answers: Mutex<BTreeMap<String, VecDeque<(Instant, Value)>>>,
}

impl Stale {
    /// What a call is kept under; nothing for one that is no read of a service whose reads may be late.
    pub(crate) fn question(caller: &str, call: &Call) -> Option<String> {
        let is_late = matches!(call.service, Service::Ecs | Service::Elbv2 | Service::StepFunctions);
        let reads = READS.iter().any(|start| call.operation.starts_with(start));
        (is_late && reads).then(|| format!("{caller} {:?} {} {}", call.service, call.operation, call.input))
    }

    /// Keeps an answer, and gives the one that a replica of so much lag would have given.
    pub(crate) fn answer(&self, question: String, fresh: Value, lag: Duration) -> Value {
        let now = Instant::now();
        let mut all = self.answers.lock();
        let answers = all.entry(question).or_default();
        answers.push_back((now, fresh));
        while answers.len() > MAX_ANSWERS
            || answers.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > lag)
        {
            answers.pop_front();
        }
        let oldest = answers.front().map(|(_, answer)| answer.clone()).unwrap_or_default();
        still_running(oldest, lag)
    }
}

/// An execution that ended within the lag is told to run.
fn still_running(mut answer: Value, lag: Duration) -> Value {
    let (Some(stopped), true) = (answer["stopDate"].as_f64(), answer["executionArn"].is_string()) else {
        return answer;
    };
    if seconds() < stopped + lag.as_secs_f64()
        && let Some(fields) = answer.as_object_mut()
    {
        fields.insert("status".to_owned(), "RUNNING".into());
        for known_at_the_end in ["stopDate", "output", "outputDetails", "error", "cause"] {
            fields.remove(known_at_the_end);
        }
    }
    answer
}

/// Seconds since 1970, as Step Functions tells time.
fn seconds() -> f64 {
    rehearsal_world::now().duration_since(jiff::Timestamp::UNIX_EPOCH).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LAG: Duration = Duration::from_secs(3);

    #[tokio::test(start_paused = true)]
    async fn a_read_after_a_write_shows_what_was_before_it_for_as_long_as_the_lag() {
        let stale = Stale::default();
        let ask = |fresh: u32| {
            stale.answer("who what".to_owned(), json!({ "weight": fresh }), LAG)["weight"].clone()
        };
        assert_eq!(ask(0), 0);
        assert_eq!(ask(50), 0, "it was written a moment ago");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(ask(50), 0);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(ask(50), 50, "older than the lag nothing is");
        assert_eq!(stale.answer("somebody else".to_owned(), json!({ "weight": 50 }), LAG)["weight"], 50);
    }

    #[test]
    fn an_execution_that_has_just_ended_is_told_to_run() {
        let ended = |ago: f64| {
            let stopped = seconds() - ago;
            let answer =
                json!({"executionArn": "arn", "status": "ABORTED", "stopDate": stopped, "cause": "c"});
            still_running(answer, LAG)
        };
        assert_eq!(ended(1.0), json!({"executionArn": "arn", "status": "RUNNING"}));
        assert_eq!(ended(4.0)["status"], "ABORTED");
    }
}
