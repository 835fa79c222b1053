//! `changeover status`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::follow::{How, Until, follow};
use crate::screen::Screen;
use crate::service::{self, Service};
use crate::session::Session;
use crate::told::{ServiceStatus, Side, Status};
use crate::{look, words};
use changeover_domain::name::DeploymentId;
use clap::Args;
use std::fmt::Write as _;
use std::time::Duration;

/// Most services that are looked at when none is named.
const MOST: usize = 100;
/// How often it is looked whether a deployment has begun.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Of what.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover status\n  changeover status main/web\n  changeover status main/web -w\n  changeover status -o json | jq '.services[] | {service, on_the_way}'"
)]
pub struct Options {
    /// The service; all of them if it is left out.
    service: Option<String>,
    /// Watch the deployment that is on the way, or wait for the next one and watch that.
    #[arg(long, short, requires = "service")]
    watch: bool,
}

/// Says how things are.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let services = match &options.service {
        Some(text) => vec![service::find(&session.aws, text).await?],
        None => service::all(&session.aws).await?,
    };
    if options.watch
        && let [service] = services.as_slice()
    {
        return watch(&session, service).await;
    }
    let (stack, frozen) = (session.stack.name.clone(), session.freeze().await?);
    let mut status = Status { stack, frozen, services: Vec::new() };
    for service in services.iter().take(MOST) {
        status.services.push(look::status(&session, service).await?);
    }
    let words = || {
        match status.services.as_slice() {
        [] => "No service has the tag changeover:repository yet: `changeover init CLUSTER/NAME` proposes the tags.".to_owned(),
        [one] if options.service.is_some() => of_one(&session.screen, one),
        all => of_all(&session.screen, all, services.len().saturating_sub(MOST)),
    }
    };
    session.screen.answer(&status, || match &status.frozen {
        Some(freeze) => format!("{} is {freeze}\n\n{}", status.stack, words()),
        None => words(),
    });
    Ok(Exit::Good)
}

async fn watch(session: &Session, service: &Service) -> Result<Exit, Failure> {
    let how = How { until: Until::Succeeded, timeout: None };
    let ledger = session.ledger();
    let newest = ledger.latest_deployments(&service.name, 1).await?.pop().map(|one| one.id);
    loop {
        if let Some(holder) = ledger.lease(&service.name).await?.holder {
            return follow(session, service, &holder, how).await;
        }
        // One that began and ended between two looks counts as well.
        let latest: Option<DeploymentId> =
            ledger.latest_deployments(&service.name, 1).await?.pop().map(|one| one.id);
        if let Some(latest) = latest.filter(|latest| newest.as_ref() != Some(latest)) {
            return follow(session, service, &latest, how).await;
        }
        session
            .screen
            .draw(&format!("nothing is on the way to {}; waiting for the next deployment", service.name));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn of_all(screen: &Screen, all: &[ServiceStatus], left_out: usize) -> String {
    let row = |one: &ServiceStatus| {
        let live = live(one).and_then(|side| side.image.as_deref()).map_or("-".to_owned(), words::reference);
        let now = match &one.on_the_way {
            Some(summary) => {
                words::clip(&format!("{} - {}", words::image(summary.image.as_ref()), summary.state))
            }
            None => "-".to_owned(),
        };
        let (last, when) = one.last.as_ref().map_or(("-".to_owned(), "-".to_owned()), |last| {
            (screen.outcome(last.outcome), last.ended_at.map_or("-".to_owned(), words::moment))
        });
        vec![screen.bold(&one.service), live, now, last, when]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let mut text = words::table(screen, &["SERVICE", "RUNS", "ON THE WAY", "LAST", "ENDED (UTC)"], &rows);
    if left_out > 0 {
        let _ = write!(text, "\nand {left_out} more: name one.");
    }
    text
}

/// The side that has the most of the requests.
fn live(one: &ServiceStatus) -> Option<&Side> {
    let share = |side: &Side| side.weight.unwrap_or_else(|| f64::from(side.running));
    one.sides.iter().max_by(|a, b| share(a).total_cmp(&share(b)))
}

fn of_one(screen: &Screen, one: &ServiceStatus) -> String {
    let mut text = format!("{}\n", screen.bold(&one.service));
    for side in &one.sides {
        let weight = side.weight.map_or(String::new(), |weight| format!(", {weight:.0} % of the requests"));
        let _ = writeln!(
            text,
            "  {:<20} {} of {} tasks{weight}, {} ({})",
            side.ecs_service,
            side.running,
            side.desired,
            side.image.as_deref().map_or("-".to_owned(), words::reference),
            side.task_definition
        );
    }
    let _ = writeln!(
        text,
        "  deployed by pushes of {} to {}",
        one.image_tag,
        one.repository.as_deref().unwrap_or("-")
    );
    if let Some(wanted) = &one.wanted {
        let came = wanted.tried.map_or("not tried yet".to_owned(), |outcome| format!("came to {outcome}"));
        let _ = writeln!(
            text,
            "  wanted       {} since {} UTC by {}, {came}",
            wanted.image,
            words::moment(wanted.since),
            wanted.cause
        );
    }
    match &one.on_the_way {
        Some(summary) => {
            let _ = writeln!(
                text,
                "  on the way   {}, for {}\n               {}",
                words::image(summary.image.as_ref()),
                words::span(summary.seconds),
                words::standing(summary)
            );
            if let Some(waits) = one.waits.as_ref().filter(|waits| **waits != summary.note) {
                let _ = writeln!(text, "               {waits}");
            }
            if let Some(reason) = summary.reason.as_ref().or(summary.taken_back.as_ref()) {
                let _ = writeln!(text, "               going back: {reason}");
            }
            let _ = writeln!(text, "               {}", screen.faint(&summary.deployment));
        }
        None => text.push_str("  on the way   nothing\n"),
    }
    if let Some(last) = &one.last {
        let ended = last.ended_at.map_or(String::new(), |at| format!(" at {} UTC", words::moment(at)));
        let _ = writeln!(
            text,
            "  last         {} of {}{ended}, after {}",
            screen.outcome(last.outcome),
            words::image(last.image.as_ref()),
            words::span(last.seconds)
        );
        if let Some(reason) = &last.reason {
            let _ = writeln!(text, "               {reason}");
        }
    }
    text.trim_end().to_owned()
}
