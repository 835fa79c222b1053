//! What the target groups and its containers' health checks say of a task, put together. Pure.

use crate::check::ContainerHealth;
use crate::plan::Health;
use rehearsal_elb::TargetHealth;

/// What is known of a task.
pub(crate) struct Known<'a> {
    /// What each of its target groups says.
    pub(crate) targets: &'a [Option<TargetHealth>],
    /// What its essential containers' health checks come to; none without any.
    pub(crate) checks: Option<ContainerHealth>,
    /// Whether failed checks are not to stop it yet. That does not make it healthy.
    pub(crate) in_grace: bool,
    /// Whether it has been running for as long as a task has to that nothing checks.
    pub(crate) has_run: bool,
}

/// What condemns a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condemned {
    /// One of its target groups, by its place.
    Target(usize),
    /// A container's own health check.
    Checks,
}

/// How a task is, and what condemns it.
pub(crate) fn assess(known: &Known<'_>) -> (Health, Option<Condemned>) {
    let Known { targets, checks, in_grace, has_run } = *known;
    let state =
        |health: &Option<TargetHealth>| health.as_ref().map_or("", |health| health.state.as_str()).to_owned();
    let states: Vec<String> = targets.iter().map(state).collect();
    if !in_grace && checks == Some(ContainerHealth::Unhealthy) {
        return (Health::Unhealthy, Some(Condemned::Checks));
    }
    if !in_grace && let Some(index) = states.iter().position(|state| state == "unhealthy") {
        return (Health::Unhealthy, Some(Condemned::Target(index)));
    }
    let checked = match checks {
        Some(health) => health == ContainerHealth::Healthy,
        None => !targets.is_empty() || has_run,
    };
    // `unavailable`: the group has its health checks turned off, and so sends traffic.
    let serving = states.iter().all(|state| state == "healthy" || state == "unavailable");
    (if checked && serving { Health::Healthy } else { Health::Waiting }, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(state: &str) -> Option<TargetHealth> {
        Some(TargetHealth { state: state.to_owned(), reason: None, description: None })
    }

    fn by_targets(targets: &[Option<TargetHealth>], in_grace: bool) -> (Health, Option<Condemned>) {
        assess(&Known { targets, checks: None, in_grace, has_run: false })
    }

    #[test]
    fn all_targets_must_be_healthy() {
        assert_eq!(by_targets(&[target("healthy"), target("initial")], false), (Health::Waiting, None));
        assert_eq!(by_targets(&[target("healthy"), target("healthy")], false), (Health::Healthy, None));
        assert_eq!(by_targets(&[target("healthy"), None], false), (Health::Waiting, None));
        assert_eq!(by_targets(&[target("unused")], false), (Health::Waiting, None));
    }

    #[test]
    fn one_unhealthy_target_condemns_but_not_in_the_grace_period() {
        let targets = [target("healthy"), target("unhealthy")];
        assert_eq!(by_targets(&targets, false), (Health::Unhealthy, Some(Condemned::Target(1))));
        assert_eq!(by_targets(&targets, true), (Health::Waiting, None));
    }

    #[test]
    fn the_containers_own_checks_count_beside_the_targets() {
        let with = |checks, in_grace| {
            assess(&Known { targets: &[target("healthy")], checks: Some(checks), in_grace, has_run: true })
        };
        assert_eq!(with(ContainerHealth::Healthy, false), (Health::Healthy, None));
        assert_eq!(with(ContainerHealth::Unknown, false), (Health::Waiting, None));
        assert_eq!(with(ContainerHealth::Unhealthy, false), (Health::Unhealthy, Some(Condemned::Checks)));
        assert_eq!(with(ContainerHealth::Unhealthy, true), (Health::Waiting, None));
    }

    #[test]
    fn what_nothing_checks_counts_once_it_has_run_for_a_while() {
        let unchecked = |has_run| assess(&Known { targets: &[], checks: None, in_grace: false, has_run });
        assert_eq!(unchecked(false), (Health::Waiting, None));
        assert_eq!(unchecked(true), (Health::Healthy, None));
    }
}
