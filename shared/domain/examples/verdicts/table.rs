//! What came of it, as a table in Markdown.

use crate::cloud::{Deployment, SHIFT, SLICE, World};

/// What a rule did to many deployments.
#[derive(Debug, Default)]
pub struct Tally {
    deployments: usize,
    /// Seconds after the shift at which it took one back.
    taken_back: Vec<u64>,
    /// Requests that failed, or were slow or unknown pages, until then or the end.
    bad: u64,
}

impl Tally {
    /// Counts one more, that was taken back at a look or was not.
    pub fn add(&mut self, look: Option<usize>, deployment: &Deployment) {
        self.deployments += 1;
        self.taken_back.extend(look.map(|look| look as u64 * SLICE));
        let until = look.map_or(deployment.slices.len(), |look| SHIFT + look);
        let bad = deployment.slices[SHIFT..until].iter().map(|(next, _)| {
            next.errors + next.client_errors + next.slow.first().map_or(0, |slow| slow.answers)
        });
        self.bad += bad.sum::<u64>();
        self.taken_back.sort_unstable();
    }

    fn share(&self) -> String {
        format!("{:.1} %", 100.0 * self.taken_back.len() as f64 / self.deployments.max(1) as f64)
    }

    /// The time by which this part of all deployments was taken back, in minutes.
    fn time(&self, part: f64) -> String {
        let index = (self.deployments as f64 * part).ceil() as usize;
        let minutes = |seconds: u64| format!("{:.1}", seconds as f64 / 60.0);
        index
            .checked_sub(1)
            .and_then(|index| self.taken_back.get(index))
            .map_or("–".to_owned(), |at| minutes(*at))
    }

    fn mean_bad(&self) -> u64 {
        self.bad / self.deployments.max(1) as u64
    }
}

/// A table's head.
pub fn head(title: &str, worse: bool, rules: &[&str]) -> String {
    let columns = if worse { " caught; median, 95 % (minutes); bad requests" } else { "" };
    let names: String = rules.iter().map(|rule| format!(" {rule}{columns} |")).collect();
    let lines: String = rules.iter().map(|_| "---|").collect();
    format!("| {title} |{names}\n|---|{lines}")
}

/// A table's row.
pub fn row(world: &World, worse: bool, tallies: &[Tally]) -> String {
    let cell = |tally: &Tally| {
        if worse {
            format!(" {}; {}, {}; {} |", tally.share(), tally.time(0.5), tally.time(0.95), tally.mean_bad())
        } else {
            format!(" {} |", tally.share())
        }
    };
    format!("| {} |{}", world.name, tallies.iter().map(cell).collect::<String>())
}
