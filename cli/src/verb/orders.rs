//! `changeover abort`: the order to take back the deployment that is on the way.

use super::cause;
use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::orders::{Order, What};
use crate::service::{self, Service};
use crate::session::Session;
use crate::start;
use changeover_domain::record::{Deployment, Outcome};
use clap::Args;
use serde_json::{Value, json};

/// To whom, and why.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  changeover abort main/web --cause INC-1234")]
pub struct Options {
    /// The service.
    pub service: String,
    /// Who asks and why, for the record.
    #[arg(long, value_name = "TEXT")]
    pub cause: Option<String>,
}

/// Takes back what is on the way.
pub async fn abort(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    give(globals, options, "abort", What::Rollback(true), "Take back").await
}

async fn give(
    globals: &Globals,
    options: &Options,
    verb: &str,
    what: What,
    words: &str,
) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let record = on_the_way(&session, &service).await?.ok_or_else(|| {
        Failure::usage(format!(
            "No deployment of {} is on the way. `changeover status {}` says what runs.",
            service.name, service.name
        ))
    })?;
    let image = crate::words::image(record.plan.as_ref().map(|plan| &plan.image));
    session.screen.confirm(&format!("{words} {} ({image}) on {}?", record.id, service.name))?;
    send(&session, &service, what, &cause(options.cause.as_deref(), verb)).await
}

/// The deployment that holds the service, or is in its rollback window.
pub async fn on_the_way(session: &Session, service: &Service) -> Result<Option<Deployment>, Failure> {
    let ledger = session.ledger();
    match ledger.lease(&service.name).await?.holder {
        Some(holder) => Ok(ledger.find_deployment(&service.name, &holder).await?),
        None => Ok(None),
    }
}

/// Gives an order and says what was made of it.
pub async fn send(session: &Session, service: &Service, what: What, cause: &str) -> Result<Exit, Failure> {
    let order = Order { service: service.asked.clone(), what, cause: cause.to_owned() };
    let started = start::start(session, service, &order).await?;
    match start::answer(session, &started.arn).await? {
        Ok(output) => {
            let said = output["note"].as_str().unwrap_or("the order is on record").to_owned();
            let deployment: &Value = &output["deployment"];
            let document = json!({ "service": service.name, "deployment": deployment, "execution": started.arn, "said": said });
            session.screen.answer(&document, || {
                format!("{said}\nWatch it with `changeover status {} -w`.", service.name)
            });
            Ok(Exit::Good)
        }
        Err(why) => Err(Failure { words: why, exit: Exit::Outcome(Outcome::Refused) }),
    }
}
