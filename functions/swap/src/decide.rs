//! What to write, given what the routes say now.

use changeover_domain::StepError;
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
    /// The index of the step to make.
    pub step: usize,
    /// Its weight.
    pub weight: Weight,
    /// Whether it is the last.
    pub is_last: bool,
    /// How many targets of the next side are healthy.
    pub healthy: u32,
    /// How many must be.
    pub needed: u32,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Every route has the step's weights already: an earlier run wrote them.
    Nothing,
    /// Write the step's weights to these routes.
    Write(Vec<RouteId>),
}

/// What to write. Pure: everything it knows is in its arguments.
///
/// A route may be as the ledger left it, or already at this step, since an earlier run of this step may have died
/// between two routes. Anything else is someone else's doing and is left alone.
///
/// # Errors
/// `RouteDrifted` for a route that is neither, or gone, or new; `NotHealthy` if the next side cannot take requests.
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
            continue;
        }
        if !is_at(route, &view.live, &view.next, view.before) {
            return Err(drifted(&route.id, format!("{:?}", route.weights)));
        }
        write.push(route.id.clone());
    }
    if write.is_empty() {
        return Ok(Action::Nothing);
    }
    if view.healthy < view.needed {
        let (healthy, needed) = (view.healthy, view.needed);
        return Err(StepError::NotHealthy { target_group: view.next.clone(), healthy, needed });
    }
    Ok(Action::Write(write))
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
            healthy: 3,
            needed: 3,
        }
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
