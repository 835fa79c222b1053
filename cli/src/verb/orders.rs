//! `changeover abort`, `promote`, `pause` and `continue`: orders to the deployment that is on the way.

use super::cause;
use crate::args::Globals;
use crate::deliver::{deliver, holder};
use crate::failure::{Exit, Failure};
use crate::orders::What;
use crate::service::{self, Service};
use crate::session::Session;
use changeover_domain::gate;
use clap::Args;

/// To whom, and why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover abort main/web --cause INC-1234\n  changeover pause main/web --yes\n  changeover continue main/web --yes"
)]
pub struct Options {
    /// The service.
    pub service: String,
    /// Who asks and why, for the record.
    #[arg(long, value_name = "TEXT")]
    pub cause: Option<String>,
}

/// To whom, why, and how far.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  changeover promote main/web\n  changeover promote main/web --all --yes")]
pub struct Promote {
    /// To whom, and why.
    #[command(flatten)]
    options: Options,
    /// Without the bakes and the pauses of the steps that are left; new tasks that are ill end it all the same.
    #[arg(long)]
    all: bool,
}

/// Takes back what is on the way.
pub async fn abort(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    give(globals, options, "abort", What::Rollback(true), "Take back").await
}

/// Ends the pause or the bake that it is in.
pub async fn promote(globals: &Globals, promote: &Promote) -> Result<Exit, Failure> {
    let (promotion, words) = match promote.all {
        true => (gate::Promote::All, "Do without the bakes that are left of"),
        false => (gate::Promote::This, "End the pause or the bake of"),
    };
    give(globals, &promote.options, "promote", What::Promote(promotion), words).await
}

/// Stops it at the next point.
pub async fn pause(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    give(globals, options, "pause", What::Pause(true), "Stop at the next point").await
}

/// Lets it go on.
pub async fn go_on(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    give(globals, options, "continue", What::Continue(true), "Go on with").await
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
