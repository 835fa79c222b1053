//! Whether a deployment goes on from a point, waits there, or goes back.

use changeover_domain::Timestamp;
use changeover_domain::gate::{Held, Hook, Orders, Place, Point, Then};
use changeover_domain::span::Seconds;

/// How long an ordered pause waits for a person. Nobody planned for it, so it is short beside a pause that is set.
pub const ORDERED_PAUSE: Seconds = Seconds(4 * 3600);
/// The longer an ordered pause lasts, the more rarely it is looked at: after this part of its time again.
const RARELY: u64 = 20;
/// Longest time between two looks at an ordered pause.
const MOST_RARELY: Seconds = Seconds(180);

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The time of the look.
    pub now: Timestamp,
    /// The point that the deployment has come to.
    pub point: Point,
    /// The place that this is: with the step, if the point has steps.
    pub place: Place,
    /// The hook that is set there.
    pub hook: Option<Hook>,
    /// Whether it was held here before and may go on.
    pub is_passed: bool,
    /// The pause that it is in.
    pub held: Option<Held>,
    /// What people asked for.
    pub orders: Orders,
    /// The newer image that this deployment gives way to.
    pub newer: Option<String>,
    /// How long to wait between looks.
    pub poll: Seconds,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing holds it here.
    Pass,
    /// It was to be held here, and goes on.
    GoOn {
        /// Who says so.
        why: String,
    },
    /// Hold it, and tell people how to go on.
    Hold {
        /// Until when they may decide.
        until: Timestamp,
        /// What happens then.
        then: Then,
        /// What holds it.
        by: String,
        /// That it is held, in words.
        why: String,
    },
    /// It is held.
    Wait {
        /// Until when, in words.
        why: String,
    },
    /// It goes back.
    GoBack {
        /// Who says so, or what came of waiting.
        why: String,
        /// Whether only because something newer is wanted.
        superseded: bool,
    },
}

/// What to do. Pure: everything it knows is in its arguments.
///
/// Who asked for a rollback, and a push that takes a deployment's place, need not wait for a pause to end.
pub fn decide(view: &View) -> Action {
    if let Some(why) = &view.orders.taken_back {
        return Action::GoBack { why: why.clone(), superseded: false };
    }
    if let Some(newer) = &view.newer {
        return Action::GoBack { why: format!("{newer} is wanted now"), superseded: true };
    }
    if view.is_passed {
        return Action::Pass;
    }
    match view.held.as_ref().filter(|held| held.place == view.place) {
        Some(held) => holding(view, held),
        None => arriving(view),
    }
}

fn holding(view: &View, held: &Held) -> Action {
    let place = view.place;
    if let Some(order) = view.orders.ends(place) {
        return Action::GoOn { why: order.to_string() };
    }
    if view.now < held.until {
        return Action::Wait { why: format!("held at {place} by {} until {}", held.by, held.until) };
    }
    let nobody = format!("nobody decided at {place} until {}", held.until);
    match held.then {
        Then::Promote => Action::GoOn { why: format!("{nobody}: it goes on, as is set") },
        Then::RollBack => Action::GoBack { why: nobody, superseded: false },
    }
}

fn arriving(view: &View) -> Action {
    let (limit, then, by) = match (&view.hook, view.orders.to_pause()) {
        (_, Some(order)) if view.hook.is_none() => (ORDERED_PAUSE, Then::RollBack, order.to_string()),
        (Some(Hook::Pause { limit, then }), _) => {
            (*limit, *then, format!("the pause that is set at {}", view.point))
        }
        _ => return Action::Pass,
    };
    if let Some(order) = view.orders.ends(view.place) {
        return Action::GoOn { why: order.to_string() };
    }
    let until = limit.after(view.now);
    let why = format!("held at {} by {by} until {until}", view.place);
    Action::Hold { until, then, by, why }
}

/// How long to wait until the next look. At a later point more is looked at each time, `check-health` before this.
pub fn next_look(view: &View) -> Seconds {
    let functions = match view.point {
        Point::BeforeStart => 1,
        Point::BeforeTraffic | Point::AfterStep => 2,
        Point::BeforeDrain => 3,
    };
    let usual = Seconds(view.poll.0 * functions);
    // The execution's history is planned for pauses that are set.
    let ordered = view.held.as_ref().filter(|_| view.hook.is_none());
    let rarely = ordered.map_or(0, |held| Seconds::between(held.since, view.now).0 / RARELY);
    usual.max(Seconds(rarely).min(MOST_RARELY))
}
