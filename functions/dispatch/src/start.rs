//! Starting executions: by the registry's and the ledger's word, under names that make a repeat harmless.

use crate::Dispatched;
use crate::decide::{MOST_ATTEMPTS, again};
use crate::measure::{held, recovery};
use changeover_aws::ecr::{Which, find};
use changeover_aws::executions::{self, Start};
use changeover_aws::{ecs, tags};
use changeover_domain::StepError;
use changeover_domain::image::tag_matches;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::Lease;
use changeover_domain::settings::{Raw, of_both};
use changeover_domain::state::Request;
use changeover_domain::wish::by_registry;
use changeover_lambda::Context;
use std::collections::BTreeMap;

/// Most recoveries of one claim: each of them died before it took over.
const MOST_RECOVERIES: usize = 10;
/// How much of a name is kept where something is added to it: Step Functions takes 80 characters.
const NAME_HEAD: usize = 50;

/// Every service that an image's repository and tag belong to is brought to what the tag points to now.
pub(crate) async fn pushed(context: &Context, repository: &str, tag: &str) -> Result<Dispatched, StepError> {
    let mut dispatched = Dispatched::default();
    for (service, raw) in known(context, Some(repository)).await? {
        let pattern = pattern_of(&raw);
        if tag_matches(pattern, tag) {
            let cause = format!("push of {repository}:{tag}");
            bring(context, &service, &raw, &cause, Zeal::Once, &mut dispatched).await?;
        } else {
            dispatched.passed_over.push(format!("{service} wants {pattern}, not {tag}"));
        }
    }
    Ok(dispatched)
}

/// Every service is brought to what its tag points to, and whoever holds one is seen to be alive: catches the event
/// that never came.
pub(crate) async fn reconcile(context: &Context) -> Result<Dispatched, StepError> {
    let mut dispatched = Dispatched::default();
    for (service, raw) in known(context, None).await? {
        let lease = context.ledger().lease(&service).await?;
        measure_lease(context, &service, &lease).await?;
        if let (Some(holder), Some(execution)) = (&lease.holder, &lease.execution)
            && !executions::is_running(&context.aws, execution).await?
        {
            start_recovery(context, &service, holder, execution, lease.fence, &mut dispatched).await?;
            continue;
        }
        bring(context, &service, &raw, "reconcile", Zeal::Again, &mut dispatched).await?;
    }
    Ok(dispatched)
}

async fn measure_lease(context: &Context, service: &ServiceName, lease: &Lease) -> Result<(), StepError> {
    let Some(holder) = &lease.holder else { return Ok(()) };
    // No record: the lease was claimed a moment ago, and its age is nothing yet.
    if let Some(holder) = context.ledger().find_deployment(service, holder).await? {
        let now = context.now();
        context.measure(now, &held(&holder, now));
    }
    Ok(())
}

/// Services by the names they go by, with their tags.
async fn known(context: &Context, repository: Option<&str>) -> Result<BTreeMap<ServiceName, Raw>, StepError> {
    Ok(by_name(tags::services_of(&context.aws, repository).await?))
}

/// A pair is one, with the tags of both members.
fn by_name(mut found: Vec<(ServiceName, Raw)>) -> BTreeMap<ServiceName, Raw> {
    // In whichever order they were found.
    found.sort();
    let mut known: BTreeMap<ServiceName, Raw> = BTreeMap::new();
    for (name, raw) in found {
        let name = name.of_pair(raw.get("pair").map(|pair| pair.trim()).filter(|pair| !pair.is_empty()));
        let both = known.get(&name).map(|first| of_both(first, &raw));
        known.insert(name, both.unwrap_or(raw));
    }
    known
}

fn pattern_of(raw: &Raw) -> &str {
    raw.get("image-tag").map_or("latest", |tag| tag.trim())
}

/// How hard a service is brought to what its tag points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zeal {
    /// Once for each wish: what failed is not tried again by itself.
    Once,
    /// What was refused is tried again, since what stood in the way may be gone.
    Again,
}

async fn bring(
    context: &Context,
    service: &ServiceName,
    raw: &Raw,
    cause: &str,
    zeal: Zeal,
    dispatched: &mut Dispatched,
) -> Result<(), StepError> {
    let repository = raw.get("repository").map(|name| name.trim()).unwrap_or_default();
    let pattern = pattern_of(raw);
    let ledger = context.ledger();
    // What is wanted is read before the registry: of two events that are handled at once, the one that saw the older
    // image finds the record changed, and looks again.
    let before = ledger.wanted(service).await?;
    let Some(image) = find(&context.aws, repository, Which::Tag(pattern)).await? else {
        dispatched.passed_over.push(format!("{service}: {repository} has no image with tag {pattern} now"));
        return Ok(());
    };
    let now = context.now();
    let wanted = match (by_registry(before.as_ref(), &image, cause, now), before) {
        (Some(wanted), _) => {
            ledger.want(service, &wanted).await?;
            wanted
        }
        (None, Some(before)) => before,
        (None, None) => return Ok(()),
    };
    let image = &wanted.image;
    if let Some(deployment) = &wanted.taken_back {
        dispatched.passed_over.push(format!("{service}: {deployment} took {image} back, as it was asked to"));
        return Ok(());
    }
    let lease = ledger.lease(service).await?;
    if let Some(holder) = &lease.holder {
        // Its end looks at what is wanted.
        dispatched.passed_over.push(format!("{service}: {image} is wanted after {holder}"));
        return Ok(());
    }
    let name = executions::name(service, &image.digest, wanted.generation);
    let request = Request { wanted: true, cause: Some(cause.to_owned()), ..Request::of(service.clone()) };
    if start(context, &name, &request, dispatched).await? || zeal == Zeal::Once {
        return Ok(());
    }
    let deployments = ledger.recent_deployments(service).await?;
    match again(&deployments, &wanted, now) {
        Some(first) => {
            // Attempts are counted by what is on record, so a doubled tick starts one. What was stopped before it left
            // a record has used a name up.
            for attempt in first..first + MOST_ATTEMPTS {
                let name = format!("{}-again-{attempt}", clipped(&name, NAME_HEAD));
                if start(context, &name, &request, dispatched).await? {
                    break;
                }
            }
            Ok(())
        }
        None => Ok(()),
    }
}

/// Deploys once more what is wanted; each tick of a schedule by a name of its own.
pub(crate) async fn redeploy(
    context: &Context,
    service: ServiceName,
    at: &str,
) -> Result<Dispatched, StepError> {
    let mut dispatched = Dispatched::default();
    let tick: String = at.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let tick = if tick.is_empty() { context.now().as_second().to_string() } else { tick };
    let name = format!("{}-redeploy-{tick}", clipped(&service.name, 30));
    let request = Request {
        wanted: true,
        redeploy: true,
        cause: Some(format!("schedule at {at}")),
        ..Request::of(service)
    };
    start(context, &name, &request, &mut dispatched).await?;
    Ok(dispatched)
}

/// Brings a deployment to an end whose execution died, if it still holds its service.
pub(crate) async fn recover(
    context: &Context,
    execution: &str,
    request: Box<Request>,
) -> Result<Dispatched, StepError> {
    let mut dispatched = Dispatched::default();
    let service = canonical(context, &request).await?;
    let lease: Lease = context.ledger().lease(&service).await?;
    let (Some(holder), true) = (lease.holder, lease.execution.as_deref() == Some(execution)) else {
        dispatched.passed_over.push(format!("{execution} holds nothing any more"));
        return Ok(dispatched);
    };
    start_recovery(context, &service, &holder, execution, lease.fence, &mut dispatched).await?;
    Ok(dispatched)
}

/// A fence is claimed once, so the recovery of one claim has one name; and others, should that one have died before it
/// took over.
async fn start_recovery(
    context: &Context,
    service: &ServiceName,
    holder: &DeploymentId,
    execution: &str,
    fence: u64,
    dispatched: &mut Dispatched,
) -> Result<(), StepError> {
    let name = format!("{}-recover-{fence}", clipped(&service.name, NAME_HEAD));
    let cause = Some(format!("recovery of {execution}"));
    let request = Request { recover: Some(holder.clone()), cause, ..Request::of(service.clone()) };
    for attempt in 1..=MOST_RECOVERIES {
        let name = if attempt == 1 { name.clone() } else { format!("{name}-{attempt}") };
        if start(context, &name, &request, dispatched).await? {
            context.measure(context.now(), &recovery(service, execution));
            break;
        }
    }
    Ok(())
}

async fn canonical(context: &Context, request: &Request) -> Result<ServiceName, StepError> {
    let named = &request.service;
    let found = ecs::services(&context.aws, &named.cluster, &[&named.name]).await?;
    let tag = found.first().and_then(|service| service.settings.get("pair"));
    let pair = request.settings.get("pair").or(tag).map(|pair| pair.trim()).filter(|pair| !pair.is_empty());
    Ok(named.of_pair(pair))
}

/// Starts an execution, or passes over one whose name has been used. True if it runs.
async fn start(
    context: &Context,
    name: &str,
    request: &Request,
    dispatched: &mut Dispatched,
) -> Result<bool, StepError> {
    let machine = context.config.state_machine.as_deref().ok_or_else(|| {
        StepError::BadInput("CHANGEOVER_STATE_MACHINE is missing in the function's environment".to_owned())
    })?;
    match executions::start(&context.aws, machine, name, request).await? {
        Start::Started(arn) => {
            dispatched.started.push(arn);
            Ok(true)
        }
        Start::RanBefore => {
            dispatched.passed_over.push(format!("{name} has run before"));
            Ok(false)
        }
    }
}

fn clipped(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, tags: &[(&str, &str)]) -> (ServiceName, Raw) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        (ServiceName::new("main", name), tags.collect())
    }

    #[test]
    fn a_tag_on_either_member_counts_in_whichever_order_they_were_found() {
        let blue = service("blue", &[("repository", "web"), ("pair", "green"), ("image-tag", "prod")]);
        let green = service("green", &[("repository", "web"), ("pair", "blue")]);
        let other = service("other", &[("repository", "web")]);
        for found in [[blue.clone(), green.clone(), other.clone()], [other, green, blue]] {
            let known = by_name(found.to_vec());
            let patterns: Vec<(&str, &str)> =
                known.iter().map(|(name, raw)| (name.name.as_str(), pattern_of(raw))).collect();
            assert_eq!(patterns, [("blue", "prod"), ("other", "latest")]);
        }
    }
}
