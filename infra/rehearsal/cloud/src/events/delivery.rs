//! Delivery: a target is tried until it takes the event, or until its retry policy gives up.

use super::rule::Retry;
use crate::input::text;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

/// The first wait between tries; each is twice the one before, up to the last.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LAST_WAIT: Duration = Duration::from_secs(30);

/// Where deliveries go. One implementation knows all services; tests bring their own.
pub trait Targets: Send + Sync {
    /// Invokes the target with this input once.
    fn invoke<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>>;
}

/// One input on its way to one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Who gets it.
    pub target_arn: String,
    /// What it gets.
    pub input: Value,
    /// The role it is done as.
    pub role: Option<String>,
    /// The rule or schedule it comes from.
    pub origin_arn: String,
}

impl Delivery {
    /// Whether it comes from a schedule, not from a rule.
    pub(crate) fn is_of_schedule(&self) -> bool {
        self.origin_arn.split(':').nth(2) == Some("scheduler")
    }
}

/// Why a target did not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The error's code, as a dead letter tells it.
    pub code: String,
    /// The error's message.
    pub message: String,
    /// Whether another try may help.
    pub retryable: bool,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target took it, at this try (the first is 1).
    Taken(u32),
    /// It was given up for this reason, and is in the dead-letter queue if there is one.
    GivenUp(Failed),
}

/// Tries until the target takes it or the policy gives up.
pub(crate) async fn deliver(targets: &dyn Targets, delivery: &Delivery, retry: Retry) -> Outcome {
    let began = Instant::now();
    let mut wait = FIRST_WAIT;
    let mut tries = 0;
    loop {
        tries += 1;
        let failed = match targets.invoke(delivery).await {
            Ok(()) => return Outcome::Taken(tries),
            Err(failed) => failed,
        };
        let spent = tries > retry.attempts || began.elapsed() + wait > retry.age;
        if !failed.retryable || spent {
            return Outcome::GivenUp(failed);
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LAST_WAIT);
    }
}

/// Delivers, and sends to the target's dead-letter queue what it would not take.
pub(crate) async fn deliver_or_bury(
    targets: &dyn Targets,
    delivery: &Delivery,
    retry: Retry,
    dead_letters: Option<&str>,
) -> Outcome {
    let outcome = deliver(targets, delivery, retry).await;
    if let Outcome::GivenUp(failed) = &outcome {
        tracing::warn!(
            target_arn = %delivery.target_arn, origin = %delivery.origin_arn, code = %failed.code,
            reason = %failed.message, id = text(&delivery.input, "id").unwrap_or_default(),
            "an event was given up"
        );
        if let Some(queue) = dead_letters {
            // A schedule sends its letters in the name of its role; a rule is let in by the queue's own policy.
            let role = delivery.role.clone().filter(|_| delivery.is_of_schedule());
            let letter = Delivery { target_arn: queue.to_owned(), role, ..delivery.clone() };
            // Nobody is left to tell if the dead-letter queue refuses, too; the warning above has said it.
            let _ = targets.invoke(&letter).await;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    /// Fails so many times, and notes whom it was asked for.
    struct Flaky {
        failures: Mutex<u32>,
        retryable: bool,
        asked: Mutex<Vec<String>>,
    }

    impl Flaky {
        fn new(failures: u32, retryable: bool) -> Self {
            Self { failures: Mutex::new(failures), retryable, asked: Mutex::default() }
        }
    }

    impl Targets for Flaky {
        fn invoke<'a>(
            &'a self,
            delivery: &'a Delivery,
        ) -> Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>> {
            self.asked.lock().push(delivery.target_arn.clone());
            let mut failures = self.failures.lock();
            let fails = *failures > 0 && delivery.target_arn == "machine";
            *failures = failures.saturating_sub(1);
            let failed =
                Failed { code: "Busy".to_owned(), message: String::new(), retryable: self.retryable };
            Box::pin(std::future::ready(if fails { Err(failed) } else { Ok(()) }))
        }
    }

    fn delivery() -> Delivery {
        Delivery {
            target_arn: "machine".to_owned(),
            input: Value::Null,
            role: None,
            origin_arn: "rule".to_owned(),
        }
    }

    async fn deliver_with(flaky: &Flaky, attempts: u32) -> Outcome {
        let retry = Retry { attempts, age: Duration::from_secs(3600) };
        deliver_or_bury(flaky, &delivery(), retry, Some("queue")).await
    }

    #[tokio::test(start_paused = true)]
    async fn tries_until_it_is_taken() {
        let flaky = Flaky::new(2, true);
        assert_eq!(deliver_with(&flaky, 5).await, Outcome::Taken(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_given_up_becomes_a_dead_letter() {
        let flaky = Flaky::new(9, true);
        assert!(matches!(deliver_with(&flaky, 2).await, Outcome::GivenUp(_)));
        assert_eq!(*flaky.asked.lock(), ["machine", "machine", "machine", "queue"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_work_is_not_tried_again_and_age_ends_it() {
        let flaky = Flaky::new(9, false);
        deliver_with(&flaky, 5).await;
        assert_eq!(*flaky.asked.lock(), ["machine", "queue"]);
        let flaky = Flaky::new(u32::MAX, true);
        let retry = Retry { attempts: 185, age: Duration::from_secs(1) };
        deliver(&flaky, &delivery(), retry).await;
        assert_eq!(flaky.asked.lock().len(), 3, "0 s, 0.2 s, 0.6 s; the next would be at 1.4 s");
    }
}
