//! `changeover show`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::service::{self, Service};
use crate::session::Session;
use crate::suggest::{meant, or_list};
use crate::told::Story;
use crate::words;
use changeover_domain::name::DeploymentId;
use clap::Args;

/// Which deployment.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover show main/web\n  changeover show main/web 20261123T022727123Z-web-0f1a2b3c-7d865e959b24-12\n  changeover show web -o json | jq .receipt"
)]
pub struct Options {
    /// The service.
    service: String,
    /// The deployment's id, or how it begins; the newest if it is left out.
    deployment: Option<String>,
}

/// Tells its story.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let ledger = session.ledger();
    let record =
        match &options.deployment {
            None => ledger.latest_deployments(&service.name, 1).await?.pop().ok_or_else(|| {
                Failure::usage(format!("No deployment of {} is on record yet.", service.name))
            })?,
            Some(text) => {
                let id = DeploymentId::from(text.as_str());
                match ledger.find_deployment(&service.name, &id).await? {
                    Some(record) => record,
                    None => {
                        let recent = ledger.recent_deployments(&service.name).await?;
                        let mut alike =
                            recent.into_iter().filter(|one| one.id.as_str().starts_with(text.as_str()));
                        match (alike.next(), alike.next()) {
                            (Some(one), None) => one,
                            _ => return Err(no_such(&session, &service, &id).await?),
                        }
                    }
                }
            }
        };
    let story = Story::of(&record, session.now());
    session.screen.answer(&story, || words::story(&session.screen, &story));
    Ok(Exit::Good)
}

/// That there is no such deployment, and which ones there are.
pub async fn no_such(session: &Session, service: &Service, id: &DeploymentId) -> Result<Failure, Failure> {
    let recent = session.ledger().recent_deployments(&service.name).await?;
    let ids: Vec<String> = recent.iter().map(|one| one.id.to_string()).collect();
    let which = if ids.is_empty() { "none".to_owned() } else { or_list(&ids) };
    Ok(Failure::usage(format!(
        "{} has no deployment {id}, or not just one whose id begins so.{} The latest are: {which}.",
        service.name,
        meant(id.as_str(), &ids).unwrap_or_default()
    )))
}
