//! One question: is there more of one kind of harm on the next side than is tolerated?

use super::baseline::Baseline;
use super::clumping::Clumping;
use super::counts::Part;
use super::evidence::{Evidence, kept};
use super::law::{Table, ln_share_ratio, times_odds};
use serde::{Deserialize, Serialize};

/// A period is judged against the live side's same period if that had at least this part of the next side's requests.
/// Below that it says too little, and the next side is judged by what was usual.
const CONTROL: f64 = 0.05;
/// So many errors in one period may be one client's burst, as long as nothing is known of how errors come; whatever
/// other periods had …
const BURST: f64 = 24.0;
/// … and so many where that is known, as far as no other period had as many.
const KNOWN_BURST: f64 = 12.0;
/// How many standard deviations between two periods are chance.
const CHANCE: f64 = 3.0;
/// Fewer than this are a handful, and prove nothing.
pub const HANDFUL: f64 = 5.0;
/// If this share of more than [`BURST`] requests fails, then one client's burst is not why: the others' fail as well. Where so
/// many suffer without the new version, nothing can be told from what suffers with it.
const ALL: f64 = 0.95;
/// A share is never taken as more usual than this, so that what fails altogether can be told from it.
const MOST_USUAL: f64 = 0.98;

/// What is tolerated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// The next side's odds may be so many times the live side's.
    pub factor: f64,
    /// A share up to this is nobody's trouble.
    pub share: f64,
}

/// What the next side is judged against in a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Against {
    /// The live side's same period.
    pub live: Option<Part>,
    /// How much what had nothing to do with the version suffered in the same minute, as a share.
    pub suffering: f64,
}

/// What is known so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Question {
    /// That it is worse than the live side, by more than the factor.
    #[serde(default)]
    worse: Evidence,
    /// That its share is above what is nobody's trouble.
    #[serde(default)]
    matters: Evidence,
    #[serde(default)]
    clumping: Clumping,
    #[serde(default)]
    usual: Baseline,
    /// What the next side did, and what it would have done as the live side did.
    #[serde(default)]
    next: Part,
    #[serde(default)]
    expected: f64,
    /// The errors of the period that had most, of the one that had second most, and what an error in the first brought.
    #[serde(default)]
    most: f64,
    #[serde(default)]
    second: f64,
    #[serde(default)]
    brought: f64,
    /// Whether nearly all requests of that period were errors.
    #[serde(default)]
    all: bool,
    /// Whether the last period was judged by what is usual and not by the live side's own.
    #[serde(default)]
    by_usual: bool,
}

impl Question {
    /// A period before the next side had any traffic.
    pub fn before(&mut self, live: Part) {
        self.clumping.add(live);
        self.usual.add(live, self.clumping.size());
    }

    /// A period in which old and new are mixed. It says nothing of either; but an incident that had begun before is no worse
    /// by now than all of it, and over where that is as usual.
    pub fn between(&mut self, mixed: Part, tolerance: Tolerance) {
        let as_usual = mixed.share() <= tolerated(self.usual.usual(self.clumping.size()), tolerance);
        // So few requests may just have been spared.
        if as_usual && mixed.whole * self.usual.ailing() >= HANDFUL {
            self.usual.recover();
        }
        self.usual.ease(mixed);
    }

    /// A period of traffic on the next side.
    pub fn observe(&mut self, next: Part, against: Against, tolerance: Tolerance) {
        let clump = self.clumping.size();
        if next.whole > 0.0 {
            self.judge(next, against, tolerance, clump);
        }
        if let Some(live) = against.live {
            self.before(live);
        }
    }

    fn judge(&mut self, next: Part, against: Against, tolerance: Tolerance, clump: f64) {
        let control = against.live.filter(|live| live.whole >= next.whole * CONTROL);
        self.by_usual = control.is_none();
        let bets = match control {
            Some(live) => self.concurrent(next, live, tolerance, clump),
            None => self.by_what_is_usual(next, against, tolerance, clump),
        };
        let floor = tolerance.share;
        self.matters.bet(|guess| ln_share_ratio(next, guess, floor) / clump);
        self.next = self.next.and(next);
        self.remember(next, bets);
    }

    /// Bets on the split of the errors of both sides. Returns what an error in the next side's period brought.
    fn concurrent(&mut self, next: Part, live: Part, tolerance: Tolerance, clump: f64) -> f64 {
        self.expect(next, live.share());
        let table = Table::new(next, live);
        if !table.says_something() {
            return 0.0;
        }
        let null = tolerance.factor;
        self.bet(next.part, clump, |guess| table.ln_ratio(guess * null, null))
    }

    /// Bets on the share, where there is nothing to compare with in the same minute.
    fn by_what_is_usual(&mut self, next: Part, against: Against, tolerance: Tolerance, clump: f64) -> f64 {
        let usual = tolerated(self.usual.usual(clump), tolerance);
        if next.share() <= usual {
            self.usual.recover();
        }
        let stragglers = against.live.map_or(0.0, |live| live.part / (live.whole + HANDFUL));
        let suffering = stragglers.max(against.suffering).max(self.usual.ailing());
        let null = if suffering > 0.0 { usual.max(beyond(suffering, tolerance)) } else { usual };
        self.expect(next, self.usual.seen().share().max(suffering));
        self.bet(next.part, clump, |guess| ln_share_ratio(next, guess, null))
    }

    fn expect(&mut self, next: Part, share: f64) {
        self.expected = kept(self.expected + next.whole * share);
    }

    fn bet(&mut self, errors: f64, clump: f64, ln_ratio: impl Fn(f64) -> f64) -> f64 {
        let before = self.worse.ln();
        self.worse.bet(|guess| ln_ratio(guess) / clump);
        if errors > 0.0 { kept(((self.worse.ln() - before) / errors).max(0.0)) } else { 0.0 }
    }

    fn remember(&mut self, next: Part, brought: f64) {
        if next.part <= self.most {
            self.second = self.second.max(next.part);
            return;
        }
        (self.second, self.most, self.brought) = (self.most, next.part, brought);
        self.all = next.whole > BURST && next.share() >= ALL;
    }

    /// The logarithm of the evidence that it is worse by more than is tolerated. What may be one client's burst in one
    /// period is left out.
    pub fn ln_evidence(&self) -> f64 {
        let burst = self.burst() * self.brought;
        (self.worse.ln() - burst).min(self.matters.ln())
    }

    /// How many errors of the period that had most may be one client's.
    fn burst(&self) -> f64 {
        if self.all {
            return self.most.min(HANDFUL);
        }
        if !self.clumping.is_known() {
            return self.most.min(BURST);
        }
        // Another period that had about as many, give or take what chance does, shows that they are no burst.
        let chance = if self.second > 0.0 { CHANCE * self.second.sqrt() + 1.0 } else { 0.0 };
        (self.most - self.second - chance).clamp(0.0, KNOWN_BURST)
    }

    /// Whether the evidence is beyond doubt, at one to so many.
    pub fn is_proven(&self, ln_enough: f64) -> bool {
        self.next.part >= HANDFUL && self.ln_evidence() >= ln_enough
    }

    /// Whether the next side looks worse so far, though that is not proven.
    pub fn looks_worse(&self, tolerance: Tolerance) -> bool {
        let next = Part { part: self.next.part - self.burst(), ..self.next };
        next.part >= HANDFUL / 2.0
            && next.share() > times_odds(self.expected_share().min(MOST_USUAL), tolerance.factor)
            && next.share() > self.expected_share() + tolerance.share
    }

    /// What the next side did so far.
    pub fn next(&self) -> Part {
        self.next
    }

    /// The share that it would have had, had it done as the live side did in the same minutes or usually.
    pub fn expected_share(&self) -> f64 {
        if self.next.whole > 0.0 { (self.expected / self.next.whole).min(1.0) } else { 0.0 }
    }

    /// How many errors come together, on the average.
    pub fn clump(&self) -> f64 {
        self.clumping.size()
    }

    /// Whether the last period was judged by what was usual.
    pub fn by_usual(&self) -> bool {
        self.by_usual
    }
}

/// The share that is tolerated where so much is usual.
fn tolerated(usual: f64, tolerance: Tolerance) -> f64 {
    times_odds(usual.min(MOST_USUAL), tolerance.factor).max(usual + tolerance.share).min(MOST_USUAL)
}

/// The share that is so much worse than this one as is tolerated. What suffers nearly altogether can suffer no more.
fn beyond(share: f64, tolerance: Tolerance) -> f64 {
    if share >= ALL {
        return 1.0;
    }
    times_odds(share, tolerance.factor).max(share + tolerance.share).min(1.0)
}
