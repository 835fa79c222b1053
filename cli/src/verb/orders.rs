//! `changeover abort`: the order to take back the deployment that is on the way.

use super::cause;
use crate::args::Globals;
use crate::deliver::{deliver, holder};
use crate::failure::{Exit, Failure};
use crate::orders::What;
use crate::service::{self, Service};
use crate::session::Session;
use clap::Args;

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
    let record = holder(&session, &service).await?;
    let image = crate::words::image(record.plan.as_ref().map(|plan| &plan.image));
    session.screen.confirm(&format!("{words} {} ({image}) on {}?", record.id, service.name))?;
    send(&session, &service, what, &cause(options.cause.as_deref(), verb)).await
}

/// Gives an order and says what was made of it.
pub async fn send(session: &Session, service: &Service, what: What, cause: &str) -> Result<Exit, Failure> {
    let delivered = deliver(session, service, what, cause).await?;
    session.screen.answer(&delivered, || {
        format!("{}\nWatch it with `changeover status {} -w`.", delivered.said, service.name)
    });
    Ok(Exit::Good)
}
