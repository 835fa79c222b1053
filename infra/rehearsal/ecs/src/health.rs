//! What the target groups say of a task, put together. Pure.

use crate::plan::Health;
use rehearsal_elb::TargetHealth;

/// How a task is, given what each of its target groups says of it, and which group condemns it.
///
/// A grace period keeps a task from being replaced; it does not make it healthy.
pub(crate) fn assess(targets: &[Option<TargetHealth>], in_grace: bool) -> (Health, Option<usize>) {
    let state =
        |health: &Option<TargetHealth>| health.as_ref().map_or("", |health| health.state.as_str()).to_owned();
    let states: Vec<String> = targets.iter().map(state).collect();
    if !in_grace && let Some(index) = states.iter().position(|state| state == "unhealthy") {
        return (Health::Unhealthy, Some(index));
    }
    // `unavailable`: the group has its health checks turned off, and so sends traffic.
    let serving = states.iter().all(|state| state == "healthy" || state == "unavailable");
    (if serving { Health::Healthy } else { Health::Waiting }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: &str) -> Option<TargetHealth> {
        Some(TargetHealth { state: state.to_owned(), reason: None, description: None })
    }

    #[test]
    fn all_targets_must_be_healthy() {
        assert_eq!(assess(&[target("healthy"), target("initial")], false), (Health::Waiting, None));
        assert_eq!(assess(&[target("healthy"), target("healthy")], false), (Health::Healthy, None));
        assert_eq!(assess(&[target("healthy"), None], false), (Health::Waiting, None));
        assert_eq!(assess(&[target("unused")], false), (Health::Waiting, None));
    }

    #[test]
    fn one_unhealthy_target_condemns_but_not_in_the_grace_period() {
        let targets = [target("healthy"), target("unhealthy")];
        assert_eq!(assess(&targets, false), (Health::Unhealthy, Some(1)));
        assert_eq!(assess(&targets, true), (Health::Waiting, None));
    }
}
