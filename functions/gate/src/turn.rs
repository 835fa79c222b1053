//! Hooks that do something, one after the other: a function is invoked until it says what came of it, a task runs once.

use crate::{Action, View};
use changeover_aws::invoke::Invoked;
use changeover_aws::once::{Now, Start};
use changeover_domain::gate::{Hook, MAX_DETAILS, Placed, Running};
use changeover_domain::plan::READ_PATIENCE;
use changeover_domain::span::Seconds;
use serde_json::Value;

/// After how long a function that goes on is asked again unless it says: as ECS does with its own lifecycle hooks.
pub const ASKED_AGAIN: Seconds = Seconds(30);
/// After how long a task that found no room is tried again.
const NO_ROOM: Seconds = Seconds(30);

/// The next hook of a point is begun, or the one under way is looked after. Pure.
pub fn take(view: &View, placed: &Placed) -> Action {
    let number = placed.number;
    let Some(running) = view.gate.runs(view.place, number) else {
        return Action::Begin { number, until: view.hook_timeout.after(view.now) };
    };
    match (&running.task, &placed.hook) {
        (Some(task), _) => watch(view, placed, (running, task)),
        _ if view.now >= running.until => late(view, placed, None),
        _ if running.again_at.is_some_and(|at| view.now < at) => Action::Wait { why: goes_on(view, placed) },
        (None, Hook::Lambda { name }) => Action::Invoke { number, name: name.clone() },
        (None, Hook::Task { command }) => Action::Run { number, command: command.clone() },
        (None, Hook::Pause { .. }) => Action::Pass,
    }
}

/// Looks after a task that was started.
fn watch(view: &View, placed: &Placed, (running, task): (&Running, &String)) -> Action {
    let number = placed.number;
    match view.task.as_ref().unwrap_or(&Now::Unknown) {
        Now::Ended { code: Some(0), .. } => {
            Action::Done { number, why: format!("{} ended with exit code 0", placed.hook), task: None }
        }
        Now::Ended { code, reason } => {
            let code = code
                .map_or_else(|| "without an exit code".to_owned(), |code| format!("with exit code {code}"));
            failed(view, placed, format!("ended {code} ({reason})"), None)
        }
        Now::Runs(_) if view.now >= running.until => late(view, placed, Some(task.clone())),
        Now::Runs(status) => Action::Wait { why: format!("{}: its task is {status}", goes_on(view, placed)) },
        // ECS promises no read after write.
        Now::Unknown if view.now < READ_PATIENCE.after(running.since) => {
            Action::Wait { why: format!("{}: its task is starting", goes_on(view, placed)) }
        }
        Now::Unknown => failed(view, placed, "has a task that ECS does not know any more".to_owned(), None),
    }
}

fn goes_on(view: &View, placed: &Placed) -> String {
    format!("{} at {} goes on", placed.hook, view.place)
}

fn late(view: &View, placed: &Placed, task: Option<String>) -> Action {
    failed(view, placed, format!("did not end within {}", view.hook_timeout), task)
}

/// A hook that failed takes the deployment back. After the outcome it is told of, and that is all.
pub(crate) fn failed(view: &View, placed: &Placed, how: String, task: Option<String>) -> Action {
    let why = format!("{} at {} {how}", placed.hook, view.place);
    if view.point.is_after() {
        return Action::Done { number: placed.number, why, task };
    }
    Action::GoBack { why, superseded: false }
}

/// What comes of what a function answered. Pure.
pub fn heard(view: &View, placed: &Placed, invoked: Invoked) -> Action {
    let said = match invoked {
        Invoked::Answered(said) => said,
        Invoked::Failed(how) => return failed(view, placed, format!("failed: {how}"), None),
    };
    match said.get("hookStatus").and_then(Value::as_str) {
        Some("SUCCEEDED") => {
            Action::Done { number: placed.number, why: format!("{} succeeded", placed.hook), task: None }
        }
        Some("FAILED") => failed(view, placed, "answered FAILED".to_owned(), None),
        Some("IN_PROGRESS") => {
            let delay = said.get("callBackDelay").and_then(Value::as_u64).map_or(ASKED_AGAIN, Seconds);
            let details = said.get("hookDetails").filter(|details| !details.is_null()).cloned();
            if details.as_ref().is_some_and(|details| details.to_string().len() > MAX_DETAILS) {
                let how = format!("answered hookDetails of more than {MAX_DETAILS} bytes");
                return failed(view, placed, how, None);
            }
            let at = Seconds(delay.0.max(1)).after(view.now);
            Action::Again { at, details, why: goes_on(view, placed) }
        }
        _ => {
            let how = "answered without a hookStatus of SUCCEEDED, FAILED or IN_PROGRESS".to_owned();
            failed(view, placed, how, None)
        }
    }
}

/// There is nothing to run a task of: it went back before a revision was registered. Pure.
pub fn without_revision(view: &View, placed: &Placed) -> Action {
    failed(view, placed, "was not run: no revision had been registered".to_owned(), None)
}

/// What comes of a task's start. Pure.
pub fn started(view: &View, placed: &Placed, start: Start) -> Action {
    match start {
        Start::Task(task) => Action::Started { why: format!("{} runs as {task}", placed.hook), task },
        Start::NoRoom(how) => Action::Again {
            at: NO_ROOM.after(view.now),
            details: None,
            why: format!("{} at {} finds no room: {how}", placed.hook, view.place),
        },
    }
}
