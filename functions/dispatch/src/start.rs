//! Starting executions: by the registry's and the ledger's word, under names that make a repeat harmless.

use crate::Dispatched;
use changeover_aws::ecr::{Which, find};
use changeover_aws::executions::{self, Start};
use changeover_aws::{ecs, tags};
use changeover_domain::StepError;
use changeover_domain::image::tag_matches;
use changeover_domain::name::ServiceName;
use changeover_domain::record::Lease;
use changeover_domain::settings::Raw;
use changeover_domain::state::Request;
use changeover_lambda::Context;
use std::collections::BTreeMap;

/// Every service that an image's repository and tag belong to is brought to what the tag points to now.
pub(crate) async fn pushed(context: &Context, repository: &str, tag: &str) -> Result<Dispatched, StepError> {
    let mut dispatched = Dispatched::default();
    for (service, raw) in known(context, Some(repository)).await? {
        let glob = glob_of(&raw);
        if tag_matches(glob, tag) {
            bring(
                context,
                &service,
                repository,
                glob,
                &format!("push of {repository}:{tag}"),
                &mut dispatched,
            )
            .await?;
        } else {
            dispatched.passed_over.push(format!("{service} wants {glob}, not {tag}"));
        }
    }
    Ok(dispatched)
}

/// Every service is brought to what its tag points to now: catches the push whose event never came.
pub(crate) async fn reconcile(context: &Context) -> Result<Dispatched, StepError> {
    let mut dispatched = Dispatched::default();
    for (service, raw) in known(context, None).await? {
        let repository = raw.get("repository").map(String::as_str).unwrap_or_default();
        bring(context, &service, repository, glob_of(&raw), "reconcile", &mut dispatched).await?;
    }
    Ok(dispatched)
}

/// Services by the names they go by, with their tags.
async fn known(context: &Context, repository: Option<&str>) -> Result<BTreeMap<ServiceName, Raw>, StepError> {
    let found = tags::services_of(&context.aws, repository).await?;
    Ok(found
        .into_iter()
        .map(|(name, raw)| {
            (name.of_pair(raw.get("pair").map(|pair| pair.trim()).filter(|pair| !pair.is_empty())), raw)
        })
        .collect())
}

fn glob_of(raw: &Raw) -> &str {
    raw.get("image-tag").map_or("latest", |tag| tag.trim())
}

async fn bring(
    context: &Context,
    service: &ServiceName,
    repository: &str,
    glob: &str,
    cause: &str,
    dispatched: &mut Dispatched,
) -> Result<(), StepError> {
    let Some(image) = find(&context.aws, repository, Which::Tag(glob)).await? else {
        dispatched.passed_over.push(format!("{service}: {repository} has no image with tag {glob} now"));
        return Ok(());
    };
    let ledger = context.ledger();
    let wanted = ledger.want(service, &image, cause, context.now()).await?;
    let lease = ledger.lease(service).await?;
    if let Some(holder) = &lease.holder {
        // Its end looks at what is wanted.
        dispatched.passed_over.push(format!("{service}: {image} is wanted after {holder}"));
        return Ok(());
    }
    let name = executions::name(service, &image.digest, wanted.generation);
    let request = Request { cause: Some(cause.to_owned()), ..plain(service.clone()) };
    start(context, &name, &request, dispatched).await
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
    let head: String = service.name.chars().take(30).collect();
    let name = format!("{head}-again-{tick}");
    let request = Request { redeploy: true, cause: Some(format!("schedule at {at}")), ..plain(service) };
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
    let head: String = service.name.chars().take(40).collect();
    // A fence is claimed once, so the recovery of one claim has one name.
    let name = format!("{head}-recover-{}", lease.fence);
    let cause = Some(format!("recovery of {execution}"));
    let request = Request { recover: Some(holder), cause, ..plain(service) };
    start(context, &name, &request, &mut dispatched).await?;
    Ok(dispatched)
}

async fn canonical(context: &Context, request: &Request) -> Result<ServiceName, StepError> {
    let named = &request.service;
    let found = ecs::services(&context.aws, &named.cluster, &[&named.name]).await?;
    let tag = found.first().and_then(|service| service.settings.get("pair"));
    let pair = request.settings.get("pair").or(tag).map(|pair| pair.trim()).filter(|pair| !pair.is_empty());
    Ok(named.of_pair(pair))
}

fn plain(service: ServiceName) -> Request {
    Request {
        service,
        tag: None,
        digest: None,
        settings: Raw::new(),
        redeploy: false,
        dry_run: false,
        recover: None,
        cause: None,
    }
}

async fn start(
    context: &Context,
    name: &str,
    request: &Request,
    dispatched: &mut Dispatched,
) -> Result<(), StepError> {
    let machine = context.config.state_machine.as_deref().ok_or_else(|| {
        StepError::BadInput("CHANGEOVER_STATE_MACHINE is missing in the function's environment".to_owned())
    })?;
    match executions::start(&context.aws, machine, name, request).await? {
        Start::Started(arn) => dispatched.started.push(arn),
        Start::RanBefore => dispatched.passed_over.push(format!("{name} has run before")),
    }
    Ok(())
}
