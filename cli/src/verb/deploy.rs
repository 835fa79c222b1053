//! `changeover deploy`

use super::{cause, span};
use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::follow::{How, Until, follow_started};
use crate::session::Session;
use crate::{service, settings, start};
use changeover_domain::calendar::Override;
use changeover_domain::image::is_digest;
use changeover_domain::span::Seconds;
use changeover_domain::state::Request;
use clap::Args;
use serde_json::json;

/// What to deploy, and whether to wait.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover deploy main/web\n  changeover deploy main/web --image-tag v42 --wait\n  changeover deploy main/web --digest sha256:… --set bake=5m --set \"steps=5 25 100\"\n  changeover deploy web --until traffic --timeout 20m --yes -o json"
)]
pub struct Options {
    /// The service.
    service: String,
    /// This image tag instead of what the tag changeover:image-tag finds.
    #[arg(long, value_name = "TAG", conflicts_with = "digest")]
    image_tag: Option<String>,
    /// Just this image: sha256: and 64 hexadecimal digits.
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// A setting for this deployment, over the service's tags; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Deploy even what runs already.
    #[arg(long)]
    redeploy: bool,
    /// Who asks and why, for the record.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// Deploy although the service's change calendar is closed: override; it needs --cause, and is put on record.
    #[arg(long, value_name = "override", requires = "cause", value_parser = Override::parse)]
    calendar: Option<Override>,
    /// Watch it until it has ended.
    #[arg(long, short)]
    wait: bool,
    /// Watch it until it has come this far: succeeded, traffic, baked, paused, or step:N.
    #[arg(long, value_name = "POINT")]
    until: Option<Until>,
    /// Watch no longer than this, such as 30m; the deployment goes on.
    #[arg(long, value_name = "TIME", value_parser = span)]
    timeout: Option<Seconds>,
}

/// Starts a deployment, and follows it if that was asked for.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    if let Some(digest) = options.digest.as_deref().filter(|digest| !is_digest(digest)) {
        return Err(Failure::usage(format!(
            "--digest {digest}: a digest is sha256: and 64 hexadecimal digits"
        )));
    }
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let request = Request {
        tag: options.image_tag.clone(),
        digest: options.digest.clone(),
        settings: settings::typed(&options.settings, &service.tags)?,
        redeploy: options.redeploy,
        calendar: options.calendar,
        cause: Some(cause(options.cause.as_deref(), "deploy")),
        ..Request::of(service.asked.clone())
    };
    let what = match (&options.digest, &options.image_tag) {
        (Some(digest), _) => digest.clone(),
        (None, Some(tag)) => format!("image tag {tag}"),
        (None, None) => {
            format!("what {} points to", service.tags.get("image-tag").map_or("latest", |tag| tag.trim()))
        }
    };
    session.screen.confirm(&format!("Deploy {what} to {}?", service.name))?;
    let started = start::start(&session, &service, &request).await?;
    if options.wait || options.until.is_some() {
        let how = How { until: options.until.unwrap_or(Until::Succeeded), timeout: options.timeout };
        return follow_started(&session, &service, &started, how).await;
    }
    let document =
        json!({ "service": service.name, "deployment": started.deployment, "execution": started.arn });
    session.screen.answer(&document, || {
        format!(
            "{} has been started.\nWatch it with `changeover status {} -w`; take it back with `changeover abort {}`.",
            started.deployment, service.name, service.name
        )
    });
    Ok(Exit::Good)
}
