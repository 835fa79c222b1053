//! What to write, given what the routes say now.

use changeover_domain::StepError;
use changeover_domain::plan::MAX_RAISES;
use changeover_domain::route::{Route, RouteId, Weight, is_at};

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The live side's target group.
    pub live: String,
    /// The next side's target group.
    pub next: String,
    /// The routes of the plan.
    pub planned: Vec<RouteId>,
    /// The routes that forward to either side now.
    pub routes: Vec<Route>,
    /// The next side's weight that the ledger left on them.
    pub before: Weight,
    /// The weight before that one, while a read may still show it.
    pub stale: Option<Weight>,
    /// The index of the step to make.
    pub step: usize,
    /// Its weight.
    pub weight: Weight,
    /// Whether it is the last.
    pub is_last: bool,
    /// The routes on which clients are pinned: the last step lets them go.
    pub sticky: Vec<RouteId>,
    /// How many targets of the next side are healthy.
    pub healthy: u32,
    /// How many must be: as many as were planned, or as the live side has grown to since.
    pub needed: u32,
    /// How many tasks the next side is told to run.
    pub desired: u32,
    /// How many it runs.
    pub running: u32,
    /// How often more were asked for so far.
    pub raises: u32,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Every route has the step's weights already: an earlier run wrote them.
    Nothing,
    /// Write the step's weights to these routes.
    Write(Vec<RouteId>),
    /// First the next side needs more tasks: the live side has grown, or somebody took some away.
    Raise {
        /// How many there are, and how many are needed.
        why: String,
    },
}

impl View {
    /// Whether this step switches a route's stickiness off: whoever is pinned to the side that goes out would stay with it
    /// for as long as they keep coming, and find nobody there in the end.
    pub fn lets_go(&self, route: &RouteId) -> bool {
        self.is_last && self.sticky.contains(route)
    }
}

/// What to write. Pure: everything it knows is in its arguments.
///
/// A route may be as the ledger left it, or already at this step, since an earlier run of this step may have died
/// between two routes. The weight before that may be an old read. Anything else is someone else's doing and is left alone.
///
/// # Errors
/// `RouteDrifted` for a route that is none of these, or gone, or new; `Busy` for one that AWS does not tell rightly yet;
/// `NotHealthy` if the next side cannot take requests.
pub fn decide(view: &View) -> Result<Action, StepError> {
    let drifted = |route: &RouteId, found: String| StepError::RouteDrifted {
        route: route.to_string(),
        found,
        expected: format!("weight {} to {}", view.before, view.next),
    };
    if let Some(gone) = view.planned.iter().find(|id| !view.routes.iter().any(|route| route.id == **id)) {
        return Err(drifted(gone, "nothing to either side".to_owned()));
    }
    let mut write = Vec::new();
    for route in &view.routes {
        if !view.planned.contains(&route.id) {
            return Err(drifted(
                &route.id,
                "requests to these sides, and was not there when it was planned".to_owned(),
            ));
        }
        if is_at(route, &view.live, &view.next, view.weight) {
            if view.lets_go(&route.id) && route.is_sticky() {
                write.push(route.id.clone());
            }
            continue;
        }
        if view.stale.is_some_and(|stale| is_at(route, &view.live, &view.next, stale)) {
            return Err(not_yet(&route.id, view.before));
        }
        if !is_at(route, &view.live, &view.next, view.before) {
            return Err(drifted(&route.id, format!("{:?}", route.weights)));
        }
        write.push(route.id.clone());
    }
    if write.is_empty() {
        return Ok(Action::Nothing);
    }
    let short = view.desired.min(view.running);
    if short < view.needed && view.raises < MAX_RAISES {
        let (desired, running, needed) = (view.desired, view.running, view.needed);
        let why = format!(
            "{needed} tasks are needed for the next weight, as many as the live side runs now: {desired} are asked for and {running} run"
        );
        return Ok(Action::Raise { why });
    }
    if view.healthy < view.needed {
        let (healthy, needed) = (view.healthy, view.needed);
        return Err(StepError::NotHealthy { target_group: view.next.clone(), healthy, needed });
    }
    Ok(Action::Write(write))
}

/// What was read back from a route once the step's weight was written there. Pure.
///
/// # Errors
/// `Busy` while it shows the weight before, `RouteDrifted` for a third one.
pub fn read_back(view: &View, route: &Route) -> Result<(), StepError> {
    if is_at(route, &view.live, &view.next, view.weight) {
        return if view.lets_go(&route.id) && route.is_sticky() {
            Err(not_yet(&route.id, view.weight))
        } else {
            Ok(())
        };
    }
    let before = [Some(view.before), view.stale];
    if before.into_iter().flatten().any(|weight| is_at(route, &view.live, &view.next, weight)) {
        return Err(not_yet(&route.id, view.weight));
    }
    Err(StepError::RouteDrifted {
        route: route.id.to_string(),
        found: format!("{:?}", route.weights),
        expected: format!("weight {} to {}, just written", view.weight, view.next),
    })
}

fn not_yet(route: &RouteId, weight: Weight) -> StepError {
    StepError::Busy {
        call: "DescribeRules".to_owned(),
        detail: format!("{route} was given weight {weight} and still shows the one before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::route::weights_for;

    fn route(id: &str, step: Weight) -> Route {
        Route {
            id: RouteId::Rule(id.into()),
            load_balancer: "lb".into(),
            weights: weights_for("live", "next", step),
            stickiness_seconds: None,
            asks_cognito: false,
        }
    }

    fn view(routes: Vec<Route>) -> View {
        View {
            live: "live".into(),
            next: "next".into(),
            planned: routes.iter().map(|route| route.id.clone()).collect(),
            routes,
            before: 10,
            step: 1,
            weight: 50,
            is_last: false,
            sticky: vec![],
            stale: None,
            healthy: 3,
            needed: 3,
            desired: 3,
            running: 3,
            raises: 0,
        }
    }

    #[test]
    fn only_a_third_value_is_drift() {
        let view = View { stale: Some(0), ..view(vec![route("a", 10)]) };
        assert_eq!(read_back(&view, &route("a", 50)), Ok(()));
        for old in [10, 0] {
            assert_eq!(read_back(&view, &route("a", old)).unwrap_err().name(), "Busy", "{old}");
        }
        assert_eq!(read_back(&view, &route("a", 30)).unwrap_err().name(), "RouteDrifted");
        let late = View { routes: vec![route("a", 0)], ..view };
        assert_eq!(decide(&late).unwrap_err().name(), "Busy", "what an old read shows");
        let settled = View { stale: None, ..late };
        assert_eq!(decide(&settled).unwrap_err().name(), "RouteDrifted", "somebody set it back");
    }

    #[test]
    fn a_live_side_that_grew_or_a_side_that_somebody_scaled_in_is_made_up_for_first() {
        let grown = View { needed: 5, ..view(vec![route("a", 10)]) };
        assert!(matches!(decide(&grown), Ok(Action::Raise { why }) if why.contains("5 tasks")));
        let scaled_in = View { desired: 0, running: 0, healthy: 0, ..view(vec![route("a", 10)]) };
        assert!(matches!(decide(&scaled_in), Ok(Action::Raise { .. })));
        let starting = View { running: 2, healthy: 2, ..view(vec![route("a", 10)]) };
        assert!(matches!(decide(&starting), Ok(Action::Raise { .. })));
        let fought_over = View { raises: MAX_RAISES, ..scaled_in };
        assert_eq!(decide(&fought_over).unwrap_err().name(), "NotHealthy");
    }

    #[test]
    fn every_route_that_is_as_the_ledger_left_it_is_written() {
        let view = view(vec![route("a", 10), route("b", 10)]);
        assert_eq!(decide(&view), Ok(Action::Write(view.planned.clone())));
    }

    #[test]
    fn a_repeat_after_success_is_nothing_even_if_the_side_is_sick_by_now() {
        let view = View { healthy: 0, ..view(vec![route("a", 50)]) };
        assert_eq!(decide(&view), Ok(Action::Nothing));
    }

    #[test]
    fn the_last_step_lets_go_of_pinned_clients_and_no_other_does() {
        let pinned = |step| Route { stickiness_seconds: Some(60), ..route("a", step) };
        let ids = || vec![RouteId::Rule("a".into())];
        let view = View { sticky: ids(), ..view(vec![pinned(50)]) };
        assert_eq!(decide(&view), Ok(Action::Nothing));
        let last = View { is_last: true, ..view };
        assert_eq!(decide(&last), Ok(Action::Write(ids())), "the weights are there, the pins are not gone");
        assert_eq!(read_back(&last, &pinned(50)).unwrap_err().name(), "Busy");
        assert_eq!(read_back(&last, &route("a", 50)), Ok(()));
        let let_go = View { routes: vec![route("a", 50)], ..last };
        assert_eq!(decide(&let_go), Ok(Action::Nothing));
    }

    #[test]
    fn a_repeat_after_half_is_the_other_half() {
        let view = view(vec![route("a", 50), route("b", 10)]);
        assert_eq!(decide(&view), Ok(Action::Write(vec![RouteId::Rule("b".into())])));
    }

    #[test]
    fn a_strangers_weights_are_left_alone() {
        let error = decide(&view(vec![route("a", 10), route("b", 30)])).unwrap_err();
        assert!(error.to_string().contains("someone else changed it"), "{error}");
    }

    #[test]
    fn a_route_gone_or_new_is_drift() {
        let mut gone = view(vec![route("a", 10)]);
        gone.planned.push(RouteId::Rule("b".into()));
        assert_eq!(decide(&gone).unwrap_err().name(), "RouteDrifted");
        let mut new = view(vec![route("a", 10), route("b", 10)]);
        new.planned.pop();
        assert_eq!(decide(&new).unwrap_err().name(), "RouteDrifted");
    }

    #[test]
    fn a_sick_destination_gets_nothing() {
        let error = decide(&View { healthy: 2, ..view(vec![route("a", 10)]) }).unwrap_err();
        assert_eq!(error.name(), "NotHealthy");
    }
}
