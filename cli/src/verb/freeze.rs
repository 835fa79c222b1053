//! `changeover freeze` and `changeover unfreeze`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::session::Session;
use crate::verb::cause;
use changeover_aws::invoke::{Invoked, invoke};
use changeover_domain::freeze::Freeze;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// How long the function may take: after a freeze it looks at every service.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover freeze --cause 'INC-1234: the database moves'\n  changeover freeze --cause 'year end' --yes -o json\n\nPushes and schedules begin nothing until `changeover unfreeze`; what is pushed meanwhile is brought then. What is on the way\ngoes on, and what somebody deploys by hand begins all the same."
)]
pub struct Options {
    /// Why, for everyone who wonders.
    #[arg(long, value_name = "TEXT")]
    cause: String,
}

/// Why it ends.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover unfreeze\n  changeover unfreeze --cause 'INC-1234 is over' --yes"
)]
pub struct End {
    /// Who ends it and why, for the record.
    #[arg(long, value_name = "TEXT")]
    cause: Option<String>,
}

/// How things are afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// The stack.
    pub stack: String,
    /// The freeze that lasts; null if there is none.
    pub frozen: Option<Freeze>,
    /// The executions that began with its end.
    pub started: Vec<String>,
    /// In words.
    pub said: String,
}

/// Lets nothing begin by itself.
pub async fn freeze(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let reason = options.cause.trim();
    if reason.is_empty() {
        return Err(Failure::usage("A freeze needs a reason: --cause TEXT."));
    }
    let name = &session.stack.name;
    if let Some(lasting) = session.freeze().await? {
        return Err(Failure::not(format!("{name} is {lasting}. `changeover unfreeze` ends that.")));
    }
    session.screen.confirm(&format!(
        "Freeze {name}? Pushes and schedules begin nothing until `changeover unfreeze`."
    ))?;
    let by = cause(None, "freeze");
    let came = ask(&session, &json!({ "freeze": { "reason": reason, "by": by } })).await?;
    let Some(lasting) = &came.frozen else {
        return Err(Failure::aws(format!("{name} is not frozen: {}", came.said)));
    };
    let said = format!(
        "{name} is {lasting}\nWhat is on the way goes on. What is pushed meanwhile begins with `changeover unfreeze`."
    );
    session.screen.answer(&Frozen { said: said.clone(), ..came }, || said);
    Ok(Exit::Good)
}

/// Lets pushes and schedules begin deployments again, and brings what came meanwhile.
pub async fn unfreeze(globals: &Globals, end: &End) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let name = &session.stack.name;
    let Some(lasting) = session.freeze().await? else {
        return Err(Failure::not(format!("{name} is not frozen.")));
    };
    session.screen.confirm(&format!("End the freeze of {name}? It is {lasting}"))?;
    let by = cause(end.cause.as_deref(), "unfreeze");
    let came = ask(&session, &json!({ "unfreeze": { "by": by } })).await?;
    if let Some(lasting) = &came.frozen {
        return Err(Failure::aws(format!("{name} is {lasting}, still.")));
    }
    let said = match came.started.len() {
        0 => format!("{name} is not frozen any more. Nothing was pushed meanwhile that has to be brought."),
        1 => format!("{name} is not frozen any more. A deployment has begun of what was pushed meanwhile."),
        many => format!(
            "{name} is not frozen any more. {many} deployments have begun of what was pushed meanwhile."
        ),
    };
    session.screen.answer(&Frozen { said: said.clone(), ..came }, || said);
    Ok(Exit::Good)
}

/// Has `dispatch` do it, which begins everything that begins by itself.
async fn ask(session: &Session, what: &Value) -> Result<Frozen, Failure> {
    let stack = session.stack.name.clone();
    let function = format!("{stack}-dispatch");
    let answer = match invoke(&session.aws, &function, what, PATIENCE).await? {
        Invoked::Answered(answer) => answer,
        Invoked::Failed(why) => return Err(Failure::aws(format!("{function}: {why}"))),
    };
    let texts = |key: &str| -> Vec<String> {
        let all = answer[key].as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let frozen = serde_json::from_value(answer["frozen"].clone()).unwrap_or_default();
    Ok(Frozen { stack, frozen, started: texts("started"), said: texts("passed_over").join("; ") })
}
