//! Whether a deployment goes on from a point, waits there, or goes back.

use crate::turn;
use changeover_aws::once::Now;
use changeover_domain::Timestamp;
use changeover_domain::gate::{Gate, Held, Hook, Orders, Place, Placed, Point, Then};
use changeover_domain::settings::Settings;
use changeover_domain::span::Seconds;
use changeover_domain::verdict::migrated::{Migrated, OldTasks};
use serde_json::Value;

/// How long an ordered pause waits for a person. Nobody planned for it, so it is short beside a pause that is set.
pub const ORDERED_PAUSE: Seconds = Seconds(4 * 3600);
/// The longer an ordered pause lasts, the more rarely it is looked at: after this part of its time again.
const RARELY: u64 = 20;
/// Longest time between two looks at an ordered pause.
const MOST_RARELY: Seconds = Seconds(180);

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The time of the look.
    pub now: Timestamp,
    /// The point that the deployment has come to.
    pub point: Point,
    /// The place that this is: with the step, if the point has steps.
    pub place: Place,
    /// The hooks that are set there, in order.
    pub hooks: Vec<Placed>,
    /// What came of this point and of those before so far.
    pub gate: Gate,
    /// How the task is that a hook has started; none where none runs.
    pub task: Option<Now>,
    /// How long a hook may take.
    pub hook_timeout: Seconds,
    /// What people asked for.
    pub orders: Orders,
    /// The newer image that this deployment gives way to.
    pub newer: Option<String>,
    /// What became of the old tasks since a migration ran, as far as is on record.
    pub migrated: Option<Migrated>,
    /// What they have done since that was taken back; none before that, or where no load balancer counts their requests.
    pub old: Option<OldTasks>,
    /// What was asked for.
    pub settings: Settings,
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
    /// The next hook has its turn.
    Begin {
        /// Which of the point's.
        number: u8,
        /// When its time is over.
        until: Timestamp,
    },
    /// A hook's function is invoked.
    Invoke {
        /// Which of the point's.
        number: u8,
        /// The function.
        name: String,
    },
    /// A hook's task is started.
    Run {
        /// Which of the point's.
        number: u8,
        /// What its container runs.
        command: Vec<String>,
    },
    /// A hook's task was started.
    Started {
        /// The task, by ARN.
        task: String,
        /// That it was, in words.
        why: String,
    },
    /// A hook goes on, and is asked again.
    Again {
        /// Not before this.
        at: Timestamp,
        /// What its function is handed then.
        details: Option<Value>,
        /// What it is at, in words.
        why: String,
    },
    /// A hook has had its turn.
    Done {
        /// Which of the point's.
        number: u8,
        /// What came of it, in words.
        why: String,
        /// Its task, if that is still there and has to be stopped.
        task: Option<String>,
    },
    /// A hook of an earlier point was left under way when its execution died: nobody waits for it any more.
    Abandon {
        /// Its task, if it has one: it has to be stopped.
        task: Option<String>,
        /// What was left, in words.
        why: String,
    },
    /// All is done that was to take a migration back: the old tasks are watched from here on.
    Undone {
        /// What is waited for, in words.
        why: String,
    },
    /// The old tasks are as they were before the migration.
    Recovered {
        /// How they are, in words.
        why: String,
    },
    /// The old tasks suffer still: a person has to look.
    GiveUp {
        /// What they suffer, and what was done.
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

impl Action {
    /// What is to be said of it; none where nothing is, or not yet.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Pass | Self::Begin { .. } | Self::Invoke { .. } | Self::Run { .. } => None,
            Self::GoOn { why }
            | Self::Hold { why, .. }
            | Self::Wait { why }
            | Self::Started { why, .. }
            | Self::Again { why, .. }
            | Self::Done { why, .. }
            | Self::Abandon { why, .. }
            | Self::Undone { why }
            | Self::Recovered { why }
            | Self::GiveUp { why }
            | Self::GoBack { why, .. } => Some(why),
        }
    }
}

/// What to do. Pure: everything it knows is in its arguments.
///
/// Who asked for a rollback, and a push that takes a deployment's place, need not wait for a pause to end. After the outcome
/// neither counts.
pub fn decide(view: &View) -> Action {
    if !view.point.is_after() {
        if let Some(why) = &view.orders.taken_back {
            return Action::GoBack { why: why.clone(), superseded: false };
        }
        if let Some(newer) = &view.newer {
            return Action::GoBack { why: format!("{newer} is wanted now"), superseded: true };
        }
    }
    if let Some(left) = view.gate.running.as_ref().filter(|running| running.place != view.place) {
        let why = format!("a hook at {} was under way when its execution died: it is over", left.place);
        let runs = matches!(view.task, Some(Now::Runs(_)));
        return Action::Abandon { task: left.task.clone().filter(|_| runs), why };
    }
    match hooks(view) {
        Action::Pass if view.point == Point::AfterRollback => afterwards(view),
        action => action,
    }
}

/// What the hooks and pauses that are set here come to.
fn hooks(view: &View) -> Action {
    let is_passed = view.gate.passed.contains(&view.place);
    for placed in &view.hooks {
        match &placed.hook {
            Hook::Pause { .. } if is_passed => {}
            Hook::Pause { limit, then } => {
                return match held(view) {
                    Some(held) => holding(view, held),
                    None => {
                        arriving(view, (*limit, *then, format!("the pause that is set at {}", view.point)))
                    }
                };
            }
            _ if view.gate.is_done(view.place, placed.number) => {}
            Hook::Lambda { .. } | Hook::Task { .. } => return turn::take(view, placed),
        }
    }
    ordered(view, is_passed)
}

/// Which pause it is in here.
fn held(view: &View) -> Option<&Held> {
    view.gate.held.as_ref().filter(|held| held.place == view.place)
}

/// Whether a pause is set here; who orders one then gets that one.
pub fn has_pause(view: &View) -> bool {
    view.hooks.iter().any(|placed| matches!(placed.hook, Hook::Pause { .. }))
}

/// What somebody ordered, once all that is set has had its turn.
fn ordered(view: &View, is_passed: bool) -> Action {
    if is_passed || has_pause(view) || view.point.is_after() {
        return Action::Pass;
    }
    match (held(view), view.orders.to_pause()) {
        (Some(held), _) => holding(view, held),
        (None, Some(order)) => arriving(view, (ORDERED_PAUSE, Then::RollBack, order.to_string())),
        (None, None) => Action::Pass,
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

fn arriving(view: &View, (limit, then, by): (Seconds, Then, String)) -> Action {
    if let Some(order) = view.orders.ends(view.place) {
        return Action::GoOn { why: order.to_string() };
    }
    let until = limit.after(view.now);
    let why = format!("held at {} by {by} until {until}", view.place);
    Action::Hold { until, then, by, why }
}

/// What becomes of a deployment that went back because a migration had hurt the old tasks: once all hooks have had their turn,
/// one of which may have taken the migration back, it goes by what the old tasks do then.
fn afterwards(view: &View) -> Action {
    let Some((migrated, hurt)) = view.migrated.as_ref().and_then(|one| Some((one, one.hurt.as_ref()?)))
    else {
        return Action::Pass;
    };
    if migrated.afterwards.is_some() {
        return Action::Pass;
    }
    let undoing = match view.gate.done.iter().rfind(|done| done.place == Place::AfterRollback) {
        Some(done) => format!("at after-rollback: {}", done.why),
        None => "no hook is set at after-rollback that could take the migration back".to_owned(),
    };
    if migrated.undone_at.is_none() {
        return Action::Undone { why: format!("{undoing}; the old tasks are watched once more") };
    }
    let Some(old) = &view.old else {
        return Action::GiveUp {
            why: format!("{hurt}; {undoing}, and no numbers say how the old tasks are since"),
        };
    };
    let numbers = old.judge(&view.settings).ruling;
    let shown_at = old.shown_at();
    match () {
        () if numbers.harmful => Action::GiveUp {
            why: format!(
                "{undoing}, and the old tasks suffer still, {}: take the migration back by hand",
                numbers.why
            ),
        },
        () if view.now < shown_at => Action::Wait {
            why: format!("{undoing}; the old tasks are watched until {shown_at}: so far {}", numbers.so_far),
        },
        () => Action::Recovered { why: format!("{undoing}; the old tasks are well: {}", numbers.so_far) },
    }
}

/// How long to wait until the next look. At a later point more is looked at each time, `check-health` before this.
pub fn next_look(view: &View) -> Seconds {
    let functions = match view.point {
        Point::BeforeStart | Point::AfterSuccess | Point::AfterRollback => 1,
        Point::BeforeTraffic | Point::AfterStep => 2,
        Point::BeforeDrain => 3,
    };
    let usual = Seconds(view.poll.0 * functions);
    // A hook says itself when it is to be asked again.
    if let Some(again) = view.gate.running.as_ref().and_then(|running| running.again_at) {
        return Seconds(Seconds::between(view.now, again).0.max(1)).min(usual);
    }
    // The execution's history is planned for pauses that are set.
    let ordered = held(view).filter(|_| !has_pause(view));
    let rarely = ordered.map_or(0, |held| Seconds::between(held.since, view.now).0 / RARELY);
    usual.max(Seconds(rarely).min(MOST_RARELY))
}
