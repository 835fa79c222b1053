//! Starting executions: by the registry's and the ledger's word, under names that make a repeat harmless.

use crate::Dispatched;
use crate::decide::{Moment, again, recovers};
use crate::drift::{self, Drift};
use crate::each::each;
use crate::known::{known, pattern_of, repository_of};
use crate::measure::{blind, drifted, held, recovery, standing};
use crate::refuse::{is_its_own, refuse};
use changeover_aws::ecr::{NoImage, Which, find};
use changeover_aws::ecs;
use changeover_aws::executions::{self, Start};
use changeover_domain::StepError;
use changeover_domain::choice::passed_over;
use changeover_domain::freeze::{Freeze, is_held_back};
use changeover_domain::image::{PinnedImage, is_exact, tag_matches};
use changeover_domain::moves::{Move, Moves};
use changeover_domain::name::{DeploymentId, ServiceName, is_within};
use changeover_domain::record::{Lease, Outcome, Tried, Wanted};
use changeover_domain::settings::{OnDrift, Raw, TAG_PREFIX};
use changeover_domain::state::Request;
use changeover_domain::wish::{DRIFT, by_drift, by_registry};
use changeover_lambda::Context;

/// Most names that are tried for an attempt: each one that is used up died before it left a record.
const MOST_NAMES: usize = 10;
/// Most recoveries of one claim: each of them died before it took over.
const MOST_RECOVERIES: usize = 10;

/// Every service that an image's repository and tag belong to is brought to what the tag points to now.
pub(crate) async fn pushed(
    context: &Context,
    repository: &str,
    moved: &Move,
) -> Result<Dispatched, StepError> {
    let services = known(context, Some(repository)).await?;
    if services.is_empty() {
        return Ok(Dispatched::passing_over(format!(
            "no service that this stack may deploy has the tag {TAG_PREFIX}repository {repository}"
        )));
    }
    let freeze = context.ledger().freeze().await?;
    let tag = moved.tag.as_str();
    let cause = format!("push of {repository}:{tag}");
    each("push", &services, async |service: &ServiceName, raw: &Raw| {
        let pattern = pattern_of(raw);
        if !tag_matches(pattern, tag) {
            return Ok(Dispatched::passing_over(format!("{service} wants {pattern}, not {tag}")));
        }
        if let Some(why) = passed_over(pattern, tag) {
            return Ok(Dispatched::passing_over(format!("{service} wants {pattern}: {why}")));
        }
        if !is_exact(pattern) {
            // Only the event says when; of one tag there is nothing to choose.
            context.ledger().hear(service, moved).await?;
        }
        bring(context, Bringing { service, raw, cause: &cause, zeal: Zeal::Once, freeze: freeze.as_ref() })
            .await
    })
    .await
}

/// Every service is brought to what its tag points to, and whoever holds one is seen to be alive: catches the event
/// that never came.
pub(crate) async fn reconcile(context: &Context) -> Result<Dispatched, StepError> {
    let services = match known(context, None).await {
        Ok(services) => services,
        Err(error @ StepError::Busy { .. }) => return Err(error),
        // The next tick is its retry: kept as a letter each of them would pile up for what one alarm says.
        Err(error) => {
            tracing::error!(error = error.name(), detail = %error, "reconcile cannot look at any service");
            context.measure(context.now(), &blind(&error));
            return Ok(Dispatched::passing_over(error.to_string()));
        }
    };
    let freeze = context.ledger().freeze().await?;
    each("reconcile", &services, async |service: &ServiceName, raw: &Raw| {
        let mut dispatched = Dispatched::default();
        let lease = context.ledger().lease(service).await?;
        measure_lease(context, service, &lease).await?;
        if let (Some(holder), Some(execution)) = (&lease.holder, &lease.execution)
            && !executions::is_running(&context.aws, execution).await?
        {
            let dead = Dead { holder, execution, fence: lease.fence, moment: Moment::Tick };
            start_recovery(context, service, &dead, &mut dispatched).await?;
            return Ok(dispatched);
        }
        let (cause, zeal, freeze) = ("reconcile", Zeal::Again, freeze.as_ref());
        bring(context, Bringing { service, raw, cause, zeal, freeze }).await
    })
    .await
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

/// How hard a service is brought to what its tag points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zeal {
    /// Once for each wish: what failed is not tried again by itself.
    Once,
    /// What was refused is tried again, since what stood in the way may be gone.
    Again,
}

/// A service that is to be brought somewhere.
#[derive(Clone, Copy)]
struct Bringing<'a> {
    service: &'a ServiceName,
    raw: &'a Raw,
    cause: &'a str,
    zeal: Zeal,
    freeze: Option<&'a Freeze>,
}

/// Brings a service to what its tag points to; what is wrong with its tags is a refusal of its own, on record.
async fn bring(context: &Context, one: Bringing<'_>) -> Result<Dispatched, StepError> {
    let Bringing { service, cause, .. } = one;
    let mut dispatched = Dispatched::default();
    match bring_to_tag(context, one, &mut dispatched).await {
        Ok(None) => Ok(dispatched),
        Ok(Some(why)) => refuse(context, service, cause, &why).await,
        Err(error) if is_its_own(&error) => refuse(context, service, cause, &error.to_string()).await,
        Err(error) => Err(error),
    }
}

/// Why the service's own tags keep it from being brought anywhere, if so.
async fn bring_to_tag(
    context: &Context,
    one: Bringing<'_>,
    dispatched: &mut Dispatched,
) -> Result<Option<String>, StepError> {
    let Bringing { service, raw, .. } = one;
    let (repository, pattern) = (repository_of(raw), pattern_of(raw));
    let ledger = context.ledger();
    // What is wanted is read before the registry: of two events that are handled at once, the one that saw the older
    // image finds the record changed, and looks again.
    let before = ledger.wanted(service).await?;
    let moves = if is_exact(pattern) { Moves::default() } else { ledger.moves(service).await? };
    let image = match find(&context.aws, repository, Which::Tag(pattern), &moves, context.now()).await? {
        Ok(image) => image,
        // Before the first push that is as it should be.
        Err(NoImage::None(why)) => {
            dispatched.passed_over.push(format!("{service}: {why}"));
            return Ok(None);
        }
        Err(NoImage::NoRepository(why) | NoImage::Unfit(why)) => return Ok(Some(why)),
    };
    bring_to_image(context, one, &image, before, dispatched).await.map(|()| None)
}

/// Starts an execution for an image, if it becomes wanted or is still to come.
async fn bring_to_image(
    context: &Context,
    one: Bringing<'_>,
    image: &PinnedImage,
    before: Option<Wanted>,
    dispatched: &mut Dispatched,
) -> Result<(), StepError> {
    let Bringing { service, raw, cause, zeal, freeze } = one;
    let ledger = context.ledger();
    let now = context.now();
    let wanted = match (by_registry(before.as_ref(), image, cause, now), before) {
        (Some(wanted), _) => {
            ledger.want(service, &wanted).await?;
            wanted
        }
        (None, Some(before)) => before,
        (None, None) => return Ok(()),
    };
    let wanted = match settled(context, service, raw, wanted, zeal, dispatched).await? {
        Some(wanted) => wanted,
        None => return Ok(()),
    };
    let image = &wanted.image;
    if let Some(freeze) = freeze.filter(|_| is_held_back(&wanted, freeze)) {
        dispatched
            .passed_over
            .push(format!("{service}: {image} is wanted, and begins once the stack is not {freeze}"));
        return Ok(());
    }
    let lease = ledger.lease(service).await?;
    if let Some(holder) = &lease.holder {
        // Its end looks at what is wanted.
        dispatched.passed_over.push(format!("{service}: {image} is wanted after {holder}"));
        return Ok(());
    }
    let cause = if wanted.cause.starts_with(DRIFT) { wanted.cause.as_str() } else { cause };
    let name = executions::of_wish(service, &image.digest, wanted.generation);
    let request = Request { wanted: true, cause: Some(cause.to_owned()), ..Request::of(service.clone()) };
    if start(context, &name, &request, dispatched).await? || zeal == Zeal::Once {
        return Ok(());
    }
    let deployments = ledger.recent_deployments(service).await?;
    match again(&deployments, &wanted, now) {
        Some(first) => {
            // Attempts are counted by what is on record, so a doubled tick starts one. What was stopped before it left
            // a record has used a name up.
            for attempt in first..first.saturating_add(MOST_NAMES) {
                let name = executions::of_wish_again(service, &image.digest, wanted.generation, attempt);
                if start(context, &name, &request, dispatched).await? {
                    break;
                }
            }
            Ok(())
        }
        None => {
            let due = wanted.tried.as_ref().and_then(Tried::due_at);
            dispatched
                .passed_over
                .extend(due.map(|due| format!("{service}: {image} is tried again from {due} on")));
            Ok(())
        }
    }
}

/// What is wanted and not settled. What was brought and is not there any more is wanted once more, unless people are only to
/// be told.
async fn settled(
    context: &Context,
    service: &ServiceName,
    raw: &Raw,
    wanted: Wanted,
    zeal: Zeal,
    dispatched: &mut Dispatched,
) -> Result<Option<Wanted>, StepError> {
    let now = context.now();
    let Some(tried) = &wanted.tried else { return Ok(Some(wanted)) };
    if tried.is_told() && zeal == Zeal::Again {
        context.measure(now, &standing(service, tried));
    }
    if !wanted.is_settled() {
        return Ok(Some(wanted));
    }
    let image = &wanted.image;
    // While somebody holds it, it is on its way to something.
    let is_free = context.ledger().lease(service).await?.holder.is_none();
    let found = match (zeal, tried.outcome) {
        (Zeal::Again, Outcome::Succeeded) if is_free => drift::look(context, service, raw, &wanted).await?,
        _ => Drift::None,
    };
    match (found, drift::policy(&wanted, raw, &context.config.defaults)) {
        (Drift::Found(what), OnDrift::Bring) => {
            let again = by_drift(&wanted, &what, now);
            context.ledger().want(service, &again).await?;
            return Ok(Some(again));
        }
        (Drift::Found(what), OnDrift::Tell) => {
            tracing::warn!(ecs_service = %service, what, "a service does not run what it was brought to, and is left so");
            context.measure(now, &drifted(service));
            dispatched.passed_over.push(format!("{service}: {what}; it is only told"));
        }
        // Names of executions can be used again after 90 days: that it was tried, the ledger has to say.
        (Drift::None, _) => {
            let (by, outcome) = (&tried.deployment, tried.outcome);
            dispatched
                .passed_over
                .push(format!("{service}: {image} was tried by {by}, which ended as {outcome}"));
        }
    }
    Ok(None)
}

/// Deploys once more what is wanted; each tick of a schedule by a name of its own.
pub(crate) async fn redeploy(
    context: &Context,
    service: ServiceName,
    at: &str,
) -> Result<Dispatched, StepError> {
    if let Some(freeze) = context.ledger().freeze().await? {
        return Ok(Dispatched::passing_over(format!(
            "{service} is not deployed again: the stack is {freeze}"
        )));
    }
    let mut dispatched = Dispatched::default();
    let said = at.chars().any(|char| char.is_ascii_alphanumeric());
    let tick = if said { at.to_owned() } else { context.now().as_second().to_string() };
    let name = executions::of_redeploy(&service, &tick);
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
    let dead = Dead { holder: &holder, execution, fence: lease.fence, moment: Moment::Death };
    start_recovery(context, &service, &dead, &mut dispatched).await?;
    Ok(dispatched)
}

/// An execution that died while it held a service.
struct Dead<'a> {
    holder: &'a DeploymentId,
    execution: &'a str,
    fence: u64,
    moment: Moment,
}

/// A fence is claimed once, so the recovery of one claim has one name; and others, should that one have died before it
/// took over.
async fn start_recovery(
    context: &Context,
    service: &ServiceName,
    dead: &Dead<'_>,
    dispatched: &mut Dispatched,
) -> Result<(), StepError> {
    let Dead { holder, execution, fence, moment } = dead;
    let record = context.ledger().find_deployment(service, holder).await?;
    if let Err(why) = recovers(record.map_or(0, |record| record.progress.recovery.recoveries), *moment) {
        tracing::warn!(ecs_service = %service, deployment = %holder, why, "a dead execution is not recovered from now");
        dispatched.passed_over.push(format!("{service}: {holder}: {why}"));
        return Ok(());
    }
    let cause = Some(format!("recovery of {execution}"));
    let request = Request { recover: Some((*holder).clone()), cause, ..Request::of(service.clone()) };
    for attempt in 1..=MOST_RECOVERIES {
        let name = executions::of_recovery(service, *fence, attempt);
        if start(context, &name, &request, dispatched).await? {
            context.measure(context.now(), &recovery(service, execution));
            break;
        }
    }
    Ok(())
}

async fn canonical(context: &Context, request: &Request) -> Result<ServiceName, StepError> {
    let named = &request.service;
    if !is_within(&context.config.cluster, &named.cluster) {
        // Of that one nothing can be looked at, and nothing was ever held.
        return Ok(named.clone());
    }
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
