//! Pass, hold or go back, and why, in words for a person on call.

use super::bound;
use super::counts::{Kind, Part, Period};
use super::law::times_odds;
use super::proof::{ERRORS_FACTOR, Proof, share_of};
use super::question::{HANDFUL, Question};
use super::words::{count, percent, seconds};
use crate::judging::Unproven;
use crate::span::Seconds;
use crate::state::Verdict;
use std::fmt;

/// A take-back is held to so many times less doubt than a pass: a good version is taken back in at most one of a thousand
/// deployments, where a pass is 99 % certain.
const STRICTER: f64 = 10.0;
/// A pass proves that no more than this share fails beyond twice the live side's, or what is tolerated if that is more.
pub const PROVEN_SHARE: f64 = 0.01;
/// Gross harm in a period that is not complete: at least so many errors, …
const GROSS_ERRORS: f64 = 25.0;
/// … and this much of the requests more than was to be expected.
const GROSS_SHARE: f64 = 0.2;

/// What is tolerated, and how sure one has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerated {
    /// The share of requests that may fail beyond the live side's, as 0.001.
    pub errors: f64,
    /// How sure a pass is, as 0.99.
    pub certainty: f64,
}

/// What is asked at a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// What is tolerated.
    pub tolerated: Tolerated,
    /// Whether old and new tasks serve side by side; a rolling service's do not.
    pub side_by_side: bool,
    /// How long the step has been watched.
    pub watched: Seconds,
    /// How long it is to be watched at least.
    pub bake: Seconds,
    /// How long to wait after that for requests to judge by.
    pub patience: Seconds,
    /// What then becomes of a version of which nothing is proven.
    pub unproven: Unproven,
    /// Fewer requests than this say nothing of it; with 0 no requests are waited for.
    pub minimum_requests: u64,
    /// Whose requests they are.
    pub whose: Whose,
}

/// Whose requests are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// The new version's tasks.
    #[default]
    New,
    /// The live version's, which a migration may have hurt.
    Old,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "the new tasks",
            Self::Old => "the old tasks",
        })
    }
}

/// What the numbers say.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// `ready`: it passes. `wait`: hold for more requests. `failed`: go back.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
    /// What was seen so far, whatever the verdict.
    pub so_far: String,
    /// No more than this share of its requests fails, with the certainty that was asked for.
    pub bound: f64,
    /// The evidence against it: 3 is a thousand to one.
    pub evidence: f64,
    /// Whether it fails because users suffer, and not for lack of proof.
    pub harmful: bool,
}

impl Tolerated {
    pub(super) fn ln_enough(&self) -> f64 {
        (STRICTER / (1.0 - self.certainty).max(1e-9)).ln()
    }
}

/// Says what the numbers say. Pure: everything it knows is in its arguments.
pub fn rule(proof: &Proof, asked: &Asked) -> Ruling {
    let errors = proof.errors();
    let bound = bound_of(errors, asked);
    let so_far = seen(errors, asked);
    let ruling = |verdict, why| Ruling {
        verdict,
        why,
        so_far: so_far.clone(),
        bound,
        evidence: evidence(proof) / std::f64::consts::LN_10,
        harmful: false,
    };
    if let Some(why) = harm(proof, asked) {
        return Ruling { harmful: true, ..ruling(Verdict::Failed, why) };
    }
    if asked.watched < asked.bake {
        let why = format!("the new tasks are watched for {}; so far {so_far}", asked.bake);
        return ruling(Verdict::Wait, why);
    }
    let is_patient = asked.watched.0 < asked.bake.0.saturating_add(asked.patience.0);
    let quiet = |requests: f64| requests < asked.minimum_requests as f64;
    if quiet(errors.next().whole) && quiet(proof.live_requests()) && asked.unproven != Unproven::RollBack {
        return match mostly_bad(proof, asked) {
            Some(short) if is_patient => ruling(Verdict::Wait, short),
            // Nothing in a quiet time makes that chance, and nobody has said that it may pass.
            Some(short) if asked.unproven != Unproven::Pass => {
                ruling(Verdict::Failed, not_proven(asked, &short))
            }
            _ => ruling(Verdict::Ready, by_health(proof, asked)),
        };
    }
    match short_of(proof, asked, bound) {
        None => ruling(Verdict::Ready, passed(errors, asked, bound)),
        Some(short) if is_patient => ruling(Verdict::Wait, short),
        Some(short) => unproven(proof, asked, &short, ruling),
    }
}

/// In a quiet time, what is wrong with most of its few requests; none if nothing is.
fn mostly_bad(proof: &Proof, asked: &Asked) -> Option<String> {
    let bad = proof.questions().find(|(kind, question)| question.is_mostly_bad(asked.tolerated.of(*kind)));
    bad.map(|(kind, question)| may_be_chance(kind, question, asked.whose))
}

fn may_be_chance(kind: Kind, question: &Question, whose: Whose) -> String {
    format!("{}; that looks worse, and may be chance", told(kind, question, whose))
}

/// Why it passes in a quiet time.
fn by_health(proof: &Proof, asked: &Asked) -> String {
    let Part { part, whole } = proof.errors().next();
    let failed = if part > 0.0 { format!(", {} of which failed", count(part)) } else { String::new() };
    let beside = if asked.side_by_side {
        format!(", and the old ones no more than {}", count(proof.live_requests()))
    } else {
        String::new()
    };
    format!(
        "the new tasks are healthy, which is all there is to go by in a quiet time: they had {}{failed}{beside}",
        requests(whole)
    )
}

/// Whether a period that is not complete shows gross harm already: what is missing in it can only add. Its errors are what
/// was answered with 5xx or refused; what was not answered yet may still be.
pub fn gross(proof: &Proof, partial: &Period, asked: &Asked) -> Option<Ruling> {
    let next = &partial.next;
    let most = next.slow.iter().map(|slow| slow.answers).max().unwrap_or(0);
    if (most.max(next.errors).max(next.client_errors).max(next.redirects) as f64) < GROSS_ERRORS {
        return None;
    }
    let with = proof.with(partial, &asked.tolerated);
    let enough = 2.0 * asked.tolerated.ln_enough();
    let (kind, question) = with.questions().find(|(kind, question)| {
        let Some(part) = kind.of(&partial.next) else { return false };
        part.part >= GROSS_ERRORS
            && part.share() >= question.expected_share() + GROSS_SHARE
            && question.ln_evidence() >= enough
    })?;
    Some(Ruling {
        verdict: Verdict::Failed,
        why: told(kind, question, asked.whose),
        so_far: seen(with.errors(), asked),
        bound: bound_of(with.errors(), asked),
        evidence: evidence(&with) / std::f64::consts::LN_10,
        harmful: true,
    })
}

/// The evidence of the question that speaks most against it, as a natural logarithm.
fn evidence(proof: &Proof) -> f64 {
    let kinds = proof.questions().filter(|(kind, _)| !matches!(kind, Kind::Slow(_)));
    kinds.map(|(_, question)| question.ln_evidence()).fold(proof.ln_slow(), f64::max)
}

fn harm(proof: &Proof, asked: &Asked) -> Option<String> {
    let enough = asked.tolerated.ln_enough();
    let slow = proof.ln_slow() >= enough;
    let mut worst: Option<(Kind, &Question)> = None;
    for (kind, question) in proof.questions() {
        let proven = match kind {
            Kind::Slow(_) => slow && question.next().part >= HANDFUL,
            _ => question.is_proven(enough),
        };
        if proven && worst.is_none_or(|(_, worst)| question.ln_evidence() > worst.ln_evidence()) {
            worst = Some((kind, question));
        }
    }
    worst.map(|(kind, question)| told(kind, question, asked.whose))
}

fn told(kind: Kind, question: &Question, whose: Whose) -> String {
    let (Part { part, whole }, expected) = share_of(question);
    let (of, share) = (count(whole), percent(part / whole));
    let what = match kind {
        Kind::Errors => format!("{} of {of} requests of {whose} failed ({share})", count(part)),
        Kind::ClientErrors => {
            format!("{whose} answered {} of {of} requests with 4xx ({share})", count(part))
        }
        Kind::Redirects => {
            format!("{whose} answered {} of {of} requests with 3xx ({share})", count(part))
        }
        Kind::Slow(limit) => format!(
            "{} of {of} answers of {whose} took longer than {} ({share})",
            count(part),
            seconds(limit)
        ),
    };
    if !question.has_measure() {
        return format!("{what}; how the old tasks did is not known");
    }
    let against = if question.by_usual() {
        "against what is usual"
    } else {
        "against the old tasks in the same minutes"
    };
    format!("{what}, {against}: {}", percent(expected))
}

fn bound_of(errors: &Question, asked: &Asked) -> f64 {
    let (next, clump) = (errors.next(), errors.clump());
    let effective = Part { part: next.part / clump, whole: next.whole / clump };
    bound::upper(effective, asked.tolerated.certainty)
}

/// What is still to be shown before it passes; none if everything is.
fn short_of(proof: &Proof, asked: &Asked, bound: f64) -> Option<String> {
    let errors = proof.errors();
    let next = errors.next().whole;
    if next < asked.minimum_requests as f64 {
        let live = proof.live_requests();
        let beside = if live > 0.0 { format!(", the old ones {}", count(live)) } else { String::new() };
        return Some(format!("the new tasks had {} to be judged by{beside}", requests(next)));
    }
    let worse = proof.questions().find(|(kind, question)| question.looks_worse(asked.tolerated.of(*kind)));
    if let Some((kind, question)) = worse {
        return Some(may_be_chance(kind, question, asked.whose));
    }
    if let Some((kind, question)) = proof.questions().find(|(_, question)| question.is_excused()) {
        return Some(format!(
            "what had begun before the new tasks came goes on, and hides how they do: {}",
            told(kind, question, asked.whose)
        ));
    }
    let expected = errors.expected_share();
    let tolerable = times_odds(expected.min(1.0), ERRORS_FACTOR) + asked.tolerated.errors.max(PROVEN_SHARE);
    let waits_for_requests = asked.minimum_requests > 0;
    (waits_for_requests && bound > tolerable).then(|| {
        format!(
            "{} cannot tell yet whether more than {} fail; {}",
            requests(next),
            percent(tolerable.min(1.0)),
            seen(errors, asked)
        )
    })
}

fn seen(errors: &Question, asked: &Asked) -> String {
    let next = errors.next();
    let beside = match (asked.side_by_side, next.whole > 0.0) {
        (_, false) => return "they had no requests".to_owned(),
        (true, true) => format!(", the old tasks {}", percent(errors.expected_share())),
        (false, true) => format!(", where {} is usual", percent(errors.expected_share())),
    };
    format!("{} of {} failed{beside}", count(next.part), requests(next.whole))
}

/// So many requests, in words.
fn requests(number: f64) -> String {
    let noun = if number == 1.0 { "request" } else { "requests" };
    format!("{} {noun}", count(number))
}

fn passed(errors: &Question, asked: &Asked, bound: f64) -> String {
    if errors.next().whole <= 0.0 {
        return "the new tasks are healthy; they had no requests, and were to wait for none".to_owned();
    }
    let certainty = percent(asked.tolerated.certainty);
    let care = if asked.side_by_side {
        ""
    } else {
        "; compared with the time before, since no old tasks served beside it"
    };
    format!(
        "at most {} of its requests fail, with {certainty} certainty; {}{care}",
        percent(bound),
        seen(errors, asked)
    )
}

/// The patience is over, and it is not proven to be good, nor to be bad.
fn unproven(proof: &Proof, asked: &Asked, short: &str, ruling: impl Fn(Verdict, String) -> Ruling) -> Ruling {
    let waited = asked.watched;
    let had_its_share = proof.requests() >= asked.minimum_requests as f64;
    let pass = match asked.unproven {
        Unproven::Pass => true,
        Unproven::RollBack => false,
        Unproven::AsQuiet => had_its_share || proof.live_requests() < asked.minimum_requests as f64,
    };
    if pass {
        ruling(
            Verdict::Ready,
            format!(
                "{short}; nothing speaks against the new tasks, though they are not proven good after {waited}"
            ),
        )
    } else {
        ruling(Verdict::Failed, not_proven(asked, short))
    }
}

fn not_proven(asked: &Asked, short: &str) -> String {
    format!("the new tasks could not be proven good in {}: {short}", asked.watched)
}
