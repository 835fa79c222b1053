//! `changeover logs`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::service;
use crate::session::Session;
use changeover_aws::logs;
use changeover_domain::name::DeploymentId;
use clap::Args;
use serde_json::Value;

/// The functions whose logs tell of a deployment.
const FUNCTIONS: [&str; 9] = [
    "plan",
    "register-revision",
    "update-service",
    "check-health",
    "gate",
    "swap",
    "drain",
    "rollback",
    "finish",
];

/// Of which deployment.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover logs main/web\n  changeover logs main/web 20261123T022727123Z-web-0f1a2b3c-7d865e959b24-12 -o json"
)]
pub struct Options {
    /// The service.
    service: String,
    /// The deployment's id; the newest if it is left out.
    deployment: Option<String>,
}

/// Prints what the functions logged of it, in the order of time.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let service = service::find(&session.aws, &options.service).await?;
    let ledger = session.ledger();
    let record =
        match &options.deployment {
            Some(text) => {
                let id = DeploymentId::from(text.as_str());
                match ledger.find_deployment(&service.name, &id).await? {
                    Some(record) => record,
                    None => return Err(super::show::no_such(&session, &service, &id).await?),
                }
            }
            None => ledger.latest_deployments(&service.name, 1).await?.pop().ok_or_else(|| {
                Failure::usage(format!("No deployment of {} is on record yet.", service.name))
            })?,
        };
    let mut lines: Vec<(i64, String, String)> = Vec::new();
    for function in FUNCTIONS {
        let group = format!("/changeover/{}/{function}", session.stack.name);
        let pattern = format!("{{ $.deployment = \"{}\" }}", record.id);
        let found = logs::matching(&session.aws, &group, &pattern, record.began_at).await?;
        lines.extend(found.into_iter().map(|(at, text)| (at, function.to_owned(), text)));
    }
    lines.sort();
    let documents: Vec<Value> = lines
        .iter()
        .map(|(_, function, text)| {
            serde_json::from_str(text)
                .unwrap_or_else(|_| serde_json::json!({ "service": function, "message": text }))
        })
        .collect();
    session.screen.answer(&documents, || {
        if documents.is_empty() {
            return format!("No log line of {} was found: they may have expired.", record.id);
        }
        documents.iter().map(in_words).collect::<Vec<_>>().join("\n")
    });
    Ok(Exit::Good)
}

fn in_words(line: &Value) -> String {
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    let detail =
        ["note", "reason", "detail", "error"].iter().map(|key| text(key)).find(|text| !text.is_empty());
    format!(
        "{}  {:<5} {:<17} {} {}",
        text("timestamp"),
        text("level"),
        text("service"),
        text("message"),
        detail.unwrap_or_default()
    )
    .trim_end()
    .to_owned()
}
