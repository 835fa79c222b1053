//! What a load balancer counted in each period, and which of its requests nobody answered.
//!
//! A load balancer does not say which target group a request belonged to that it had to answer itself, with 502 or 504: it
//! counts those for itself as a whole. So two things are held together: how many requests of a target group have no
//! answer, and how many the load balancer says that it answered for somebody.

use super::counts::{Counted, Slow};
use crate::Timestamp;
use crate::span::Seconds;

/// How many times the requests that are under way on the average may be under way at one moment.
pub const UNDER_WAY_FACTOR: f64 = 2.0;
/// Whoever has not answered after this has not answered: the load balancer's own idle timeout, unless somebody changed
/// it.
pub const ANSWER_PATIENCE: Seconds = Seconds(60);
/// Answers within this time are as good as at once: a period's numbers do not wait for them.
const QUICK: Seconds = Seconds(5);
/// From this share of a side's requests on, those without an answer count although the load balancer has not given them
/// up: clients who went away were not served either. Fewer may be their own doing (460).
pub const GROSS_SILENCE: f64 = 0.1;
/// Fewer silent requests than this prove nothing.
const LEAST_SILENCE: u64 = 5;

/// What a target group answered in one period, or several of one side together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answered {
    /// Requests for which a target was chosen.
    pub requests: u64,
    /// Answers 2xx.
    pub well: u64,
    /// Answers 3xx.
    pub redirects: u64,
    /// Answers 4xx.
    pub client_errors: u64,
    /// Answers 5xx; not those of the load balancer itself.
    pub errors: u64,
    /// Connections to targets that could not be established.
    pub refused: u64,
    /// Answers whose time is known; an upgrade to a WebSocket is one, though no code is counted for it.
    pub timed: u64,
    /// Their times together, in seconds.
    pub busy: f64,
    /// The longest, in seconds.
    pub slowest: f64,
    /// The times that 50, 90 and 99 of 100 answers stay within, in seconds, if they were asked for.
    pub percentiles: Option<[f64; 3]>,
    /// Of the timed answers, those beyond each limit that was asked for, in the limits' order.
    pub beyond: Vec<u64>,
}

/// What a whole load balancer did in one period, all of its target groups together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balancer {
    /// Requests for which a target was chosen.
    pub requests: u64,
    /// Answers 5xx of targets.
    pub errors: u64,
    /// What it answered itself because a target did not: 502 and 504.
    pub given_up: u64,
}

/// One period, both sides of a deployment, and their load balancers.
#[derive(Debug, Clone, PartialEq)]
pub struct Minute {
    /// When it began.
    pub start: Timestamp,
    /// The side with the new tasks.
    pub next: Answered,
    /// The side with the old ones; nothing once a rolling service has only new ones.
    pub live: Answered,
    /// The load balancers of both.
    pub whole: Balancer,
}

impl Answered {
    /// These and another target group's of the same side.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.well += other.well;
        self.redirects += other.redirects;
        self.client_errors += other.client_errors;
        self.errors += other.errors;
        self.refused += other.refused;
        self.timed += other.timed;
        self.busy += other.busy;
        self.slowest = self.slowest.max(other.slowest);
        self.percentiles = match (self.percentiles, other.percentiles) {
            (Some(one), Some(two)) => Some(std::array::from_fn(|index| one[index].max(two[index]))),
            (one, two) => one.or(two),
        };
        if self.beyond.len() < other.beyond.len() {
            self.beyond.resize(other.beyond.len(), 0);
        }
        for (mine, theirs) in self.beyond.iter_mut().zip(&other.beyond) {
            *mine += theirs;
        }
    }

    /// Answers that targets began to give.
    fn answers(&self) -> u64 {
        (self.well + self.redirects + self.client_errors + self.errors).max(self.timed)
    }

    /// How many requests are under way at one moment at the most, by Little's law: as many as the seconds of answering
    /// that fall into a second.
    fn under_way(&self, length: Seconds) -> f64 {
        self.busy / length.0.max(1) as f64 * UNDER_WAY_FACTOR
    }

    /// What it did, once it is known how many got no answer.
    pub fn counted(&self, lost: u64, limits: &[f64]) -> Counted {
        let errors = self.errors + lost;
        let slow =
            limits.iter().zip(&self.beyond).map(|(limit, answers)| Slow { limit: *limit, answers: *answers });
        Counted {
            // A request given up in this period may have been counted in one before.
            requests: self.requests.max(errors),
            errors,
            client_errors: self.client_errors,
            redirects: self.redirects,
            answers: self.timed,
            slow: slow.collect(),
        }
    }
}

/// How much longer than until its numbers are complete one has to wait for a period: its requests may still be answered,
/// if answers take long here.
pub fn patience(minutes: &[Minute]) -> Seconds {
    let slowest =
        minutes.iter().map(|minute| minute.next.slowest.max(minute.live.slowest)).fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds, and not negative")]
    let slowest = Seconds(slowest.ceil() as u64);
    if slowest <= QUICK { Seconds(0) } else { slowest.min(ANSWER_PATIENCE) }
}

/// What one side still owes answers to, from period to period.
#[derive(Debug, Default)]
struct Owed {
    /// Requests without an answer that have not been given up.
    open: u64,
    /// The most that were ever under way.
    under_way: f64,
}

impl Owed {
    fn see(&mut self, side: &Answered, length: Seconds) {
        self.under_way = self.under_way.max(side.under_way(length));
        self.open = (self.open + side.requests).saturating_sub(side.answers());
    }

    /// Those that nobody can be expected to answer any more.
    fn silent(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, and not negative"
        )]
        let under_way = self.under_way.ceil() as u64;
        self.open.saturating_sub(under_way)
    }

    fn give_up(&mut self, lost: u64) {
        self.open = self.open.saturating_sub(lost);
    }
}

/// How many of each period's requests were never answered, in order of time: on the side with the new tasks, and on the
/// other. `length` is a period's.
///
/// What the load balancer gave up is shared out by the requests of each side that have no answer. Where a great part of
/// the new tasks' requests has none, all of both sides count, as nobody waits for a minute until a load balancer gives up.
pub fn lost(minutes: &[Minute], length: Seconds) -> Vec<(u64, u64)> {
    let (mut next, mut live) = (Owed::default(), Owed::default());
    let each = minutes.iter().map(|minute| {
        next.see(&minute.next, length);
        live.see(&minute.live, length);
        let (of_next, of_live) = (next.silent(), live.silent());
        let gross =
            of_next >= LEAST_SILENCE && of_next as f64 >= GROSS_SILENCE * minute.next.requests.max(1) as f64;
        let (lost_next, lost_live) =
            if gross { (of_next, of_live) } else { shared(minute.whole.given_up, of_next, of_live) };
        let lost = (lost_next.max(minute.next.refused), lost_live.max(minute.live.refused));
        next.give_up(lost.0);
        live.give_up(lost.1);
        lost
    });
    each.collect()
}

/// So many were given up: how many of each side's silent requests that were.
fn shared(given_up: u64, next: u64, live: u64) -> (u64, u64) {
    let all = next + live;
    if all <= given_up {
        return (next, live);
    }
    let of_next = u128::from(given_up) * u128::from(next) / u128::from(all);
    let of_next = u64::try_from(of_next).unwrap_or(next);
    (of_next, given_up - of_next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Seconds = Seconds(60);

    fn answered(requests: u64, answers: u64, each: f64) -> Answered {
        Answered {
            requests,
            well: answers,
            timed: answers,
            busy: answers as f64 * each,
            slowest: each,
            ..Answered::default()
        }
    }

    fn minute(next: Answered, live: Answered, given_up: u64) -> Minute {
        let requests = next.requests + live.requests;
        let whole = Balancer { requests, errors: next.errors + live.errors, given_up };
        Minute { start: Timestamp::UNIX_EPOCH, next, live, whole }
    }

    fn errors(minutes: &[Minute]) -> (u64, u64) {
        lost(minutes, MINUTE).into_iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    #[test]
    fn a_difference_of_counts_is_no_error_where_the_balancer_gave_nothing_up() {
        let uneven = [minute(answered(60, 57, 0.05), answered(600, 590, 0.05), 0)];
        assert_eq!(errors(&uneven), (0, 0));
    }

    #[test]
    fn what_the_balancer_gave_up_belongs_to_whoever_has_no_answers() {
        let hanging = [minute(answered(600, 580, 0.01), answered(600, 600, 0.01), 15)];
        assert_eq!(errors(&hanging), (15, 0));
        let elsewhere = [minute(answered(600, 600, 0.01), answered(600, 600, 0.01), 50)];
        assert_eq!(errors(&elsewhere), (0, 0), "another target group's");
    }

    #[test]
    fn requests_given_up_a_minute_later_are_found_then() {
        let later = [
            minute(answered(600, 560, 0.01), answered(600, 600, 0.01), 0),
            minute(answered(600, 600, 0.01), answered(600, 600, 0.01), 39),
        ];
        assert_eq!(errors(&later), (39, 0));
    }

    #[test]
    fn a_great_silence_counts_before_the_balancer_gives_up() {
        let hanging = [minute(answered(600, 180, 0.05), answered(600, 595, 0.05), 0)];
        let (next, live) = errors(&hanging);
        assert!(next >= 418 && live <= 5, "{next} {live}");
    }

    #[test]
    fn clients_who_went_away_are_no_errors() {
        let away = [minute(answered(600, 560, 0.05), answered(600, 561, 0.05), 0)];
        assert_eq!(errors(&away), (0, 0));
    }

    #[test]
    fn refused_connections_are_errors_and_are_not_counted_twice() {
        let refusing = Answered { refused: 50, ..answered(600, 550, 0.0) };
        assert_eq!(errors(&[minute(refusing, answered(600, 600, 0.0), 50)]), (50, 0));
    }

    #[test]
    fn long_answers_are_waited_for() {
        let quick = [minute(answered(1, 1, 0.2), answered(1, 1, 4.0), 0)];
        assert_eq!(patience(&quick), Seconds(0));
        let long = [minute(answered(1, 1, 20.5), answered(1, 1, 4.0), 0)];
        assert_eq!(patience(&long), Seconds(21));
    }

    proptest! {
        #[test]
        fn no_steady_service_that_answers_has_errors(rate in 1u64..200, each in 1u64..29, minutes in 1usize..8) {
            let (requests, answers) = (rate * 60, rate * (60 - each));
            let side = |first: bool| answered(requests, if first { answers } else { requests }, each as f64);
            let all: Vec<Minute> = (0..minutes).map(|n| minute(side(n == 0), side(n == 0), 0)).collect();
            prop_assert_eq!(errors(&all), (0, 0));
        }

        #[test]
        fn nobody_loses_more_than_was_asked(requests in 0u64..1000, answers in 0u64..1000, given_up in 0u64..1000) {
            let answers = answers.min(requests);
            let one = [minute(answered(requests, answers, 0.0), answered(100, 100, 0.0), given_up)];
            let (next, live) = errors(&one);
            prop_assert!(next <= requests - answers && live == 0);
        }
    }
}
