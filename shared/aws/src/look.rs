//! A look at one side, or at all routes of a plan: what several functions need to see.

use crate::{Aws, ecs, elb};
use changeover_domain::StepError;
use changeover_domain::evidence::SideSeen;
use changeover_domain::plan::{Member, Plan};
use std::collections::{BTreeMap, BTreeSet};

/// How often something is looked at that would end a deployment, before it is believed: AWS promises no read-after-write.
pub const LOOKS: u32 = 5;
/// How far apart such looks are.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(2);

/// Waits until it is worth looking again.
pub async fn pause() {
    tokio::time::sleep(PAUSE).await;
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
