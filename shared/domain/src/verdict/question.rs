//! One question: is there more of one kind of harm on the next side than is tolerated?

use super::baseline::Baseline;
use super::clumping::Clumping;
use super::counts::Part;
use super::evidence::{Evidence, kept, ln_sum};
use super::law::{Table, ln_share_ratio, times_odds};
use serde::{Deserialize, Serialize};

/// A period is judged against the live side's same period alone if that had at least this part of the next side's
/// requests. Below that it says too little alone, and what was usual is heard as well …
const CONTROL: f64 = 0.05;
/// … but in a minute it brings no more than this, as a logarithm: what hits both sides for a minute, and does not show in
/// the live side's few requests, is not enough to go back.
const HEARD: f64 = 2.5;
/// Where the live side had fewer requests than this, it is there although it has none in the next period, …
const FEW: f64 = 10.0;
/// … of which this part is remembered after each period without any, …
const REMEMBERED: f64 = 0.6;
/// … down to so many.
const SOON_GONE: f64 = 0.5;
/// So many errors in one period may be one client's burst, as long as nothing is known of how errors come; whatever
/// other periods had …
const BURST: f64 = 24.0;
/// … and so many where that is known, as far as no other period had as many.
const KNOWN_BURST: f64 = 20.0;
/// So many of these are forgiven where it is only about to hold, and not to go back.
const FORGIVEN: f64 = 12.0;
/// Errors that brought this part of what others brought each are likewise.
const LIKEWISE: f64 = 0.1;
/// Seconds in a minute.
const A_MINUTE: f64 = 60.0;
/// How many standard deviations between two periods are chance.
const CHANCE: f64 = 3.0;
/// Fewer than this are a handful, and prove nothing.
pub const HANDFUL: f64 = 5.0;
/// If this share of more than [`BURST`] requests fails, then one client's burst is not why: the others' fail as well. Where so
/// many suffer without the new version, nothing can be told from what suffers with it.
const ALL: f64 = 0.95;
/// If this share of its few requests shows harm, a quiet time is no reason to pass at once.
const MOSTLY: f64 = 0.5;
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
    /// How long the period was, in seconds.
    pub seconds: u64,
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
    /// How the next side's own errors come: asked where the live side does not tell.
    #[serde(default)]
    own: Clumping,
    #[serde(default)]
    usual: Baseline,
    /// What the next side did, and what it would have done as the live side did.
    #[serde(default)]
    next: Part,
    #[serde(default)]
    expected: f64,
    /// The errors of the period that speaks most against it, and what each of them brought.
    #[serde(default)]
    most: f64,
    #[serde(default)]
    brought: f64,
    /// The most errors of another one, of which each brought something like as much.
    #[serde(default)]
    second: f64,
    /// The most errors that a period had, and the second most.
    #[serde(default)]
    peaks: (f64, f64),
    /// Whether nearly all requests of the first of the two were errors.
    #[serde(default)]
    all: bool,
    /// Whether the last period was judged by what is usual and not by the live side's own.
    #[serde(default)]
    by_usual: bool,
    /// The live side's requests in the last period that was judged.
    #[serde(default)]
    beside: f64,
    /// Whether the last period was worse than usual, and excused by an incident that had begun before.
    #[serde(default)]
    excused: bool,
}

impl Question {
    /// A period before the next side had any traffic.
    pub fn before(&mut self, live: Part) {
        self.clumping.add(live);
        self.usual.add(live, self.clump());
    }

    /// A period in which old and new are mixed. It says nothing of either; but an incident that had begun before is no worse
    /// by now than all of it, and over where that is as usual.
    pub fn between(&mut self, mixed: Part, tolerance: Tolerance) {
        let as_usual = mixed.share() <= tolerated(self.usual.usual(self.clump()), tolerance);
        // So few requests may just have been spared.
        if as_usual && mixed.whole * self.usual.ailing() >= HANDFUL {
            self.usual.recover();
        }
        self.usual.ease(mixed);
    }

    /// A period of traffic on the next side.
    pub fn observe(&mut self, next: Part, against: Against, tolerance: Tolerance) {
        let live = against.live.unwrap_or_default();
        self.clumping.add(live);
        if next.whole > 0.0 {
            self.judge(next, against, tolerance);
        }
        self.usual.add(live, self.clump());
    }

    fn judge(&mut self, next: Part, against: Against, tolerance: Tolerance) {
        // Where all fail, more than one client does.
        if next.share() < ALL {
            self.own.add(next);
        }
        let live = against.live.unwrap_or_default();
        let told = self.clumping.size(live.part);
        // Where the live side tells too little, the next side's own errors are asked as well. A live side that has as many
        // requests and more would show how errors come: what it does not show is the new version's own.
        let tells = self.clumping.is_known() || live.whole >= next.whole;
        let clump = if tells { told } else { told.max(self.own.measured()) };
        let is_beside = live.whole > 0.0 || (SOON_GONE < self.beside && self.beside < FEW);
        self.by_usual = live.whole <= 0.0 || live.whole < next.whole * CONTROL;
        self.excused = false;
        let brought = if !self.by_usual {
            self.concurrent(next, live, tolerance, clump)
        } else if is_beside {
            self.beside_few(next, against, tolerance, clump)
        } else {
            self.by_what_is_usual(next, against, tolerance, clump)
        };
        self.beside = match live.whole {
            none if none <= 0.0 && self.beside < FEW => kept(self.beside * REMEMBERED),
            some => some,
        };
        let floor = tolerance.share;
        self.matters.bet(|guess| ln_share_ratio(next, guess, floor) / clump);
        self.next = self.next.and(next);
        self.remember(next, brought);
    }

    /// Bets on the split of the errors of both sides. Returns what they brought.
    fn concurrent(&mut self, next: Part, live: Part, tolerance: Tolerance, clump: f64) -> f64 {
        self.expect(next, live.share());
        let table = Table::new(next, live);
        if !table.says_something() {
            return 0.0;
        }
        let null = tolerance.factor;
        self.bet(clump, |guess| table.ln_ratio(guess * null, null))
    }

    /// Bets half on the split, as far as the live side's few requests tell, and half on the share, with a limit.
    fn beside_few(&mut self, next: Part, against: Against, tolerance: Tolerance, clump: f64) -> f64 {
        let Some(null) = self.tolerable(next, against, tolerance, clump) else { return 0.0 };
        let table = Table::new(next, against.live.unwrap_or_default());
        let minutes = (against.seconds as f64 / A_MINUTE).min(1.0);
        let factor = tolerance.factor;
        self.bet(clump, |guess| {
            let share = ln_share_ratio(next, guess, null).min(HEARD * minutes * clump);
            ln_mean(table.ln_ratio(guess * factor, factor), share)
        })
    }

    /// Bets on the share, where there is nothing to compare with in the same minute.
    fn by_what_is_usual(&mut self, next: Part, against: Against, tolerance: Tolerance, clump: f64) -> f64 {
        let Some(null) = self.tolerable(next, against, tolerance, clump) else { return 0.0 };
        self.bet(clump, |guess| ln_share_ratio(next, guess, null))
    }

    /// The share that is tolerated by what is usual and by what others suffer; none where nothing can be said yet.
    fn tolerable(&mut self, next: Part, against: Against, tolerance: Tolerance, clump: f64) -> Option<f64> {
        let usual = tolerated(self.usual.usual(clump), tolerance);
        if next.share() <= usual {
            self.usual.recover();
        }
        let stragglers = against.live.map_or(0.0, |live| live.part / (live.whole + HANDFUL));
        let ailing = self.usual.ailing();
        let suffering = stragglers.max(against.suffering).max(ailing);
        self.usual.fade();
        self.excused = ailing > 0.0;
        self.expect(next, self.usual.seen().share().max(suffering));
        if self.next.whole <= 0.0 && self.usual.is_falling_ill() {
            return None;
        }
        Some(if suffering > 0.0 { usual.max(beyond(suffering, tolerance)) } else { usual })
    }

    fn expect(&mut self, next: Part, share: f64) {
        self.expected = kept(self.expected + next.whole * share);
    }

    fn bet(&mut self, clump: f64, ln_ratio: impl Fn(f64) -> f64) -> f64 {
        let before = self.worse.ln();
        self.worse.bet(|guess| ln_ratio(guess) / clump);
        kept((self.worse.ln() - before).max(0.0))
    }

    fn remember(&mut self, next: Part, brought: f64) {
        let (first, second) = self.peaks;
        self.peaks = (first.max(next.part), second.max(first.min(next.part)));
        let each = if next.part > 0.0 { kept(brought / next.part) } else { 0.0 };
        if each * next.part.min(BURST) <= self.brought * self.most.min(BURST) {
            if each > 0.0 && each >= self.brought * LIKEWISE {
                self.second = self.second.max(next.part);
            }
            return;
        }
        let likewise = self.brought >= each * LIKEWISE;
        self.second = if likewise { self.second.max(self.most) } else { 0.0 };
        (self.most, self.brought) = (next.part, each);
        self.all = next.whole > BURST && next.share() >= ALL;
    }

    /// The logarithm of the evidence that it is worse by more than is tolerated. What may be one client's burst in one
    /// period is left out.
    pub fn ln_evidence(&self) -> f64 {
        let burst = self.burst(self.most, self.second, KNOWN_BURST) * self.brought;
        (self.worse.ln() - burst).min(self.matters.ln())
    }

    /// How many errors of a period may be one client's, that had so many and another one so many.
    fn burst(&self, most: f64, second: f64, known: f64) -> f64 {
        if self.all {
            return most.min(HANDFUL);
        }
        if !self.clumping.is_known() {
            return most.min(BURST);
        }
        // Another period that had about as many, give or take what chance does, shows that they are no burst.
        let chance = if second > 0.0 { CHANCE * second.sqrt() + 1.0 } else { 0.0 };
        if most - second > chance { (most - second).min(known) } else { 0.0 }
    }

    /// Whether the evidence is beyond doubt, at one to so many.
    pub fn is_proven(&self, ln_enough: f64) -> bool {
        self.next.part >= HANDFUL && self.ln_evidence() >= ln_enough
    }

    /// Whether the next side looks worse so far, though that is not proven.
    pub fn looks_worse(&self, tolerance: Tolerance) -> bool {
        let burst = self.burst(self.peaks.0, self.peaks.1, FORGIVEN);
        self.would_be_worse(self.next.part - burst, tolerance)
    }

    /// Whether most of its few requests show it, and more than the live side's do.
    pub fn is_mostly_bad(&self, tolerance: Tolerance) -> bool {
        self.next.share() >= MOSTLY && self.would_be_worse(self.next.part, tolerance)
    }

    fn would_be_worse(&self, part: f64, tolerance: Tolerance) -> bool {
        let next = Part { part, ..self.next };
        part >= HANDFUL / 2.0
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

    /// How many errors come together, on the average, as the live side tells.
    pub fn clump(&self) -> f64 {
        self.clumping.size(0.0)
    }

    /// Whether the last period was worse than usual, and excused by an incident that had begun before it.
    pub fn is_excused(&self) -> bool {
        self.excused
    }

    /// Whether anything was ever seen of how the live side does.
    pub fn has_measure(&self) -> bool {
        !self.by_usual || self.usual.seen().whole > 0.0
    }

    /// Whether the last period was judged by what was usual.
    pub fn by_usual(&self) -> bool {
        self.by_usual
    }
}

/// ln of the mean of e^a and e^b.
fn ln_mean(a: f64, b: f64) -> f64 {
    ln_sum(a, b) - std::f64::consts::LN_2
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
