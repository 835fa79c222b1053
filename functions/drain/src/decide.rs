//! What draining needs next, given how far it is and what was seen.

use changeover_domain::bearing::{Course, Patience, Since, bear, course, needed};
use changeover_domain::evidence::SideSeen;
use changeover_domain::health::Expectation;
use changeover_domain::plan::{FIGHT_PATIENCE, QUIET_PATIENCE, STOP_PATIENCE};
use changeover_domain::route::{Route, WHOLE, is_at};
use changeover_domain::span::Seconds;
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
    /// Why it is to be taken back, if someone asked for that.
    pub taken_back: Option<String>,
    /// How long it stays warm.
    pub rollback_window: Seconds,
    /// How long clients may stay pinned to it.
    pub stickiness: Seconds,
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
        needed: needed(view.planned, seen.service.desired, 1),
        since: view.started_at,
        now: view.now,
        room_patience: view.room_patience,
    };
    course(bear(seen, &expectation), view.since, view.patience, view.now)
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
        return Ok(Action::TakeBack { why: why.clone() });
    }
    if let Some(route) =
        outgoing.routes.iter().find(|route| !is_at(route, &outgoing.live, &outgoing.next, WHOLE))
    {
        return Err(StepError::RouteDrifted {
            route: route.id.to_string(),
            found: format!("{:?}", route.weights),
            expected: format!("weight {WHOLE} to {}; the old tasks were left running", outgoing.next),
        });
    }
    match serving(view) {
        Course::Over { reason, .. } => return Ok(fell_ill(&reason)),
        Course::Passing { why, .. } => return Ok(Action::Wait { seconds: view.poll, why: not_well(&why) }),
        Course::Well => {}
    }
    let Some(_) = view.quiet_at else { return Ok(quieting(view, outgoing)) };
    let until = view.rollback_window.after(view.shifted_at);
    if view.now < until {
        let rest = Seconds::between(view.now, until);
        let why = format!("the old tasks stay warm for a rollback window of {}", view.rollback_window);
        return Ok(Action::Wait { seconds: Seconds(rest.0 + 1).min(view.poll), why });
    }
    Ok(Action::ScaleIn)
}

fn fell_ill(reason: &str) -> Action {
    Action::TakeBack { why: format!("the new tasks fell ill before the old ones were gone: {reason}") }
}

fn not_well(why: &str) -> String {
    format!("no old task is stopped while the new ones are not well: {why}")
}

/// Waits until no balancer node sends requests there any more: by time, then by the balancer's own counts.
fn quieting(view: &View, outgoing: &Outgoing) -> Action {
    let settled = view.convergence.max(view.stickiness).after(view.shifted_at);
    let visible = view.evidence.after(settled);
    if view.now < visible {
        let rest = Seconds::between(view.now, visible);
        let why = "weights reach every balancer node, and their counts become complete".to_owned();
        return Action::Wait { seconds: Seconds(rest.0 + 1).min(view.poll), why };
    }
    if outgoing.requests == 0 {
        return Action::Quiet { why: format!("the old tasks had no request in the last {}", view.evidence) };
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
        return Action::TakeBack { why: why.clone() };
    }
    let service = &view.seen.service;
    if service.task_definition != view.revision {
        let why = format!("someone else has set {} to {}", service.name, service.task_definition);
        return Action::TakeBack { why };
    }
    match serving(view) {
        Course::Over { reason, .. } => return fell_ill(&reason),
        Course::Passing { why, .. } => return Action::Wait { seconds: view.poll, why },
        Course::Well => {}
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

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::evidence::{EcsDeployment, TargetSeen, TaskSeen};
    use changeover_domain::route::{RouteId, weights_for};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Two tasks of the new revision, behind targets in this state.
    fn new(state: &str) -> SideSeen {
        let task = TaskSeen {
            task_definition: "td:2".into(),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            ..TaskSeen::default()
        };
        let target = TargetSeen { id: "10.0.0.1".into(), port: 80, state: state.into(), why: None };
        let mut seen = SideSeen {
            tasks: vec![task; 2],
            targets: [("next".to_owned(), vec![target; 2])].into(),
            ..SideSeen::default()
        };
        seen.service.desired = 2;
        seen
    }

    fn view(now: i64) -> View {
        let route = Route {
            id: RouteId::Rule("r".into()),
            load_balancer: "lb".into(),
            weights: weights_for("live", "next", WHOLE),
            stickiness_seconds: None,
            asks_cognito: false,
        };
        let mut seen = SideSeen::default();
        seen.service.desired = 2;
        View {
            now: at(now),
            seen,
            revision: "td:2".into(),
            planned: 2,
            started_at: at(900),
            since: Since::default(),
            patience: Patience { ill: Seconds(10), short: Seconds(600) },
            room_patience: Seconds(300),
            shifted_at: at(1000),
            quiet_at: None,
            scaled_in_at: None,
            taken_back: None,
            outgoing: Some(Outgoing {
                live: "live".into(),
                next: "next".into(),
                serving: new("healthy"),
                routes: vec![route],
                requests: 0,
            }),
            rollback_window: Seconds(0),
            stickiness: Seconds(0),
            deregistration_delay: Seconds(30),
            convergence: Seconds(120),
            evidence: Seconds(180),
            poll: Seconds(10),
        }
    }

    fn waits(view: &View) -> bool {
        matches!(decide(view), Ok(Action::Wait { .. }))
    }

    #[test]
    fn no_requests_count_only_once_they_could_be_seen() {
        assert!(waits(&view(1100)), "weights have not converged");
        assert!(waits(&view(1299)), "counts are not complete");
        assert!(matches!(decide(&view(1300)), Ok(Action::Quiet { .. })));
    }

    #[test]
    fn requests_hold_it_back_but_not_for_ever() {
        let mut busy = view(1400);
        busy.outgoing.as_mut().unwrap().requests = 1;
        assert!(waits(&busy));
        busy.now = at(1120 + 1800);
        assert!(matches!(decide(&busy), Ok(Action::Quiet { why }) if why.contains("still had 1 requests")));
    }

    #[test]
    fn stickiness_is_waited_out() {
        assert!(waits(&View { stickiness: Seconds(3600), ..view(2000) }));
    }

    #[test]
    fn the_window_keeps_it_warm() {
        let warm = View { quiet_at: Some(at(1300)), rollback_window: Seconds(600), ..view(1599) };
        assert!(waits(&warm));
        assert_eq!(decide(&View { now: at(1600), ..warm }), Ok(Action::ScaleIn));
    }

    #[test]
    fn no_old_task_is_stopped_while_the_new_ones_are_not_well() {
        let mut view = View { quiet_at: Some(at(1300)), ..view(1400) };
        assert_eq!(decide(&view), Ok(Action::ScaleIn));
        let serving = |view: &mut View, seen| view.outgoing.as_mut().unwrap().serving = seen;
        let mut one = new("healthy");
        one.targets.get_mut("next").unwrap()[0].state = "initial".into();
        serving(&mut view, one);
        assert!(waits(&view), "one of two is enough to serve, not to let the old ones go");
        serving(&mut view, new("unhealthy"));
        assert!(waits(&view), "it may pass");
        assert_eq!(super::serving(&view).since().ill, Some(at(1400)));
        let lasting = View { since: Since { ill: Some(at(1390)), short: None }, ..view.clone() };
        assert!(matches!(decide(&lasting), Ok(Action::TakeBack { why }) if why.contains("0 of 2")));
        let mut gone = view;
        gone.scaled_in_at = Some(at(1390));
        gone.seen.service.desired = 0;
        assert!(!matches!(decide(&gone), Ok(Action::TakeBack { .. })), "the old ones are going already");
    }

    #[test]
    fn new_tasks_that_die_take_the_deployment_back_at_any_point_of_the_window() {
        let killed = |n: i64| TaskSeen {
            arn: format!("task/{n}"),
            task_definition: "td:2".into(),
            last_status: "STOPPED".into(),
            stopped: Some(changeover_domain::evidence::Stopped {
                at: Some(at(1200 + n)),
                code: "EssentialContainerExited".into(),
                reason: "OutOfMemoryError: container killed due to memory usage".into(),
                container: None,
            }),
            ..TaskSeen::default()
        };
        for (now, quiet_at) in [(1210, None), (1400, Some(at(1300)))] {
            let mut view = View { quiet_at, rollback_window: Seconds(9000), ..view(now) };
            view.outgoing.as_mut().unwrap().serving.tasks.extend([killed(1), killed(2)]);
            assert!(
                matches!(decide(&view), Ok(Action::TakeBack { why }) if why.contains("OutOfMemoryError"))
            );
        }
    }

    #[test]
    fn who_scales_the_new_side_says_how_many_tasks_serve() {
        let mut view = View { quiet_at: Some(at(1300)), planned: 4, ..view(1400) };
        assert_eq!(decide(&view), Ok(Action::ScaleIn), "two of two, though four were planned");
        let serving = &mut view.outgoing.as_mut().unwrap().serving;
        serving.service.desired = 0;
        serving.tasks.clear();
        assert!(waits(&view), "nobody serves");
    }

    #[test]
    fn nothing_is_stopped_that_gets_requests_again() {
        let mut back = View { quiet_at: Some(at(1300)), ..view(1400) };
        back.outgoing.as_mut().unwrap().routes[0].weights = weights_for("live", "next", 90);
        assert_eq!(decide(&back).unwrap_err().name(), "RouteDrifted");
    }

    #[test]
    fn it_is_done_when_the_last_task_has_stopped() {
        let mut view = View { quiet_at: Some(at(1300)), scaled_in_at: Some(at(1310)), ..view(1320) };
        assert_eq!(decide(&view), Ok(Action::ScaleIn), "a repeat after dying between record and change");
        view.seen.service.desired = 0;
        view.seen.tasks = vec![TaskSeen { last_status: "DEACTIVATING".into(), ..TaskSeen::default() }];
        assert!(waits(&view));
        view.seen.tasks[0].last_status = "STOPPED".into();
        assert!(matches!(decide(&view), Ok(Action::Drained { needs_human: false, .. })));
    }

    #[test]
    fn a_number_of_tasks_that_someone_sets_again_is_not_fought_over_for_ever() {
        let mut again = View { quiet_at: Some(at(1300)), scaled_in_at: Some(at(1310)), ..view(1320) };
        again.seen.service.name = "blue".into();
        assert_eq!(decide(&again), Ok(Action::ScaleIn));
        again.now = FIGHT_PATIENCE.after(at(1310));
        let Ok(Action::Drained { why, needs_human: true }) = decide(&again) else { panic!("it goes on") };
        assert!(why.contains("someone else sets blue to 2 tasks"), "{why}");
    }

    #[test]
    fn the_old_tasks_take_the_traffic_back_while_they_are_there() {
        let asked = View { taken_back: Some("asked".into()), rollback_window: Seconds(600), ..view(1400) };
        assert_eq!(decide(&asked), Ok(Action::TakeBack { why: "asked".into() }));
        let mut late = View { scaled_in_at: Some(at(1390)), ..asked };
        late.seen.service.desired = 0;
        assert!(!matches!(decide(&late), Ok(Action::TakeBack { .. })), "they are going already");
    }

    #[test]
    fn a_rolling_service_that_somebody_set_to_something_else_is_not_called_done() {
        let mut rolling = View { outgoing: None, seen: new("healthy"), ..view(1320) };
        rolling.seen.service.name = "web".into();
        rolling.seen.service.task_definition = "td:2".into();
        assert!(matches!(decide(&rolling), Ok(Action::Drained { needs_human: false, .. })));
        let asked = View { taken_back: Some("asked".into()), ..rolling.clone() };
        assert_eq!(decide(&asked), Ok(Action::TakeBack { why: "asked".into() }));
        let mut moving = rolling.clone();
        moving.seen.service.deployments = vec![EcsDeployment {
            status: "PRIMARY".into(),
            rollout_state: Some("IN_PROGRESS".into()),
            ..EcsDeployment::default()
        }];
        assert!(waits(&moving), "ECS has not completed its rollout");
        rolling.seen.service.task_definition = "td:1".into();
        let why = "someone else has set web to td:1".to_owned();
        assert_eq!(decide(&rolling), Ok(Action::TakeBack { why }));
    }
}
