//! What a soak adds up to.

use super::Round;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a soak adds up to.
#[derive(Debug, Clone, Serialize)]
pub struct Tally {
    /// The seed that repeats it.
    pub seed: u64,
    /// Requests a second.
    pub rate: f64,
    /// How long it ran.
    pub minutes: f64,
    /// How many rounds.
    pub rounds: u64,
    /// How many deployments.
    pub deployments: u64,
    /// By how they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Rounds with trouble.
    pub faults: u64,
    /// Requests that users sent while rounds went on.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that failed and were not answered by a version that errs by itself.
    pub attributable: u64,
    /// Whether everything held.
    pub held: bool,
    /// The rounds in which something did not.
    pub broken: Vec<Round>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(seed: u64, rate: f64) -> Self {
        Self {
            seed,
            rate,
            minutes: 0.0,
            rounds: 0,
            deployments: 0,
            outcomes: BTreeMap::new(),
            faults: 0,
            requests: 0,
            failed: 0,
            attributable: 0,
            held: true,
            broken: Vec::new(),
        }
    }

    /// Adds a round that ended so long after the beginning.
    pub fn add(&mut self, round: Round, elapsed: Duration) {
        self.minutes = elapsed.as_secs_f64() / 60.0;
        self.rounds += 1;
        self.deployments += round.outcomes.len() as u64;
        for outcome in &round.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += 1;
        }
        self.faults += u64::from(round.trouble != super::Trouble::None.words());
        self.requests += round.requests;
        self.failed += round.failed;
        self.attributable += round.attributable;
        if !round.broken.is_empty() {
            self.held = false;
            self.broken.push(round);
        }
    }

    /// In words, for people.
    pub fn words(&self) -> String {
        let outcomes: Vec<String> =
            self.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        format!(
            "{:.1} minutes, seed {}: {} deployments ({}), {} rounds with a fault, {} requests, {} failed, {} of them attributable to the deployer; {}",
            self.minutes,
            self.seed,
            self.deployments,
            outcomes.join(", "),
            self.faults,
            self.requests,
            self.failed,
            self.attributable,
            if self.held {
                "everything held".to_owned()
            } else {
                format!("{} rounds did not hold", self.broken.len())
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_round_is_enough() {
        let round = |broken: &[&str]| Round {
            number: 1,
            service: "main/web".into(),
            deed: "v1 good; no trouble".into(),
            trouble: "no trouble".into(),
            outcomes: vec!["Succeeded".into()],
            requests: 10,
            failed: 0,
            attributable: 0,
            broken: broken.iter().map(|one| (*one).to_owned()).collect(),
            seconds: 1.0,
        };
        let mut tally = Tally::new(7, 100.0);
        tally.add(round(&[]), Duration::from_secs(60));
        assert!(tally.held);
        tally.add(round(&["invariant 1"]), Duration::from_secs(120));
        assert!(!tally.held && tally.words().contains("1 rounds did not hold"), "{}", tally.words());
        assert_eq!((tally.deployments, tally.faults), (2, 0));
    }
}
