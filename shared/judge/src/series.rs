//! One series: what its periods have proven so far, and what the rule says of it.

use changeover_domain::judging::{Judging, Unproven};
use changeover_domain::settings::{Raw, Strategy, read};
use changeover_domain::span::Seconds;
use changeover_domain::state::Verdict;
use changeover_domain::verdict::{Asked, MAX_LIMITS, Period, Proof, Ruling, Whose, rule};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the stack's `DataPatienceSeconds` is by default.
const PATIENCE: Seconds = Seconds(1800);
/// The key for it, beside the settings that are tags.
const PATIENCE_KEY: &str = "data-patience";

/// A series of periods.
#[derive(Debug)]
pub struct Series {
    strategy: Strategy,
    settings: Option<BTreeMap<String, Value>>,
    asked: Asked,
    proof: Proof,
    periods: u64,
    /// The last word, once there was one, and the period that had it.
    last_word: Option<(u64, Ruling)>,
}

impl Series {
    /// Begins a series with what its first line says.
    ///
    /// # Errors
    /// What is wrong with the settings, all of it at once.
    pub fn begin(
        strategy: Option<Strategy>,
        settings: Option<BTreeMap<String, Value>>,
    ) -> Result<Self, String> {
        let strategy =
            strategy.ok_or("strategy is missing on the series' first line: blue-green or rolling")?;
        let asked = asked(strategy, settings.as_ref())?;
        Ok(Self { strategy, settings, asked, proof: Proof::default(), periods: 0, last_word: None })
    }

    /// Whether a later line says the same as the first.
    ///
    /// # Errors
    /// What it says otherwise.
    pub fn agrees(
        &self,
        strategy: Option<Strategy>,
        settings: Option<&BTreeMap<String, Value>>,
    ) -> Result<(), String> {
        if strategy.is_some_and(|strategy| strategy != self.strategy) {
            return Err("strategy is not the one of the series' first line".to_owned());
        }
        if settings.is_some_and(|settings| self.settings.as_ref() != Some(settings)) {
            return Err("settings are not those of the series' first line, which count".to_owned());
        }
        Ok(())
    }

    /// Whether the limits for slow answers of one more period can all be followed.
    ///
    /// # Errors
    /// Which of them cannot.
    pub fn follows(&self, period: &Period) -> Result<(), String> {
        let known: Vec<f64> = self.proof.limits().collect();
        let named = period.next.slow.iter().chain(period.live.iter().flat_map(|live| &live.slow));
        let mut new: Vec<f64> = named.map(|slow| slow.limit).filter(|limit| !known.contains(limit)).collect();
        new.sort_by(f64::total_cmp);
        new.dedup();
        if known.len() + new.len() <= MAX_LIMITS {
            return Ok(());
        }
        let told = |limits: &[f64]| limits.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        let before = if known.is_empty() { String::new() } else { format!(" beside {}", told(&known)) };
        Err(format!("slow has {}{before}: at most {MAX_LIMITS} limits of a series are followed", told(&new)))
    }

    /// Counts one more period, and says what the rule says now.
    pub fn observe(&mut self, period: &Period) -> (u64, Ruling) {
        self.periods += 1;
        let start = i64::try_from(self.periods).unwrap_or(i64::MAX);
        let history = period.next.requests == 0 && !self.proof.has_begun();
        if history {
            if let Some(live) = &period.live {
                self.proof.before(start, live, period.rest.as_ref());
            }
        } else {
            self.proof.observe(start, period, &self.asked.tolerated);
            self.asked.watched = Seconds(self.proof.watched());
        }
        let mut ruling = rule(&self.proof, &self.asked);
        if history {
            ruling.verdict = Verdict::Wait;
            "no request has reached the new tasks yet".clone_into(&mut ruling.why);
        }
        (self.periods, self.keep(ruling))
    }

    /// What went back stays so. What passed stays so unless it does harm: it is watched on.
    fn keep(&mut self, mut ruling: Ruling) -> Ruling {
        match &self.last_word {
            Some((period, last)) if last.verdict == Verdict::Failed => {
                ruling.verdict = Verdict::Failed;
                ruling.why = format!("it went back in period {period}: {}", last.why);
            }
            Some((period, last)) if !ruling.harmful => {
                ruling.verdict = Verdict::Ready;
                ruling.why = format!("it passed in period {period}: {}", last.why);
            }
            _ if ruling.verdict != Verdict::Wait => self.last_word = Some((self.periods, ruling.clone())),
            _ => {}
        }
        ruling
    }
}

/// Settings as the shipped reader reads them: the same names, bounds and words.
fn asked(strategy: Strategy, settings: Option<&BTreeMap<String, Value>>) -> Result<Asked, String> {
    let mut raw = Raw::new();
    let mut patience = PATIENCE;
    let mut mistakes = Vec::new();
    for (key, value) in settings.into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            // A bare number of a length of time is in seconds: there is nothing else that it could be here.
            Value::Number(number) if TIMES.contains(&key.as_str()) => format!("{number}s"),
            Value::Number(number) => number.to_string(),
            _ => {
                mistakes.push(format!("settings.{key} must be text or a number"));
                continue;
            }
        };
        if key == PATIENCE_KEY {
            match Seconds::parse(&text) {
                Ok(seconds) => patience = seconds,
                Err(why) => mistakes.push(format!("settings.{key}: {why}")),
            }
        } else {
            raw.insert(key.clone(), text);
        }
    }
    // What a judge does not need, but the reader asks for.
    raw.entry("repository".to_owned()).or_insert_with(|| "series".to_owned());
    let side_by_side = strategy == Strategy::BlueGreen;
    let name = if side_by_side { "blue-green" } else { "rolling" };
    if raw.insert("strategy".to_owned(), name.to_owned()).is_some_and(|set| set != name) {
        mistakes.push(format!("settings.strategy is not the line's own, {name}"));
    }
    if side_by_side {
        raw.entry("pair".to_owned()).or_insert_with(|| "other".to_owned());
    }
    let settings = match read(&raw, &Raw::new(), &Raw::new()) {
        Ok(settings) if mistakes.is_empty() => settings,
        Ok(_) => return Err(mistakes.join("; ")),
        Err(more) => {
            mistakes.extend(more);
            return Err(mistakes.join("; "));
        }
    };
    let judging: Judging = settings.judging;
    let unproven: Unproven = judging.unproven;
    Ok(Asked {
        tolerated: judging.tolerated(),
        side_by_side,
        watched: Seconds(0),
        bake: settings.bake,
        patience,
        unproven,
        minimum_requests: settings.minimum_requests,
        whose: Whose::New,
    })
}

/// Settings that are lengths of time.
const TIMES: [&str; 4] = ["bake", "health-timeout", "rollback-window", PATIENCE_KEY];
