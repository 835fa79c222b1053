//! When which request leaves. Pure: a schedule follows from its configuration and nothing that happens.

use crate::config::{Config, Mix, Users};
use crate::request::Kind;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::time::Duration;

/// A request to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its place in the schedule.
    pub id: u64,
    /// When it leaves, from the start.
    pub at: Duration,
    /// What kind.
    pub kind: Kind,
    /// Whether it opens a connection of its own.
    pub fresh: bool,
    /// Which of the regulars asks; none of them, if it is a stranger.
    pub regular: Option<u32>,
}

/// The endless sequence of requests to come, in order of time.
#[derive(Debug)]
pub struct Schedule {
    next_id: u64,
    interval: f64,
    sent: u64,
    websocket_interval: f64,
    websockets: u64,
    mix: Mix,
    users: Users,
    draws: StdRng,
}

impl Schedule {
    /// The schedule of a configuration. A rate of 0 or below leaves only the WebSockets.
    pub fn new(config: &Config) -> Self {
        let interval = if config.rate > 0.0 { 1.0 / config.rate } else { f64::INFINITY };
        // N open at any time, each for its life: one begins every life / N.
        let life = config.websocket_life.as_secs_f64().max(f64::MIN_POSITIVE);
        let websocket_interval = match config.mix.websockets {
            0 => f64::INFINITY,
            open => life / open as f64,
        };
        Self {
            next_id: 0,
            interval,
            sent: 0,
            websocket_interval,
            websockets: 0,
            mix: config.mix.clone(),
            users: config.users,
            draws: StdRng::seed_from_u64(config.seed),
        }
    }

    /// Who asks. Without regulars nothing is drawn, so that a seed makes the same schedule as ever.
    fn draw_user(&mut self) -> Option<u32> {
        let Users { regulars, share } = self.users;
        let is_regular = regulars > 0 && share > 0.0 && self.draws.random::<f64>() < share;
        is_regular.then(|| self.draws.random_range(0..regulars))
    }

    fn draw(&mut self) -> (Kind, bool) {
        let shares = [
            (Kind::Short, self.mix.short),
            (Kind::Slow, self.mix.slow),
            (Kind::Stream, self.mix.stream),
            (Kind::Post, self.mix.post),
        ];
        let all: f64 = shares.iter().map(|(_, share)| share.max(0.0)).sum();
        let mut rest = self.draws.random::<f64>() * all;
        let fresh = self.draws.random::<f64>() < self.mix.fresh;
        for (kind, share) in shares {
            if rest < share {
                return (kind, fresh);
            }
            rest -= share.max(0.0);
        }
        (Kind::Short, fresh)
    }
}

/// When the `n`th of a kind that comes every `interval` seconds leaves; 0 times infinity is never, too.
fn time(n: u64, interval: f64) -> Option<f64> {
    interval.is_finite().then_some(n as f64 * interval)
}

impl Iterator for Schedule {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let request = time(self.sent, self.interval);
        let websocket = time(self.websockets, self.websocket_interval);
        let (at, kind, fresh, regular) = match (request, websocket) {
            (request, Some(at)) if request.is_none_or(|request| at <= request) => {
                self.websockets += 1;
                (at, Kind::WebSocket, true, None)
            }
            (Some(at), _) => {
                self.sent += 1;
                let (kind, fresh) = self.draw();
                (at, kind, fresh, self.draw_user())
            }
            (None, _) => return None,
        };
        let id = self.next_id;
        self.next_id += 1;
        Some(Planned { id, at: Duration::try_from_secs_f64(at).ok()?, kind, fresh, regular })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new(([127, 0, 0, 1], 1).into())
    }

    fn taken(config: &Config, count: usize) -> Vec<Planned> {
        Schedule::new(config).take(count).collect()
    }

    #[test]
    fn requests_leave_at_the_rate_in_order() {
        let planned = taken(&config(), 2_000);
        assert!(planned.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].id + 1 == pair[1].id));
        let first_second = planned.iter().filter(|planned| planned.kind != Kind::WebSocket);
        assert_eq!(first_second.filter(|planned| planned.at < Duration::from_secs(1)).count(), 200);
    }

    #[test]
    fn a_seed_makes_the_same_schedule() {
        let other = Config { seed: 1, ..config() };
        assert_eq!(taken(&config(), 500), taken(&config(), 500));
        assert_ne!(taken(&config(), 500), taken(&other, 500));
    }

    #[test]
    fn kinds_come_in_their_shares() {
        let planned = taken(&config(), 10_000);
        let share = |kind| planned.iter().filter(|planned| planned.kind == kind).count() as f64 / 10_000.0;
        for (kind, expected) in
            [(Kind::Short, 0.84), (Kind::Slow, 0.05), (Kind::Stream, 0.05), (Kind::Post, 0.06)]
        {
            assert!((share(kind) - expected).abs() < 0.02, "{kind:?} has {}, not {expected}", share(kind));
        }
        let fresh = planned.iter().filter(|planned| planned.fresh).count();
        assert!((1_800..2_300).contains(&fresh), "{fresh} of 10000 on fresh connections");
    }

    #[test]
    fn regulars_ask_for_their_share() {
        let users = Users { regulars: 10, share: 0.6 };
        let planned = taken(&Config { users, ..config() }, 10_000);
        let regular = planned.iter().filter(|planned| planned.regular.is_some()).count();
        assert!((5_700..6_200).contains(&regular), "{regular} of 10000");
        let of_one = planned.iter().filter(|planned| planned.regular == Some(3)).count();
        assert!((450..750).contains(&of_one), "{of_one} of 10000");
        assert!(taken(&config(), 500).iter().all(|planned| planned.regular.is_none()));
    }

    #[test]
    fn websockets_take_turns() {
        let config = Config { rate: 0.0, websocket_life: Duration::from_secs(6), ..config() };
        let begins: Vec<_> =
            taken(&config, 4).iter().map(|planned| (planned.kind, planned.at.as_secs())).collect();
        let kind = Kind::WebSocket;
        assert_eq!(begins, [(kind, 0), (kind, 2), (kind, 4), (kind, 6)]);
        let silent = Config { rate: 0.0, mix: Mix::short_only(), ..config };
        assert_eq!(taken(&silent, 1), []);
    }
}
