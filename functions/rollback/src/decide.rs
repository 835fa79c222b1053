//! What going back needs next, given what was and what is.

use crate::fresh::{is_fresh, look_again, moved_again};
use crate::late::{is_late, wait_or_give_up};
use crate::pins::{give_back, holds};
use changeover_domain::Timestamp;
use changeover_domain::evidence::SideSeen;
use changeover_domain::plan::Member;
use changeover_domain::route::{Route, RouteId, WHOLE, is_at};
use changeover_domain::span::Seconds;

/// While users suffer from the new tasks, the old ones take everything back once one in this many of them is healthy:
/// fewer tasks than before are better than errors.
const PARTIAL: u32 = 2;

/// How often ECS is told what the members were before: if they are something else even then, somebody else tells it
/// otherwise. Once or twice is usual; every repeat of a step that AWS did not answer counts as well.
const MAX_TELLS: u32 = 40;

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The time of the look.
    pub now: Timestamp,
    /// The side that served when the deployment began, or the rolling service.
    pub live: SideSeen,
    /// What it goes back to: what it was then, or the copy of that which is on record as the way back.
    pub live_before: Member,
    /// The revision that it was set to, where going back goes to another one: ECS's own rollback goes there.
    pub original: Option<String>,
    /// Whether ECS still takes the revision that it goes back to.
    pub is_active: bool,
    /// Whether it was broken when the deployment began: then it is back with as many tasks as served, whatever ECS makes of it.
    pub broken: bool,
    /// What else there is.
    pub members: Members,
    /// The revision that goes.
    pub revision: Option<String>,
    /// When new tasks were asked for last; none if they never were.
    pub asked_at: Option<Timestamp>,
    /// When rollback began; none if this is its first look.
    pub began_at: Option<Timestamp>,
    /// When the weights were back.
    pub restored_at: Option<Timestamp>,
    /// Until when a function of the execution that died may still be doing what it had decided; none if none died.
    pub others_until: Option<Timestamp>,
    /// Whether any weight was ever shifted.
    pub shown: bool,
    /// Whether the old side was seen to have no requests any more: what follows is that it is told to stop its tasks.
    pub quiet: bool,
    /// Whether users were seen to suffer from the new tasks.
    pub harmful: bool,
    /// How often ECS was told what the members were before.
    pub tells: u32,
    /// How long the old tasks may take to be healthy again.
    pub patience: Seconds,
    /// How long weights take to reach every balancer node.
    pub convergence: Seconds,
    /// How long clients may stay pinned to a side.
    pub stickiness: Seconds,
    /// When going back gave stickiness back, if it has.
    pub pinned_at: Option<Timestamp>,
    /// How long ECS waits for requests of a task before it stops it.
    pub deregistration_delay: Seconds,
}

/// The other side of a pair, or none.
#[derive(Debug, Clone, PartialEq)]
pub enum Members {
    /// One ECS service.
    Rolling,
    /// A pair.
    Pair {
        /// The live side's target group.
        live_group: String,
        /// The next side's target group.
        next_group: String,
        /// The next side now.
        next: Box<SideSeen>,
        /// What it was.
        next_before: Member,
        /// Whether ECS still takes the revision that it had.
        next_is_active: bool,
        /// The routes now.
        routes: Vec<Route>,
        /// Those on which clients were pinned when it was planned, and can be let go.
        sticky: Vec<RouteId>,
    },
}

/// Which member a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The side that served when the deployment began, or the rolling service.
    Live,
    /// The next side.
    Next,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing yet.
    Wait {
        /// For what.
        why: String,
    },
    /// Set a member back to what it was.
    Scale {
        /// Which.
        which: Which,
        /// Its task definition, if that is another one now.
        task_definition: Option<String>,
        /// Its number of tasks, if that is ours to say.
        desired: Option<u32>,
        /// Why.
        why: String,
    },
    /// Register a copy of the revision that is gone back to: it was deregistered.
    Register {
        /// Why.
        why: String,
    },
    /// Give the live side all the weight again.
    Weights {
        /// Why now.
        why: String,
    },
    /// Give the next side all the weight for now: it is the only one that can answer.
    Shelter {
        /// Why.
        why: String,
    },
    /// Give back the stickiness of these routes.
    Pin {
        /// Which.
        routes: Vec<RouteId>,
        /// Why now.
        why: String,
    },
    /// Put on record that it is as it was.
    Done {
        /// What was seen.
        why: String,
    },
    /// Put on record that a person has to look; leave everything as it is.
    GiveUp {
        /// What is broken, and what to look at.
        why: String,
    },
}

impl Action {
    /// Why, or for what, in words.
    pub fn why(&self) -> &str {
        match self {
            Self::Wait { why }
            | Self::Scale { why, .. }
            | Self::Register { why }
            | Self::Weights { why }
            | Self::Shelter { why }
            | Self::Pin { why, .. }
            | Self::Done { why }
            | Self::GiveUp { why } => why,
        }
    }
}

impl View {
    /// When the weights were back to stay: until [`View::others_until`] they may have been moved by what the execution
    /// that died had begun.
    pub fn back_since(&self) -> Option<Timestamp> {
        self.restored_at.filter(|at| self.others_until.is_none_or(|until| *at >= until))
    }

    /// Whether a call of the execution that died may still come: it looked at the fence just before it was taken over,
    /// and AWS knows of no fence.
    fn may_be_surprised(&self) -> bool {
        self.others_until.is_some_and(|until| self.now < until)
    }

    /// Whether a revision that the live member is set to is one that a deployment leaves: the new one, or the one from
    /// before in the place of its copy.
    fn is_to_leave(&self, revision: &str) -> bool {
        [&self.revision, &self.original].into_iter().any(|one| one.as_deref() == Some(revision))
    }
}

/// What to do next. Pure: everything it knows is in its arguments.
pub fn decide(view: &View) -> Action {
    match next(view) {
        Action::Done { why } | Action::GiveUp { why } if view.may_be_surprised() => {
            may_still_come(view, &why)
        }
        Action::Done { why } if is_fresh(view.now, view.asked_at) => look_again(&why),
        Action::Done { why } => give_back(view, &why).unwrap_or(Action::Done { why }),
        action => action,
    }
}

fn may_still_come(view: &View, why: &str) -> Action {
    let until = view.others_until.unwrap_or(view.now);
    Action::Wait {
        why: format!("{why}; what the execution that died had begun may still come until {until}"),
    }
}

fn next(view: &View) -> Action {
    match &view.members {
        Members::Rolling => rolling(view),
        Members::Pair { live_group, next_group, next, next_before, next_is_active, routes, .. } => {
            let back = routes.iter().all(|route| is_at(route, live_group, next_group, 0));
            let away = routes.iter().all(|route| is_at(route, live_group, next_group, WHOLE));
            if let Some(action) = capacity(view, next, back, away) {
                return action;
            }
            if let Some(since) = view.back_since().filter(|_| !back) {
                return moved_again(view.now, since, routes);
            }
            if !back || holds(view) {
                return weights(view, next);
            }
            next_away(view, next, next_before, *next_is_active)
        }
    }
}

/// The live side must have the tasks it had before it gets traffic back; until then traffic is where it is served best.
/// While users suffer that is the live side as soon as half of its tasks are healthy.
fn capacity(view: &View, next: &SideSeen, back: bool, away: bool) -> Option<Action> {
    let (now, before) = (&view.live.service, &view.live_before);
    // Which revision it runs is no change of ours: if it is another one now, somebody wants it so.
    let fewer = now.desired < before.desired;
    if fewer && view.tells < MAX_TELLS {
        // Where its own revision would not start again what ran, its copy does.
        let copied = view.is_active && view.original.as_ref() == Some(&now.task_definition);
        return Some(Action::Scale {
            which: Which::Live,
            task_definition: copied.then(|| before.task_definition.clone()),
            desired: Some(before.desired),
            why: format!("{} tasks of the old revision are asked for again", before.desired),
        });
    }
    let (healthy, whole) = (view.live.healthy(), whole(before));
    // Once it has the traffic, its health is no reason to hold back what remains to be done.
    if back || healthy >= whole {
        return None;
    }
    let half = healthy > 0 && healthy >= whole.div_ceil(PARTIAL);
    if view.harmful && half {
        return None;
    }
    let hand = if fewer { format!(", and {}", set_again(&view.live)) } else { String::new() };
    let why = format!("{healthy} of {whole} old tasks are healthy{hand}");
    match (healthy, next.healthy()) {
        // Some of the old tasks are better than none of the new ones.
        (1.., 0) => None,
        (0, 1..) if !away && view.shown && view.back_since().is_none() => {
            Some(Action::Shelter { why: format!("{why}: the new ones take all requests until they are") })
        }
        // What is condemned does not keep its share because of one old task that does not come back.
        (1.., new) if is_late(view) && (view.harmful || half || healthy >= new) => None,
        _ => Some(wait_or_give_up(view, why)),
    }
}

/// How many healthy tasks the live side had: what it ran, unless it was told to run fewer.
fn whole(before: &Member) -> u32 {
    before.running.min(before.desired)
}

fn weights(view: &View, next: &SideSeen) -> Action {
    // Old tasks that a late call stops must not have the traffic. The new ones answer until then.
    if view.may_be_surprised() && view.quiet && !view.harmful && next.healthy() > 0 {
        return may_still_come(view, "the old tasks are ready to take the traffic back");
    }
    Action::Weights {
        why: format!(
            "the old tasks take the traffic back: {} of them are healthy, and {} of the new ones",
            view.live.healthy(),
            next.healthy()
        ),
    }
}

/// With the traffic gone from it for long enough, the next side becomes what it was.
fn next_away(view: &View, next: &SideSeen, before: &Member, is_active: bool) -> Action {
    // A late shift must find tasks that answer.
    if view.may_be_surprised() {
        return may_still_come(view, "the old tasks have the traffic back");
    }
    if view.shown {
        let settled = view.convergence.after(view.back_since().unwrap_or(view.now));
        if view.now < settled {
            return Action::Wait { why: "the old weights reach every balancer node".to_owned() };
        }
    }
    let ours = view.revision.as_ref().is_some_and(|revision| next.service.task_definition == *revision);
    // A revision that was deregistered is none to go back to: with no tasks, the new one does no harm.
    let most = if ours && !is_active { 0 } else { before.desired };
    let leaves = ours && is_active;
    let is_more = leaves || next.service.desired > most;
    if is_more && view.tells >= MAX_TELLS {
        return Action::GiveUp {
            why: format!("the old revision serves everything, but {}", set_again(next)),
        };
    }
    if is_more {
        return Action::Scale {
            which: Which::Next,
            task_definition: leaves.then(|| before.task_definition.clone()),
            desired: Some(most),
            why: "the new tasks are told to stop".to_owned(),
        };
    }
    gone(view, next)
}

/// The new revision's tasks are gone, or on their way for too long.
fn gone(view: &View, side: &SideSeen) -> Action {
    let left = side.tasks.iter().filter(|task| {
        Some(&task.task_definition) == view.revision.as_ref() && task.last_status != "STOPPED"
    });
    match left.count() {
        0 => Action::Done { why: "the old revision serves everything, the new tasks are gone".to_owned() },
        left => wait_or_give_up(view, format!("ECS stops {left} new tasks")),
    }
}

/// ECS takes a rolling service back itself, once it is told which revision.
fn rolling(view: &View) -> Action {
    let (now, before) = (&view.live.service, &view.live_before);
    let is_to_leave = view.is_to_leave(&now.task_definition);
    if now.task_definition != before.task_definition && !is_to_leave {
        let (name, theirs) = (&before.ecs_service, &now.task_definition);
        return Action::GiveUp {
            why: format!("someone else has set {name} to {theirs}; it was left so, and no task was stopped"),
        };
    }
    if is_to_leave && view.tells >= MAX_TELLS {
        return Action::GiveUp { why: set_again(&view.live) };
    }
    if is_to_leave && !view.is_active {
        return Action::Register {
            why: format!("a copy of {} is registered, since ECS takes it no more", before.task_definition),
        };
    }
    if is_to_leave {
        return Action::Scale {
            which: Which::Live,
            task_definition: Some(before.task_definition.clone()),
            desired: None,
            why: "the old revision is asked for again".to_owned(),
        };
    }
    let up =
        view.live.tasks.iter().filter(|task| task.is_up() && task.task_definition == before.task_definition);
    let up = u32::try_from(up.count()).unwrap_or(u32::MAX);
    let whole = if view.broken { now.desired.min(before.running) } else { now.desired };
    if up < whole || view.live.healthy() < whole {
        let why = format!("{up} of {whole} old tasks run, {} targets are healthy", view.live.healthy());
        return wait_or_give_up(view, why);
    }
    if !view.broken
        && now.primary().is_some_and(|primary| primary.rollout_state.as_deref() == Some("IN_PROGRESS"))
    {
        return wait_or_give_up(view, "ECS has not completed the way back".to_owned());
    }
    gone(view, &view.live)
}

/// That somebody sets a service to something else each time that it is told what it was.
fn set_again(seen: &SideSeen) -> String {
    let service = &seen.service;
    format!(
        "someone else sets {} to {} tasks of {} again and again; it was left so",
        service.name, service.desired, service.task_definition
    )
}
