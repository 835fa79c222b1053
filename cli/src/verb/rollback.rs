//! `changeover rollback`

use super::orders::send;
use super::{cause, span};
use crate::args::Globals;
use crate::deliver::on_the_way;
use crate::failure::{Exit, Failure};
use crate::follow::{How, Until, follow, follow_started};
use crate::orders::What;
use crate::service::{self, Service};
use crate::session::Session;
use crate::{start, words};
use changeover_domain::image::PinnedImage;
use changeover_domain::record::{Deployment, Outcome};
use changeover_domain::span::Seconds;
use changeover_domain::state::Request;
use clap::Args;
use serde_json::json;

/// To what.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover rollback main/web --cause INC-1234     # what is on the way or in its window, or else the image before\n  changeover rollback main/web --to 20261123T022727123Z-web-1 --wait\n  changeover rollback web --yes --wait -o json"
)]
pub struct Options {
    /// The service.
    service: String,
    /// The image of this earlier deployment, by its id.
    #[arg(long, value_name = "DEPLOYMENT")]
    to: Option<String>,
    /// Who asks and why, for the record.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
    /// Watch until it has ended.
    #[arg(long, short)]
    wait: bool,
    /// Watch no longer than this.
    #[arg(long, value_name = "TIME", value_parser = span)]
    timeout: Option<Seconds>,
}

/// Takes back what is on the way or in its window by a shift of weights; otherwise deploys the image before.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let why = cause(options.cause.as_deref(), "rollback");
    let how = How { until: Until::Succeeded, timeout: options.timeout };
    if options.to.is_none()
        && let Some(record) = on_the_way(&session, &service).await?
    {
        let image = words::image(record.plan.as_ref().map(|plan| &plan.image));
        session.screen.confirm(&format!("Take back {image} on {} ({})?", service.name, record.id))?;
        if !options.wait {
            return send(&session, &service, What::Rollback(true), &why).await;
        }
        let order =
            crate::orders::Order { service: service.asked.clone(), what: What::Rollback(true), cause: why };
        let started = start::start(&session, &service, &order).await?;
        if let Err(why) = start::answer(&session, &started.arn).await? {
            return Err(Failure { words: why, exit: Exit::Outcome(Outcome::Refused) });
        }
        return match follow(&session, &service, &record.id, how).await? {
            // That is what was asked for.
            Exit::Outcome(Outcome::RolledBack) => Ok(Exit::Good),
            other => Ok(other),
        };
    }
    let image = image(&session, &service, options.to.as_deref()).await?;
    session.screen.confirm(&format!("Deploy {image} to {} again?", service.name))?;
    let request = Request {
        digest: Some(image.digest.clone()),
        cause: Some(why),
        ..Request::of(service.asked.clone())
    };
    let started = start::start(&session, &service, &request).await?;
    if options.wait {
        return follow_started(&session, &service, &started, how).await;
    }
    let document = json!({ "service": service.name, "deployment": started.deployment, "execution": started.arn, "image": image });
    session.screen.answer(&document, || {
        format!(
            "{} brings {image}. It stays until another image is pushed or asked for.\nWatch it with `changeover status {} -w`.",
            started.deployment, service.name
        )
    });
    Ok(Exit::Good)
}

/// The image to go back to.
async fn image(session: &Session, service: &Service, to: Option<&str>) -> Result<PinnedImage, Failure> {
    let recent = session.ledger().recent_deployments(&service.name).await?;
    before(&recent, to).map_err(|why| {
        Failure::usage(format!("{why} `changeover history {}` lists what there was; `changeover deploy {} --digest …` brings any image.", service.name, service.name))
    })
}

/// The image of the deployment that is named, or the one that ran before the last that succeeded. Newest first.
fn before(recent: &[Deployment], to: Option<&str>) -> Result<PinnedImage, String> {
    let image = |one: &Deployment| one.plan.as_ref().map(|plan| plan.image.clone());
    if let Some(to) = to {
        let mut named = recent.iter().filter(|one| one.id.as_str().starts_with(to));
        return match (named.next(), named.next()) {
            (Some(one), None) => image(one).ok_or(format!("{} was refused and has no image.", one.id)),
            _ => Err(format!("There is no deployment {to}, or not just one whose id begins so.")),
        };
    }
    let mut good = recent.iter().filter(|one| one.outcome == Some(Outcome::Succeeded)).filter_map(image);
    let Some(now) = good.next() else { return Err("No deployment that succeeded is on record.".to_owned()) };
    good.find(|image| image.digest != now.digest)
        .ok_or_else(|| format!("No image before {now} is on record."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::name::{DeploymentId, ServiceName};

    fn ended(id: &str, outcome: Outcome, digit: Option<&str>) -> Deployment {
        let mut record = Deployment::new(
            ServiceName::new("main", "web"),
            DeploymentId::from(id),
            "arn",
            "push",
            Timestamp::UNIX_EPOCH,
        );
        record.plan = digit.map(|digit| {
            let settings = changeover_domain::settings::read(
                &Default::default(),
                &[("repository".to_owned(), "web".to_owned())].into(),
                &Default::default(),
            );
            serde_json::from_value(serde_json::json!({"cluster": "main",
                "image": PinnedImage::new("web", "r/web", Some("v"), &format!("sha256:{}", digit.repeat(64))),
                "container": "web", "live": {"ecs_service": "web", "target_groups": [], "task_definition": "td:1", "desired": 1, "running": 1},
                "next": null, "routes": [], "tasks": 1,
                "pace": {"deregistration_delay": 0, "check_interval": 5, "stickiness": 0},
                "settings": settings.unwrap()}))
            .unwrap()
        });
        record.outcome = Some(outcome);
        record
    }

    #[test]
    fn the_image_before_is_the_last_other_one_that_succeeded() {
        let recent = [
            ended("5", Outcome::RolledBack, Some("c")),
            ended("4", Outcome::Succeeded, Some("b")),
            ended("3", Outcome::Succeeded, Some("b")),
            ended("2", Outcome::Refused, None),
            ended("1", Outcome::Succeeded, Some("a")),
        ];
        let digit = |to| before(&recent, to).map(|image| image.digest[7..8].to_owned());
        assert_eq!(digit(None).as_deref(), Ok("a"));
        assert_eq!(digit(Some("5")).as_deref(), Ok("c"));
        assert!(digit(Some("2")).unwrap_err().contains("was refused"));
        assert!(digit(Some("9")).unwrap_err().contains("no deployment 9"));
        assert!(before(&recent[1..3], None).unwrap_err().contains("No image before"));
        assert!(before(&[], None).is_err());
    }
}
