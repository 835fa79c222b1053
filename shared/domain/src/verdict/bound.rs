//! Between which shares the truth lies, at any look: a confidence sequence for a share.
//!
//! With a share spread evenly over 0 to 1 as a guess, `a` of `n` are B(a+1, n−a+1) / (p^a (1−p)^(n−a)) times as likely as
//! with the share p. Where that is above 1/α, p is out of the question, however often one looks. It holds for the mean of
//! shares that change as well: the logarithm of what a bet brings is concave in the share.

use super::counts::Part;
use libm::lgamma;

/// Halvings of the interval, for an answer of eight digits.
const HALVINGS: u32 = 28;

/// The largest share that is not out of the question with this certainty; 1 if nothing was seen.
pub fn upper(seen: Part, certainty: f64) -> f64 {
    let Part { part, whole } = seen;
    if whole <= 0.0 {
        return 1.0;
    }
    let rest = (whole - part).max(0.0);
    let enough = -(1.0 - certainty).ln();
    let (mut low, mut high) = (seen.share().min(1.0), 1.0);
    let evenly = lgamma(part + 1.0) + lgamma(rest + 1.0) - lgamma(whole + 2.0);
    let out = |share: f64| {
        let known = if part > 0.0 { part * share.ln() } else { 0.0 };
        let rest = if rest > 0.0 { rest * (-share).ln_1p() } else { 0.0 };
        evenly - known - rest >= enough
    };
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if out(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_an_error_it_is_as_published() {
        // 984 requests bound the share by 1 %, 2,127 by 0.5 %, with 95 % certainty.
        for (requests, share) in [(984, 0.01), (2_127, 0.005)] {
            assert!((upper(Part::of(0, requests), 0.95) - share).abs() < 1e-5);
            assert!(upper(Part::of(0, requests - 1), 0.95) > share);
        }
    }

    #[test]
    fn nothing_seen_nothing_known() {
        assert_eq!(upper(Part::of(0, 0), 0.99), 1.0);
        assert_eq!(upper(Part::of(5, 5), 0.99), 1.0);
    }

    proptest! {
        #[test]
        fn it_is_above_what_was_seen_and_falls_with_more(part in 0u64..1000, more in 1u64..1_000_000_000) {
            let whole = part + more;
            let bound = upper(Part::of(part, whole), 0.99);
            prop_assert!(bound >= Part::of(part, whole).share() && bound <= 1.0);
            prop_assert!(upper(Part::of(part, whole + more), 0.99) <= bound + 1e-9);
            prop_assert!(upper(Part::of(part, whole), 0.999) >= bound);
        }
    }

    /// The chance, by counting all ways, that a share of one in ten is ever put out of the question in forty looks.
    #[test]
    fn the_truth_is_seldom_out_of_the_question() {
        let (truth, certainty) = (0.1, 0.9);
        let mut inside = vec![1.0];
        let mut out = 0.0;
        for looks in 1..=40_usize {
            let mut after = vec![0.0; looks + 1];
            for (errors, chance) in inside.iter().enumerate() {
                after[errors] += chance * (1.0 - truth);
                after[errors + 1] += chance * truth;
            }
            for (errors, chance) in after.iter_mut().enumerate() {
                if upper(Part::of(errors as u64, looks as u64), certainty) < truth {
                    out += *chance;
                    *chance = 0.0;
                }
            }
            inside = after;
        }
        assert!(out <= 1.0 - certainty, "{out}");
    }
}
