//! The ways in which the application misbehaves on request.

use crate::Say;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::sync::{Mutex, PoisonError};

/// The exit code of a process that SIGTERM ended, as a shell reports it.
pub const EXIT_DROPPED: u8 = 143;
/// The exit code of `--crash-after`.
pub const EXIT_CRASHED: u8 = 1;

/// Says what a start failure says, in one piece: what was tried, what went wrong, what it means.
pub fn explain_crash(version: &str, code: u8, say: &Say) {
    let lines = [
        format!("INFO  sample-webapp {version} starting"),
        "INFO  reading configuration".to_owned(),
        "ERROR cannot connect to the database at db.internal:5432: connection refused".to_owned(),
        format!("FATAL sample-webapp {version} cannot start without its database, exiting with code {code}"),
    ];
    say(&lines.join("\n"));
}

/// Draws which requests fail, or hang. The same seed draws the same ones, in the order in which they arrive.
pub struct Errors {
    rate: f64,
    draws: Mutex<StdRng>,
}

impl Errors {
    /// Fails the share `rate` of all requests.
    pub fn new(rate: f64, seed: u64) -> Self {
        Self { rate, draws: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// Whether the next request fails.
    pub fn strikes(&self) -> bool {
        self.rate > 0.0 && self.draws.lock().unwrap_or_else(PoisonError::into_inner).random_bool(self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_failures_and_about_their_share() {
        let draw = |seed| {
            let errors = Errors::new(0.3, seed);
            (0..1_000).map(|_| errors.strikes()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let failed = draw(7).iter().filter(|failed| **failed).count();
        assert!((250..350).contains(&failed), "{failed} of 1000 at a rate of 0.3");
        assert!(!(0..1_000).any(|_| Errors::new(0.0, 7).strikes()));
    }
}
