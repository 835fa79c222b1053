//! A look at a service: its ECS services, their shares, what is wanted and what is on the way.

use crate::failure::Failure;
use crate::follow;
use crate::service::Service;
use crate::session::Session;
use crate::told::{ServiceStatus, Side, Summary, Wish};
use changeover_aws::{ecs, elb};
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::record::{Deployment, Lease, Wanted};
use changeover_domain::route::Route;
use std::collections::BTreeSet;

/// How many of the latest deployments are read to find the last that ended.
const RECENT: i32 = 5;

/// What was seen of a service.
pub struct Seen {
    /// Its sides, in the order of their names.
    pub sides: Vec<Side>,
    /// What is wanted.
    pub wanted: Option<Wanted>,
    /// Who holds it.
    pub lease: Lease,
    /// The deployment that does.
    pub holder: Option<Deployment>,
    /// The latest deployments, newest first.
    pub recent: Vec<Deployment>,
}

/// Looks at it.
pub async fn look(session: &Session, service: &Service) -> Result<Seen, Failure> {
    let (aws, ledger) = (&session.aws, session.ledger());
    let names = service.members();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let members = ecs::services(aws, &service.name.cluster, &names).await?;
    let groups: Vec<String> =
        members.iter().flat_map(|member| member.target_groups.keys().cloned()).collect();
    let balancers: BTreeSet<String> =
        elb::target_groups(aws, &groups).await?.into_iter().flat_map(|group| group.load_balancers).collect();
    let balancers: Vec<String> = balancers.into_iter().collect();
    let ours: Vec<&str> = groups.iter().map(String::as_str).collect();
    let routes: Vec<Route> =
        elb::routes(aws, &balancers, &ours).await?.into_iter().map(|found| found.route).collect();
    let mut sides = Vec::new();
    for member in &members {
        sides.push(side(session, service, member, &routes).await?);
    }
    let lease = ledger.lease(&service.name).await?;
    let recent = ledger.latest_deployments(&service.name, RECENT).await?;
    let holder = match &lease.holder {
        Some(holder) => match recent.iter().find(|one| one.id == *holder) {
            Some(record) => Some(record.clone()),
            None => ledger.find_deployment(&service.name, holder).await?,
        },
        None => None,
    };
    Ok(Seen { sides, wanted: ledger.wanted(&service.name).await?, lease, holder, recent })
}

async fn side(
    session: &Session,
    service: &Service,
    member: &ServiceSeen,
    routes: &[Route],
) -> Result<Side, Failure> {
    let (definition, _) = ecs::task_definition(&session.aws, &member.task_definition).await?;
    let container = service.tags.get("container").map(|name| name.trim());
    let containers = definition.container_definitions();
    let runs = match container {
        Some(name) => containers.iter().find(|one| one.name() == Some(name)),
        None => containers.iter().find(|one| one.essential().unwrap_or(true)),
    };
    let weight = weight(member, routes);
    Ok(Side {
        ecs_service: member.name.clone(),
        task_definition: member.task_definition.rsplit('/').next().unwrap_or_default().to_owned(),
        image: runs.and_then(|one| one.image()).map(str::to_owned),
        desired: member.desired,
        running: member.running,
        weight,
    })
}

/// The member's share on the route where it has the most; none where no route has several groups.
fn weight(member: &ServiceSeen, routes: &[Route]) -> Option<f64> {
    let shares = member.target_groups.keys().flat_map(|group| {
        let on =
            routes.iter().filter(move |route| route.weights.len() > 1 && route.weights.contains_key(group));
        on.map(move |route| route.share(group))
    });
    shares.max_by(f64::total_cmp)
}

/// What is told of it.
pub async fn status(session: &Session, service: &Service) -> Result<ServiceStatus, Failure> {
    let seen = look(session, service).await?;
    Ok(told(session, service, seen).await)
}

/// What is told of what was seen.
pub async fn told(session: &Session, service: &Service, seen: Seen) -> ServiceStatus {
    let now = session.now();
    let waits = match &seen.holder {
        Some(record) => follow::waits(session, record).await,
        None => None,
    };
    let tag = |key: &str| service.tags.get(key).map(|value| value.trim().to_owned());
    ServiceStatus {
        service: service.name.clone(),
        sides: seen.sides,
        repository: tag("repository"),
        image_tag: tag("image-tag").unwrap_or_else(|| "latest".to_owned()),
        wanted: seen.wanted.map(|wanted| Wish {
            image: wanted.image,
            since: wanted.since,
            cause: wanted.cause,
            tried: wanted.tried.map(|tried| tried.outcome),
        }),
        on_the_way: seen.holder.as_ref().map(|record| Summary::of(record, now)),
        waits,
        last: seen.recent.iter().find(|one| one.outcome.is_some()).map(|one| Summary::of(one, now)),
    }
}
