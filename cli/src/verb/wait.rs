//! `changeover wait`

use super::span;
use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::follow::{How, Until, follow};
use crate::reasons;
use crate::service::{self, Service};
use crate::session::Session;
use changeover_aws::ecr::{Which, find};
use changeover_domain::image::is_digest;
use changeover_domain::name::DeploymentId;
use changeover_domain::span::Seconds;
use clap::Args;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked whether a deployment has begun.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What to wait for.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover wait main/web                      # what is on the way, or the last one\n  changeover wait main/web --digest sha256:…    # after a push: until that image's deployment has ended\n  changeover wait main/web --image-tag v42 --until traffic --timeout 30m -o json"
)]
pub struct Options {
    /// The service.
    service: String,
    /// This deployment; otherwise the one on the way, or the last one.
    #[arg(long, value_name = "ID", conflicts_with_all = ["image_tag", "digest"])]
    deployment: Option<String>,
    /// A deployment of what this image tag points to, which may only be about to begin.
    #[arg(long, value_name = "TAG", conflicts_with = "digest")]
    image_tag: Option<String>,
    /// A deployment of this image, which may only be about to begin.
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// How far: succeeded (its end), traffic, baked, paused, or step:N.
    #[arg(long, value_name = "POINT", default_value = "succeeded")]
    until: Until,
    /// Wait no longer than this, such as 30m.
    #[arg(long, value_name = "TIME", value_parser = span)]
    timeout: Option<Seconds>,
    /// How long an image's deployment may take to begin.
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "5m")]
    begin_timeout: Seconds,
}

/// Waits, and ends with the outcome.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    if let Some(digest) = options.digest.as_deref().filter(|digest| !is_digest(digest)) {
        return Err(Failure::usage(format!(
            "--digest {digest}: a digest is sha256: and 64 hexadecimal digits"
        )));
    }
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let how = How { until: options.until, timeout: options.timeout };
    if let Some(id) = &options.deployment {
        let id = DeploymentId::from(id.as_str());
        if session.ledger().find_deployment(&service.name, &id).await?.is_none() {
            return Err(super::show::no_such(&session, &service, &id).await?);
        }
        return follow(&session, &service, &id, how).await;
    }
    let deployment = match digest(&session, &service, options).await? {
        Some(digest) => begun(&session, &service, &digest, options.begin_timeout).await?,
        None => {
            let lease = session.ledger().lease(&service.name).await?;
            let last = match lease.holder {
                Some(holder) => Some(holder),
                None => {
                    session.ledger().latest_deployments(&service.name, 1).await?.pop().map(|last| last.id)
                }
            };
            last.ok_or_else(|| {
                Failure::usage(format!(
                    "Nothing has been deployed to {} yet: `changeover deploy {}` begins.",
                    service.name, service.name
                ))
            })?
        }
    };
    follow(&session, &service, &deployment, how).await
}

/// The digest to wait for, if an image was named.
async fn digest(session: &Session, service: &Service, options: &Options) -> Result<Option<String>, Failure> {
    if let Some(digest) = &options.digest {
        return Ok(Some(digest.clone()));
    }
    let Some(tag) = &options.image_tag else { return Ok(None) };
    let repository = service.tags.get("repository").map(|name| name.trim().to_owned()).unwrap_or_default();
    let moves = session.ledger().moves(&service.name).await?;
    match find(&session.aws, &repository, Which::Tag(tag), &moves, session.now()).await? {
        Ok(image) => Ok(Some(image.digest)),
        Err(why) => Err(Failure::usage(format!("There is nothing to wait for: {why}."))),
    }
}

/// The deployment that is for an image: the newest, once it is there.
async fn begun(
    session: &Session,
    service: &Service,
    digest: &str,
    patience: Seconds,
) -> Result<DeploymentId, Failure> {
    let began = Instant::now();
    loop {
        let latest = session.ledger().recent_deployments(&service.name).await?;
        let ours = latest.iter().find(|one| {
            let planned = one.plan.as_ref().map(|plan| plan.image.digest.as_str());
            planned.or(one.digest.as_deref()) == Some(digest)
        });
        if let Some(ours) = ours {
            return Ok(ours.id.clone());
        }
        if began.elapsed() >= Duration::from_secs(patience.0) {
            let why = reasons::of_service(session, service).await?;
            return Err(Failure::not(format!(
                "No deployment of {digest} to {} has begun within {patience}.\n{}",
                service.name,
                reasons::words(&session.screen, &why)
            )));
        }
        session.screen.draw(&format!("waiting for the deployment of {digest} to begin"));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
