//! How likely it is that so many of a period's errors are the next side's, if its odds of an error are so many times the
//! live side's: Fisher's noncentral hypergeometric law, as ratios of likelihoods, in logarithms.
//!
//! Given the errors of both sides together, whatever hits both in the same minute cancels. With the odds ratio ψ the
//! chance of `a` of them on the next side is C(n1, a) C(n0, e−a) ψ^a / Z(ψ); of two ratios the binomials cancel as well,
//! and what is left is a · ln(ψ1/ψ0) − (ln Z(ψ1) − ln Z(ψ0)).

use super::counts::Part;

/// Up to so many terms the sum Z(ψ) is taken term by term.
const SHORT: f64 = 24.0;
/// A longer sum is taken by its saddle point, if the variance there is at least this; its error is then below 10⁻³.
const WIDE: f64 = 20.0;
/// From here on a sum is scaled down, before it overflows.
const LARGE: f64 = 1e200;

/// The errors of a period, by side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Table {
    /// The next side's requests.
    n1: f64,
    /// The live side's.
    n0: f64,
    /// The errors of both.
    errors: f64,
    /// The next side's errors.
    a: f64,
}

impl Table {
    /// From what each side did.
    pub fn new(next: Part, live: Part) -> Self {
        Self { n1: next.whole, n0: live.whole, errors: next.part + live.part, a: next.part }
    }

    fn least(&self) -> f64 {
        (self.errors - self.n0).max(0.0)
    }

    fn most(&self) -> f64 {
        self.n1.min(self.errors)
    }

    /// Whether the errors could have fallen in more than one way: otherwise they say nothing.
    pub fn says_something(&self) -> bool {
        self.most() > self.least()
    }

    /// ln P_ψ(a | e) − ln P_ψ0(a | e).
    pub fn ln_ratio(&self, psi: f64, psi0: f64) -> f64 {
        if !self.says_something() {
            return 0.0;
        }
        let (wide, wide0) = (self.ln_sum_at_saddle(psi), self.ln_sum_at_saddle(psi0));
        let sums = match (wide, wide0) {
            (Some(sum), Some(sum0)) if self.most() - self.least() > SHORT => sum - sum0,
            _ => self.ln_sum_by_terms(psi) - self.ln_sum_by_terms(psi0) + self.least() * (psi / psi0).ln(),
        };
        self.a * (psi / psi0).ln() - sums
    }

    /// ln of Σ t(k)/t(least) over the support, from its far end: 1 + r(least) · (1 + r(least+1) · (…)).
    fn ln_sum_by_terms(&self, psi: f64) -> f64 {
        let (least, most) = (self.least(), self.most());
        let (mut sum, mut one, mut shift) = (1.0_f64, 1.0_f64, 0.0_f64);
        let mut k = most - 1.0;
        while k >= least {
            let rise =
                (self.n1 - k) * (self.errors - k) / ((k + 1.0) * (self.n0 - self.errors + k + 1.0)) * psi;
            sum = one + rise * sum;
            if sum > LARGE {
                shift += sum.ln();
                sum = 1.0;
                one = (-shift).exp();
            }
            k -= 1.0;
        }
        sum.ln() + shift
    }

    /// ln Z(ψ) where it is the coefficient of x^e in (1 + ψx)^n1 (1 + x)^n0, by its saddle point with the next term of the
    /// expansion; what does not depend on ψ is left out. None if the saddle is too narrow for that.
    fn ln_sum_at_saddle(&self, psi: f64) -> Option<f64> {
        let rest = self.n1 + self.n0 - self.errors;
        let b = psi * (self.n1 - self.errors) + self.n0 - self.errors;
        let root = (b * b + 4.0 * psi * rest * self.errors).sqrt();
        let x = if b > 0.0 { 2.0 * self.errors / (b + root) } else { (root - b) / (2.0 * psi * rest) };
        let (p1, p0) = (psi * x / (1.0 + psi * x), x / (1.0 + x));
        let (v1, v0) = (self.n1 * p1 * (1.0 - p1), self.n0 * p0 * (1.0 - p0));
        let variance = v1 + v0;
        if !variance.is_finite() || variance < WIDE {
            return None;
        }
        let third = v1 * (1.0 - 2.0 * p1) + v0 * (1.0 - 2.0 * p0);
        let fourth = v1 * (1.0 - 6.0 * p1 * (1.0 - p1)) + v0 * (1.0 - 6.0 * p0 * (1.0 - p0));
        let correction = fourth / (8.0 * variance * variance)
            - 5.0 * third * third / (24.0 * variance * variance * variance);
        let height = self.n1 * (psi * x).ln_1p() + self.n0 * x.ln_1p() - self.errors * x.ln();
        Some(height - 0.5 * variance.ln() + correction.ln_1p())
    }
}

/// ln of how much better a share whose odds are `factor` times those of `share` explains so many of so many than `share`.
///
/// With d = 1 + share · (factor − 1) the other share is share · factor / d, and its rest (1 − share) / d.
pub fn ln_share_ratio(seen: Part, factor: f64, share: f64) -> f64 {
    seen.part * factor.ln() - seen.whole * (share * (factor - 1.0)).ln_1p()
}

/// The share whose odds are so many times those of `share`.
pub fn times_odds(share: f64, factor: f64) -> f64 {
    share * factor / (1.0 - share + share * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn choose(n: u64, k: u64) -> f64 {
        if k > n { 0.0 } else { (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product() }
    }

    fn enumerated(n1: u64, n0: u64, e: u64, a: u64, psi: f64) -> f64 {
        let term = |k: u64| choose(n1, k) * choose(n0, e - k) * psi.powi(i32::try_from(k).unwrap());
        term(a) / (0..=e.min(n1)).map(term).sum::<f64>()
    }

    fn table(n1: u64, n0: u64, a: u64, b: u64) -> Table {
        Table::new(Part::of(a, n1), Part::of(b, n0))
    }

    proptest! {
        #[test]
        fn small_tables_are_as_enumerated(
            n1 in 1u64..40, n0 in 1u64..40, a in 0u64..40, b in 0u64..40, psi in 0.5..2000.0, psi0 in 0.5..5.0,
        ) {
            let (a, b) = (a.min(n1), b.min(n0));
            let exact = (enumerated(n1, n0, a + b, a, psi) / enumerated(n1, n0, a + b, a, psi0)).ln();
            let ours = table(n1, n0, a, b).ln_ratio(psi, psi0);
            prop_assert!((exact - ours).abs() < 2e-3 * (1.0 + exact.abs()), "{exact} {ours}");
        }

        #[test]
        fn the_saddle_and_the_sum_hold_each_other(
            n1 in 30u64..3_000, n0 in 30u64..30_000, first in 0.0..1.0, second in 0.0..1.0, psi in 1.0..2000.0,
        ) {
            let seen = table(n1, n0, (n1 as f64 * first) as u64, (n0 as f64 * second) as u64);
            prop_assume!(seen.most() - seen.least() > SHORT);
            let terms = |psi: f64| seen.ln_sum_by_terms(psi) + seen.least() * psi.ln();
            if let (Some(saddle), Some(saddle2)) = (seen.ln_sum_at_saddle(psi), seen.ln_sum_at_saddle(2.0)) {
                let (saddle, terms) = (saddle - saddle2, terms(psi) - terms(2.0));
                prop_assert!((saddle - terms).abs() < 2e-3, "{saddle} {terms}");
            }
        }

        #[test]
        fn chances_of_all_that_can_happen_make_one(n1 in 1u64..20, n0 in 1u64..20, e in 1u64..30, psi in 2.0..100.0) {
            let e = e.min(n1 + n0);
            let mean: f64 = (e.saturating_sub(n0)..=e.min(n1))
                .map(|a| enumerated(n1, n0, e, a, 2.0) * table(n1, n0, a, e - a).ln_ratio(psi, 2.0).exp())
                .sum();
            prop_assert!((mean - 1.0).abs() < 5e-3, "the factor of an even bet is 1 on the average: {mean}");
        }

        #[test]
        fn nothing_overflows(n1 in 0u64..1_000_000_000, n0 in 0u64..1_000_000_000, a: u64, b: u64, psi in 1.0..2000.0) {
            let seen = table(n1, n0, a % (n1 + 1), b % (n0 + 1));
            prop_assert!(seen.ln_ratio(psi, 2.0).is_finite());
        }
    }

    #[test]
    fn all_against_seven_in_ten_is_seen() {
        assert!(table(1_200, 10_800, 1_200, 7_560).ln_ratio(200.0, 2.0) > 100.0);
    }

    #[test]
    fn the_ratio_for_a_share_is_the_binomials() {
        let (seen, share) = (Part::of(7, 100), 0.02);
        let other = times_odds(share, 5.0);
        let by_hand = 7.0 * (other / share).ln() + 93.0 * ((1.0 - other) / (1.0 - share)).ln();
        assert!((ln_share_ratio(seen, 5.0, share) - by_hand).abs() < 1e-9);
    }

    #[test]
    fn one_side_alone_says_nothing() {
        assert_eq!(table(1_200, 0, 600, 0).ln_ratio(10.0, 2.0), 0.0);
        assert_eq!(table(10, 10, 10, 10).ln_ratio(10.0, 2.0), 0.0);
    }
}
