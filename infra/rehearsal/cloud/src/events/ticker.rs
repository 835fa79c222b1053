//! Ticks by schedule: one task that sleeps until the next name is due.

use super::schedule::Expression;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The longest sleep; the wall clock may have moved meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Names, each with its schedule.
pub(crate) struct Ticker {
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
    changed: Arc<Notify>,
}

struct Entry {
    schedule: Expression,
    began: Timestamp,
    next: Option<Timestamp>,
}

impl Ticker {
    /// Starts ticking; `tick` gets the name and the time that was due.
    pub(crate) fn start(stop: CancellationToken, tick: impl Fn(&str, Timestamp) + Send + 'static) -> Self {
        let entries: Arc<Mutex<BTreeMap<String, Entry>>> = Arc::default();
        let changed = Arc::new(Notify::new());
        let (all, change) = (entries.clone(), changed.clone());
        tokio::spawn(async move {
            loop {
                let now = rehearsal_world::now();
                let (due, next) = due(&mut all.lock(), now);
                for (name, at) in due {
                    tick(&name, at);
                }
                let wait = next.map_or(LONGEST_SLEEP, |next| until(now, next));
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = change.notified() => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
        });
        Self { entries, changed }
    }

    /// Adds a name, or gives it another schedule, which begins then and ticks first at `next`.
    pub(crate) fn set(&self, name: String, schedule: Expression, began: Timestamp, next: Option<Timestamp>) {
        self.entries.lock().insert(name, Entry { schedule, began, next });
        self.changed.notify_one();
    }

    /// Forgets a name.
    pub(crate) fn remove(&self, name: &str) {
        self.entries.lock().remove(name);
    }
}

fn until(now: Timestamp, next: Timestamp) -> Duration {
    // Rounded up, so that it is due when the sleep ends.
    let millis = (next.as_millisecond() - now.as_millisecond()).max(0).unsigned_abs() + 1;
    Duration::from_millis(millis).min(LONGEST_SLEEP)
}

/// What is due, and when the next one will be. What was missed meanwhile ticks once, not once per time.
fn due(
    entries: &mut BTreeMap<String, Entry>,
    now: Timestamp,
) -> (Vec<(String, Timestamp)>, Option<Timestamp>) {
    let mut due = Vec::new();
    for (name, entry) in entries.iter_mut() {
        if let Some(at) = entry.next.filter(|at| *at <= now) {
            due.push((name.clone(), at));
            entry.next = entry.schedule.next(entry.began, now);
        }
    }
    (due, entries.values().filter_map(|entry| entry.next).min())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_once_for_all_it_missed() {
        let began: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        let schedule = Expression::parse("rate(5 minutes)").unwrap();
        let next = schedule.next(began, began);
        let mut entries = BTreeMap::from([("r".to_owned(), Entry { schedule, began, next })]);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (none, first) = due(&mut entries, at("2026-01-31T00:04:59Z"));
        assert_eq!((none.len(), first), (0, Some(at("2026-01-31T00:05:00Z"))));
        let (late, after) = due(&mut entries, at("2026-01-31T00:17:00Z"));
        assert_eq!(late, [("r".to_owned(), at("2026-01-31T00:05:00Z"))]);
        assert_eq!(after, Some(at("2026-01-31T00:20:00Z")));
    }

    #[test]
    fn sleeps_no_longer_than_until_the_next() {
        let now: Timestamp = "2026-01-31T00:00:00Z".parse().unwrap();
        assert_eq!(until(now, "2026-01-31T00:00:01Z".parse().unwrap()), Duration::from_millis(1_001));
        assert_eq!(until(now, "2026-02-01T00:00:00Z".parse().unwrap()), LONGEST_SLEEP);
    }
}
