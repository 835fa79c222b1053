//! `changeover doctor`

use super::plan;
use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use crate::service::{self, Service};
use crate::session::Session;
use changeover_domain::calendar::Override;
use changeover_domain::state::Request;
use clap::Args;
use serde::{Deserialize, Serialize};

/// Most services that are planned for when none is named.
const MOST: usize = 25;

/// What to check.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover doctor                # the stack, and every service\n  changeover doctor main/web -o json\n\nIt ends with 0 if everything is well and with 1 if not, for CI. It starts a dry run for each service and changes nothing."
)]
pub struct Options {
    /// The service; all of them if it is left out.
    service: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// The stack.
    pub stack: String,
    /// Whether everything is well.
    pub well: bool,
    /// Each check.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What was looked at.
    pub of: String,
    /// Whether it is well.
    pub well: bool,
    /// What was found, one sentence each.
    pub found: Vec<String>,
    /// What to do; null if nothing.
    pub advice: Option<String>,
}

impl Check {
    fn new(of: impl Into<String>, well: bool, found: Vec<String>, advice: Option<&str>) -> Self {
        Self { of: of.into(), well, found, advice: advice.map(str::to_owned) }
    }
}

/// Checks.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let services = match &options.service {
        Some(text) => vec![service::find(&session.aws, text).await?],
        None => service::all(&session.aws).await?,
    };
    let mut checks = vec![Check::new(
        "stack",
        true,
        vec![format!(
            "{}: {}, table {}",
            session.stack.name, session.stack.state_machine, session.stack.table
        )],
        None,
    )];
    if let Some(freeze) = session.freeze().await? {
        // Like a closed calendar it is no illness: somebody means it.
        let found = vec![freeze.to_string(), "pushes and schedules begin nothing".to_owned()];
        checks.push(Check::new(
            "freeze",
            true,
            found,
            Some("`changeover unfreeze` ends it; what cannot wait: `changeover deploy SERVICE`"),
        ));
    }
    if services.is_empty() {
        checks.push(Check::new(
            "services",
            false,
            vec!["no service has the tag changeover:repository".to_owned()],
            Some("`changeover init CLUSTER/NAME` proposes the tags"),
        ));
    }
    for service in services.iter().take(MOST) {
        session.screen.draw(&format!("planning for {}", service.name));
        checks.push(of_service(&session, service).await?);
    }
    session.screen.wipe();
    if let Some(more) = services.len().checked_sub(MOST).filter(|more| *more > 0) {
        checks.push(Check::new(
            "services",
            true,
            vec![format!("{more} more were not looked at: name one")],
            None,
        ));
    }
    let findings =
        Findings { stack: session.stack.name.clone(), well: checks.iter().all(|check| check.well), checks };
    session.screen.answer(&findings, || in_words(&session.screen, &findings));
    Ok(if findings.well { Exit::Good } else { Exit::Not })
}

/// Whether a service could be deployed now, with the image that runs if there is no other.
async fn of_service(session: &Session, service: &Service) -> Result<Check, Failure> {
    let of = service.name.to_string();
    let ledger = session.ledger();
    if let Some(holder) = ledger.lease(&service.name).await?.holder {
        let record = ledger.find_deployment(&service.name, &holder).await?;
        let at = record.and_then(|record| {
            record.timeline.last().map(|last| format!(" ({}: {})", last.state, last.note))
        });
        let found = format!(
            "{holder} is on the way{}; it is planned for once that has ended",
            at.unwrap_or_default()
        );
        return Ok(Check::new(of, true, vec![found], None));
    }
    let request = Request { redeploy: true, ..Request::of(service.asked.clone()) };
    let would = match plan::ask(session, service, request).await {
        Ok(would) => would,
        Err(Failure { words, exit: Exit::Outcome(_) }) => {
            return Ok(Check::new(of, false, vec![words], Some("put that right; nothing was changed")));
        }
        Err(other) => return Err(other),
    };
    if !would.refused.is_empty() {
        // A closed calendar is no illness: whoever looks past it sees whether there is one.
        let past = Request {
            redeploy: true,
            calendar: Some(Override::Override),
            cause: Some("changeover doctor looks past a closed calendar".to_owned()),
            ..Request::of(service.asked.clone())
        };
        let waits_only = plan::ask(session, service, past).await.is_ok_and(|past| past.refused.is_empty());
        if waits_only {
            return Ok(Check::new(of, true, would.refused, None));
        }
        return Ok(Check::new(
            of,
            false,
            would.refused,
            Some("put that right; until then its deployments are refused"),
        ));
    }
    let mut found = vec![would.says];
    found.extend(would.plan.map(|plan| plan.notes).unwrap_or_default());
    Ok(Check::new(of, true, found, None))
}

fn in_words(screen: &Screen, findings: &Findings) -> String {
    let mut lines = Vec::new();
    for check in &findings.checks {
        lines.push(format!("{} {}", screen.mark(check.well), screen.bold(&check.of)));
        lines.extend(check.found.iter().map(|found| format!("       {found}")));
        lines.extend(check.advice.iter().map(|advice| screen.faint(format!("       -> {advice}"))));
    }
    lines.join("\n")
}
