//! `cargo rehearse` and `cargo rehearse run`

use crate::binaries::Binaries;
use crate::cli::RunOptions;
use crate::report::{self, Report};
use crate::scenario::{self, CATALOGUE, Listener, Options, Play, Scenario};
use crate::stage::Pace;
use crate::terminal::{Frame, Side, Terminal};
use crate::witness::Track;
use anyhow::bail;

/// Requests a second, unless asked for.
const RATE: f64 = 200.0;

/// Runs scenarios one after the other, shows them, and writes the report. True if everything held.
///
/// # Errors
/// If a name is unknown, the functions do not build, or a stage cannot be set.
pub async fn run(names: &[String], options: &RunOptions) -> anyhow::Result<bool> {
    let scenarios = select(names)?;
    let mut terminal = Terminal::stdout();
    terminal.say("building the functions and the sample application");
    let binaries = Binaries::build()?;
    let mut told = Vec::with_capacity(scenarios.len());
    for scenario in scenarios {
        terminal.begin(scenario.name, scenario.about);
        let how = Options { seed: options.seed, rate: options.rate.unwrap_or(RATE), pace: Pace::AWS };
        let mut shown = Shown { terminal: &mut terminal, scenario: scenario.name };
        let scenario = scenario::play(&binaries, scenario, how, &mut shown).await?;
        terminal.end(&scenario);
        told.push(scenario);
    }
    let report = Report::new(told);
    let page = report::write(&options.report, &report)?;
    terminal.close(&report, &page);
    Ok(report.held)
}

/// The scenarios of these names; `all` is every one.
///
/// # Errors
/// Names those that are unknown.
pub fn select(names: &[String]) -> anyhow::Result<Vec<&'static Scenario>> {
    if names.iter().any(|name| name == "all") {
        return Ok(CATALOGUE.iter().collect());
    }
    let unknown: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| scenario::find(name).is_none()).collect();
    if !unknown.is_empty() {
        let known: Vec<&str> = CATALOGUE.iter().map(|scenario| scenario.name).collect();
        bail!("there is no scenario {}: there are {}, and all", unknown.join(", "), known.join(", "));
    }
    Ok(names.iter().filter_map(|name| scenario::find(name)).collect())
}

/// Shows a play in the terminal.
struct Shown<'a> {
    terminal: &'a mut Terminal,
    scenario: &'static str,
}

impl Listener for Shown<'_> {
    fn now(&mut self, play: &Play) {
        let sides = play.sides.iter().map(|name| Side {
            name: name.clone(),
            version: play.versions.get(name).cloned(),
            weight: Track::last(&play.track.weights, name),
            healthy: Track::last(&play.track.healthy, name),
            running: Track::last(&play.track.running, name),
        });
        let second = play.traffic.last_second();
        let totals = &play.traffic.totals;
        self.terminal.frame(&Frame {
            scenario: self.scenario.to_owned(),
            elapsed_ms: u64::try_from(play.elapsed.as_millis()).unwrap_or(u64::MAX),
            state: play.state.clone().unwrap_or_default(),
            note: play.moments.last().map(|moment| moment.note.clone()).unwrap_or_default(),
            sides: sides.collect(),
            rate: second.map_or(0.0, |second| second.total() as f64),
            in_flight: play.traffic.in_flight,
            total: totals.total,
            failed: totals.failed,
            moments: play.moments.clone(),
        });
    }
}
