//! `changeover history`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use crate::service;
use crate::session::Session;
use crate::told::{History, Summary};
use crate::words;
use clap::Args;

/// Which deployments.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover history main/web\n  changeover history main/web --limit 50 --outcome RolledBack\n  changeover history web -o json | jq '.deployments[].outcome'"
)]
pub struct Options {
    /// The service.
    service: String,
    /// How many are looked at.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=200))]
    limit: i32,
    /// Only those that ended so.
    #[arg(long, value_name = "OUTCOME", value_parser = ["Succeeded", "RolledBack", "Refused", "Superseded", "NeedsHuman"])]
    outcome: Option<String>,
}

/// Lists them, newest first.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let now = session.now();
    let records = session.ledger().latest_deployments(&service.name, options.limit).await?;
    let wanted = |summary: &Summary| {
        options.outcome.is_none() || options.outcome == summary.outcome.map(|outcome| outcome.to_string())
    };
    let deployments: Vec<Summary> =
        records.iter().map(|record| Summary::of(record, now)).filter(wanted).collect();
    let history = History { service: service.name.clone(), deployments };
    session.screen.answer(&history, || rows(&session.screen, &history));
    Ok(Exit::Good)
}

fn rows(screen: &Screen, history: &History) -> String {
    if history.deployments.is_empty() {
        return format!("No such deployment of {} is on record.", history.service);
    }
    let row = |one: &Summary| {
        vec![
            words::moment(one.began_at),
            screen.outcome(one.outcome),
            words::span(one.seconds),
            words::image(one.image.as_ref()),
            words::clip(one.reason.as_deref().unwrap_or(&one.cause)),
            screen.faint(&one.deployment),
        ]
    };
    let rows: Vec<Vec<String>> = history.deployments.iter().map(row).collect();
    words::table(screen, &["BEGAN (UTC)", "OUTCOME", "TOOK", "IMAGE", "WHY", "DEPLOYMENT"], &rows)
}
