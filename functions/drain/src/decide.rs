//! What draining needs next, given how far it is and what was seen.

use changeover_domain::alarmed::Alarms;
use changeover_domain::bearing::{Course, Patience, Since, bear, course, needed};
use changeover_domain::evidence::SideSeen;
use changeover_domain::health::Expectation;
use changeover_domain::plan::{FIGHT_PATIENCE, QUIET_PATIENCE, READ_PATIENCE, STOP_PATIENCE};
use changeover_domain::route::{Route, RouteId, WHOLE, is_at};
use changeover_domain::settings::Settings;
use changeover_domain::span::Seconds;
use changeover_domain::verdict::watching::{Watch, Watched};
use changeover_domain::verdict::{Asked, Whose};
use changeover_domain::{StepError, Timestamp};

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The time of the look.
    pub now: Timestamp,
    /// The side that went out, or the rolling service.
    pub seen: SideSeen,
    /// The revision that serves now.
    pub revision: String,
    /// How many tasks of it were planned.
    pub planned: u32,
    /// When they were asked for.
    pub started_at: Timestamp,
    /// Since when they are not well.
    pub since: Since,
    /// How long they may be so.
    pub patience: Patience,
    /// How long a lack of room may last.
    pub room_patience: Seconds,
    /// When the last weights were read back; of a rolling service, when its new tasks were healthy.
    pub shifted_at: Timestamp,
    /// When the side that went out was seen to have no requests.
    pub quiet_at: Option<Timestamp>,
    /// When it was told to run no tasks.
    pub scaled_in_at: Option<Timestamp>,
    /// The weights and the requests of a pair's side that went out; none when rolling.
    pub outgoing: Option<Outgoing>,
    /// What users' requests came to, as long as there are old tasks to go back to; none where nobody counts them.
    pub watch: Option<Watch>,
    /// What the team's own alarms say, as long as there are old tasks to go back to.
    pub alarms: Alarms,
    /// What was asked for.
    pub settings: Settings,
    /// Why it is to be taken back, if someone asked for that.
    pub taken_back: Option<String>,
    /// How long it stays warm.
    pub rollback_window: Seconds,
    /// What has become wanted meanwhile, if anything: it need not wait for the window.
    pub newer: Option<String>,
    /// How long clients may stay pinned to it.
    pub stickiness: Seconds,
    /// Whether stickiness could not be switched off for them: who keeps coming stays.
    pub pins: bool,
    /// When stickiness was given back, if it was.
    pub pinned_at: Option<Timestamp>,
    /// How long ECS waits for requests of a task before it stops it.
    pub deregistration_delay: Seconds,
    /// How long weights take to reach every balancer node.
    pub convergence: Seconds,
    /// How far back requests were looked for.
    pub evidence: Seconds,
    /// How long to wait between looks.
    pub poll: Seconds,
}

/// A pair's side that went out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// Its target group.
    pub live: String,
    /// The target group that serves now.
    pub next: String,
    /// The side that serves now.
    pub serving: SideSeen,
    /// The routes as they are.
    pub routes: Vec<Route>,
    /// Those of them on which clients were pinned, and were let go with the last shift.
    pub sticky: Vec<RouteId>,
    /// Its requests in the span of evidence.
    pub requests: u64,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing yet.
    Wait {
        /// How long.
        seconds: Seconds,
        /// For what.
        why: String,
    },
    /// Put on record that no request goes there any more.
    Quiet {
        /// By what evidence.
        why: String,
    },
    /// It is not to stay: what was there before takes the traffic back.
    TakeBack {
        /// Who asked for it, or what somebody did.
        why: String,
        /// Whether users suffer from the new tasks.
        harmful: bool,
    },
    /// Give back the stickiness of these routes.
    Pin {
        /// Which.
        routes: Vec<RouteId>,
        /// Why now.
        why: String,
    },
    /// Tell ECS that no task shall run.
    ScaleIn,
    /// Put on record that it is done.
    Drained {
        /// What was seen.
        why: String,
        /// Whether a person has to look all the same.
        needs_human: bool,
    },
}

/// How those that serve now bear it, over time. Pure. How many they are is for whoever scales them to say.
pub fn serving(view: &View) -> Course {
    let seen = view.outgoing.as_ref().map_or(&view.seen, |outgoing| &outgoing.serving);
    let expectation = Expectation {
        revision: &view.revision,
        // Who scales a rolling service to 0 in the midst of it says nothing about the image.
        needed: match (&view.outgoing, seen.service.desired) {
            (None, 0) => 0,
            (_, desired) => needed(view.planned, desired, 1),
        },
        since: view.started_at,
        now: view.now,
        room_patience: view.room_patience,
    };
    course(bear(seen, &expectation), view.since, view.patience, view.now)
}

/// What users' requests say by now, if they are watched.
pub fn watched(view: &View) -> Option<Watched> {
    let (watch, judging) = (view.watch.as_ref()?, &view.settings.judging);
    let asked = Asked {
        tolerated: judging.tolerated(),
        side_by_side: watch.side_by_side,
        // It has passed its bakes: from here on only harm counts, and no lack of proof.
        watched: Seconds(0),
        bake: Seconds(1),
        patience: Seconds(0),
        unproven: judging.unproven,
        minimum_requests: view.settings.minimum_requests,
        whose: Whose::New,
    };
    Some(watch.judge(&view.settings, &asked))
}

/// Whether users suffer from the new tasks while the old ones are there.
fn harm(view: &View) -> Option<Action> {
    let ruling = watched(view)?.ruling;
    let why = format!("the old tasks were still there, and take the traffic back: {}", ruling.why);
    ruling.harmful.then_some(Action::TakeBack { why, harmful: true })
}

/// What to do next. Pure: everything it knows is in its arguments.
///
/// The old tasks are told to stop only at a look at which those that serve are well.
///
/// # Errors
/// `RouteDrifted` if a route gives the side that went out requests again: its tasks must not be stopped.
pub fn decide(view: &View) -> Result<Action, StepError> {
    let Some(outgoing) = &view.outgoing else { return Ok(rolling(view)) };
    if let Some(since) = view.scaled_in_at {
        if view.seen.service.desired == 0 {
            return Ok(stopping(view));
        }
        if view.now >= FIGHT_PATIENCE.after(since) {
            return Ok(scaled_again(view));
        }
    }
    if let Some(why) = &view.taken_back {
        return Ok(Action::TakeBack { why: why.clone(), harmful: false });
    }
    if let Some(route) =
        outgoing.routes.iter().find(|route| !is_at(route, &outgoing.live, &outgoing.next, WHOLE))
    {
        if view.now < READ_PATIENCE.after(view.shifted_at) {
            let why = format!("{} still shows the weights of before the last shift", route.id);
            return Ok(Action::Wait { seconds: view.poll, why });
        }
        return Err(StepError::RouteDrifted {
            route: route.id.to_string(),
            found: format!("{:?}", route.weights),
            expected: format!("weight {WHOLE} to {}; the old tasks were left running", outgoing.next),
        });
    }
    if let Some(back) = harm(view) {
        return Ok(back);
    }
    match not_to_stay(view) {
        Some(Action::Wait { seconds, why }) => return Ok(Action::Wait { seconds, why: not_well(&why) }),
        Some(back) => return Ok(back),
        None => {}
    }
    if let Some(action) = pins(view, outgoing) {
        return Ok(action);
    }
    let Some(_) = view.quiet_at else { return Ok(quieting(view, outgoing)) };
    let until = view.rollback_window.after(view.shifted_at);
    if view.now < until && view.newer.is_none() {
        let rest = Seconds::between(view.now, until);
        let why = format!("the old tasks stay warm for a rollback window of {}", view.rollback_window);
        return Ok(Action::Wait { seconds: Seconds(rest.0 + 1).min(view.poll), why });
    }
    Ok(Action::ScaleIn)
}

/// That the old tasks are told to stop, and what has ended the rollback window, if it is not over.
pub fn told_to_stop(view: &View) -> String {
    let told = "the old tasks are told to stop";
    let early = view.now < view.rollback_window.after(view.shifted_at);
    match view.newer.as_ref().filter(|_| early) {
        Some(newer) => format!("{newer} is wanted now, which ends the rollback window: {told}"),
        None => told.to_owned(),
    }
}

/// Why those that serve now are not to stay, or nothing may go on yet: they fell ill, or an alarm is red, or cannot be seen.
fn not_to_stay(view: &View) -> Option<Action> {
    match (serving(view), view.alarms.against(view.now)) {
        (Course::Over { reason, .. }, _) => Some(fell_ill(&reason)),
        (_, Some(alarm)) => {
            let why = format!("the old tasks were still there, and take the traffic back: {alarm}");
            Some(Action::TakeBack { why, harmful: false })
        }
        (Course::Passing { why, .. }, None) => Some(Action::Wait { seconds: view.poll, why }),
        (Course::Well, None) => view.alarms.waits().map(|why| Action::Wait { seconds: view.poll, why }),
    }
}

fn fell_ill(reason: &str) -> Action {
    let why = format!("the new tasks fell ill before the old ones were gone: {reason}");
    Action::TakeBack { why, harmful: true }
}

fn not_well(why: &str) -> String {
    format!("no old task is stopped while the new ones are not known to be well: {why}")
}

/// Clients who were let go keep their cookies until those run out: given back before, stickiness would send them to tasks that
/// are about to stop, or have.
fn pins(view: &View, outgoing: &Outgoing) -> Option<Action> {
    let owed =
        outgoing.routes.iter().filter(|route| outgoing.sticky.contains(&route.id) && !route.is_sticky());
    let owed: Vec<RouteId> = owed.map(|route| route.id.clone()).collect();
    if owed.is_empty() {
        return None;
    }
    let until = Seconds(view.convergence.0 + view.stickiness.0).after(view.shifted_at);
    Some(if view.now < until {
        let rest = Seconds::between(view.now, until);
        let why = format!(
            "clients were pinned for {}, and were let go; until {until} their pins run out",
            view.stickiness
        );
        Action::Wait { seconds: Seconds(rest.0 + 1).min(view.poll), why }
    } else {
        Action::Pin { routes: owed, why: "every pin has run out: stickiness is given back".to_owned() }
    })
}

/// Waits until no balancer node sends requests there any more: by time, then by the balancer's own counts.
fn quieting(view: &View, outgoing: &Outgoing) -> Action {
    let settled = match view.pinned_at {
        Some(at) => view.convergence.after(at),
        None => view.convergence.max(view.stickiness).after(view.shifted_at),
    };
    let visible = view.evidence.after(settled);
    if view.now < visible {
        let rest = Seconds::between(view.now, visible);
        let why = "weights reach every balancer node, and their counts become complete".to_owned();
        return Action::Wait { seconds: Seconds(rest.0 + 1).min(view.poll), why };
    }
    if outgoing.requests == 0 {
        return Action::Quiet { why: format!("the old tasks had no request in the last {}", view.evidence) };
    }
    if view.pins && view.now >= QUIET_PATIENCE.after(settled) {
        let why = format!(
            "the old tasks still had {} requests {QUIET_PATIENCE} after every pin should have run out: clients who keep coming are pinned to them, and cannot be let go, since their target group pins clients to its targets as well. They were left running; scale {} to 0 when the requests have ended, or switch stickiness.enabled off",
            outgoing.requests, view.seen.service.name
        );
        return Action::Drained { why, needs_human: true };
    }
    if view.now >= QUIET_PATIENCE.after(settled) {
        let why = format!(
            "the old tasks still had {} requests after {QUIET_PATIENCE}; they are pinned or long, and have the deregistration delay to end",
            outgoing.requests
        );
        return Action::Quiet { why };
    }
    let why = format!("the old tasks had {} requests in the last {}", outgoing.requests, view.evidence);
    Action::Wait { seconds: view.poll, why }
}

/// Whoever sets the number of tasks again after each of ours wins: nobody is served by such a fight.
fn scaled_again(view: &View) -> Action {
    let service = &view.seen.service;
    Action::Drained {
        why: format!(
            "someone else sets {} to {} tasks again, {FIGHT_PATIENCE} after it was told to run none: they were left running, and get no requests; if it is autoscaling, set its minimum capacity to 0",
            service.name, service.desired
        ),
        needs_human: true,
    }
}

fn stopping(view: &View) -> Action {
    let left = view.seen.tasks.iter().filter(|task| task.last_status != "STOPPED").count();
    if left == 0 && view.seen.service.running == 0 {
        return Action::Drained { why: "the old tasks are gone".to_owned(), needs_human: false };
    }
    patience(view, view.scaled_in_at.unwrap_or(view.now), left)
}

/// ECS replaces a rolling service's tasks by itself: what is left to see is that it has finished.
fn rolling(view: &View) -> Action {
    if let Some(why) = &view.taken_back {
        return Action::TakeBack { why: why.clone(), harmful: false };
    }
    let service = &view.seen.service;
    if service.task_definition != view.revision && view.now >= READ_PATIENCE.after(view.started_at) {
        let why = format!("someone else has set {} to {}", service.name, service.task_definition);
        return Action::TakeBack { why, harmful: false };
    }
    if let Some(action) = not_to_stay(view) {
        return action;
    }
    let others = view.seen.tasks.iter();
    let left =
        others.filter(|task| task.task_definition != view.revision && task.last_status != "STOPPED").count();
    let moving = service.primary().is_some_and(|one| one.rollout_state.as_deref() == Some("IN_PROGRESS"));
    if left == 0 && service.deployments.len() <= 1 && !moving {
        return Action::Drained { why: "the old tasks are gone".to_owned(), needs_human: false };
    }
    patience(view, view.shifted_at, left)
}

fn patience(view: &View, since: Timestamp, left: usize) -> Action {
    let limit = Seconds(view.deregistration_delay.0 + STOP_PATIENCE.0);
    if view.now >= limit.after(since) {
        let why =
            format!("ECS has not stopped {left} old tasks within {limit}: look at the service's events");
        return Action::Drained { why, needs_human: true };
    }
    Action::Wait { seconds: view.poll, why: format!("ECS stops {left} old tasks") }
}
