//! A look at one side, or at all routes of a plan: what several functions need to see.

use crate::{Aws, ecs, elb};
use changeover_domain::StepError;
use changeover_domain::evidence::SideSeen;
use changeover_domain::plan::{Member, Plan};
use changeover_domain::span::Seconds;
use std::collections::{BTreeMap, BTreeSet};

/// How often something is looked at that would end a deployment, before it is believed: AWS promises no read-after-write.
pub const LOOKS: u32 = 5;
/// How far apart such looks are at most.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(2);
/// The pauses of all looks together take no more than this part of what a function may take: the rest is for the calls.
const PART: u32 = 2;

/// Waits until it is worth looking again, in a function that may take so long.
pub async fn pause(function_timeout: Seconds) {
    tokio::time::sleep(span(function_timeout)).await;
}

fn span(function_timeout: Seconds) -> std::time::Duration {
    PAUSE.min(std::time::Duration::from_secs(function_timeout.0) / (LOOKS * PART))
}

/// Everything about one member: its ECS service, its tasks, its targets.
pub async fn side(aws: &Aws, cluster: &str, member: &Member) -> Result<SideSeen, StepError> {
    let service = ecs::service_named(aws, cluster, &member.ecs_service).await?;
    let tasks = ecs::tasks(aws, cluster, &member.ecs_service).await?;
    let mut targets = BTreeMap::new();
    for group in &member.target_groups {
        targets.insert(group.clone(), elb::targets(aws, group).await?);
    }
    Ok(SideSeen { service, tasks, targets })
}

/// The routes of a plan as they are now; a route that is gone is not among them.
pub async fn routes(aws: &Aws, plan: &Plan) -> Result<Vec<elb::RouteActions>, StepError> {
    let balancers: BTreeSet<String> = plan.routes.iter().map(|route| route.load_balancer.clone()).collect();
    let balancers: Vec<String> = balancers.into_iter().collect();
    let members = [Some(&plan.live), plan.next.as_ref()];
    let groups: Vec<&str> = members
        .into_iter()
        .flatten()
        .flat_map(|member| member.target_groups.iter().map(String::as_str))
        .collect();
    elb::routes(aws, &balancers, &groups).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_looks_end_within_what_a_function_may_take() {
        for timeout in 1..=80 {
            let pauses = span(Seconds(timeout)) * (LOOKS - 1);
            assert!(pauses.as_secs_f64() < timeout as f64 / 2.0, "{timeout}: {pauses:?}");
        }
        assert_eq!(span(Seconds(60)), PAUSE);
    }
}
