//! Evidence that may be looked at as often as one likes: an e-process.
//!
//! It is the money of a gambler who bets against "the version is no worse than tolerated", in bets that are fair if that
//! is so. He seldom gets rich then: a thousandfold in one of a thousand deployments, however long he plays and however
//! often one looks (Ville's inequality). His money is spread over several guesses of how much worse the version is, and
//! over the periods in which it may have become so: a long good time does not buy a bad one.

use serde::{Deserialize, Serialize};

/// How much worse than tolerated a version may be, as factors of the odds: what is bet on.
pub const GUESSES: [f64; 8] = [1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 1000.0];
/// What part of the money is put on each: most on slight harm, since gross harm makes up for a small stake at once.
const STAKES: [f64; 8] = [0.2, 0.2, 0.2, 0.2, 0.1, 0.05, 0.03, 0.02];
/// What part of it is kept for what begins later than the first bet.
const KEPT: f64 = 0.25;
/// The money of a guess is not followed below e to the minus this: what is put on later is more.
const RUINED: f64 = -300.0;
/// Nor above e to this: it is proven long before.
const RICH: f64 = 1e6;
/// What is kept has so many digits after the point, so that it comes back from JSON as it went.
const DIGITS: f64 = 1e6;

/// A number as it is kept.
pub(super) fn kept(number: f64) -> f64 {
    (number * DIGITS).round() / DIGITS
}

/// What the bets so far have come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Evidence {
    /// The logarithm of the money on each guess; empty before the first bet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    money: Vec<f64>,
    /// How many periods were bet on.
    #[serde(default)]
    bets: u32,
    /// The logarithm of all the money, what was not bet yet included.
    #[serde(default)]
    ln: f64,
}

impl Evidence {
    /// Bets on one more period; `ln_factor` is how much better it fits a guess than what is tolerated.
    ///
    /// Of what is kept, 1/(t(t−1)) is put on what begins with bet t, so that all of it is 1.
    pub fn bet(&mut self, ln_factor: impl Fn(f64) -> f64) {
        let bet = f64::from(self.bets) + 1.0;
        let fresh = if self.bets == 0 { 1.0 - KEPT } else { KEPT / (bet * (bet - 1.0)) };
        self.money.resize(GUESSES.len(), f64::MIN);
        for ((money, guess), stake) in self.money.iter_mut().zip(GUESSES).zip(STAKES) {
            *money = kept((ln_sum(*money, (fresh * stake).ln()) + ln_factor(guess)).clamp(RUINED, RICH));
        }
        self.bets = self.bets.saturating_add(1);
        let unspent = (KEPT / f64::from(self.bets)).ln();
        self.ln = kept(self.money.iter().fold(unspent, |sum, money| ln_sum(sum, *money)));
    }

    /// The logarithm of all the money, what was not bet yet included: 0 at the beginning.
    pub fn ln(&self) -> f64 {
        self.ln
    }
}

/// What is so much smaller is lost among the digits.
const LOST: f64 = 40.0;

/// ln(e^a + e^b).
pub(super) fn ln_sum(a: f64, b: f64) -> f64 {
    let (large, small) = if a > b { (a, b) } else { (b, a) };
    if large - small > LOST { large } else { large + (small - large).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_with_one_and_bets_that_say_nothing_leave_it() {
        let mut evidence = Evidence::default();
        assert_eq!(evidence.ln(), 0.0);
        for _ in 0..1000 {
            evidence.bet(|_| 0.0);
        }
        assert!(evidence.ln().abs() < 1e-3, "{}", evidence.ln());
    }

    #[test]
    fn a_long_good_time_does_not_buy_a_bad_one() {
        let mut evidence = Evidence::default();
        for _ in 0..1440 {
            evidence.bet(|guess| -guess.ln() * 10.0);
        }
        assert!(evidence.ln() < 0.0);
        evidence.bet(|guess| guess.ln() * 20.0);
        assert!(evidence.ln() > 50.0, "{}", evidence.ln());
    }

    #[test]
    fn it_travels_through_the_ledger() {
        let mut evidence = Evidence::default();
        evidence.bet(|guess| guess.ln());
        let json = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), evidence);
        assert_eq!(serde_json::from_str::<Evidence>("{}").unwrap(), Evidence::default());
    }
}
