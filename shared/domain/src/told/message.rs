//! Messages for people: by e-mail as they are read, and in chat by the custom notifications of Amazon Q Developer.

use super::event::{Detail, why_back};
use super::{Happening, event, link_to_execution};
use crate::gate::Then;
use crate::image::short;
use crate::record::{Deployment, Outcome};
use crate::settings::Strategy;
use crate::state::Request;
use serde_json::{Value, json};

/// Longest subject that SNS takes.
pub const MAX_SUBJECT: usize = 100;
/// The shape of Amazon Q Developer's custom notifications.
const CHAT_VERSION: &str = "1.0";

/// A message of the topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// As it is read in a mail.
    pub words: String,
    /// For chats, and for whatever else reads: a custom notification of Amazon Q Developer.
    pub chat: Value,
    /// What subscriptions can be filtered by.
    pub attributes: Vec<(&'static str, String)>,
}

/// What a message says, before it is put into a shape.
struct Said {
    /// In a line, without the service.
    title: String,
    /// Sentences.
    text: Vec<String>,
    /// What one can do, each with a command.
    next: Vec<String>,
}

/// What people are told of something that happened to a deployment. Pure.
pub fn message(record: &Deployment, what: Happening) -> Message {
    let detail = event(record, what).detail;
    let Said { title, text, mut next } = said(record, &detail, what);
    let service = &record.service;
    next.push(format!("`changeover show {service} {}` tells its story.", record.id));
    let link = link_to_execution(&record.execution);
    next.extend(link.iter().map(|link| format!("The execution in the console: {link}")));
    let title = format!("{service}: {title}");
    let words =
        [vec![title.clone(), String::new()], text.clone(), vec![String::new()], next.clone()].concat();
    let kind = kind(what);
    let place = detail.pause.as_ref().map(|pause| format!("/{}", pause.place)).unwrap_or_default();
    let mut context = json!({ "deployment": record.id, "cause": record.cause });
    if what == Happening::Paused {
        // What an execution is started with where there is no command line.
        let input = |request: Request| serde_json::to_string(&request).unwrap_or_default();
        let of = || Request::of(service.clone());
        context["to_go_on"] = input(Request { promote: Some(crate::gate::Promote::This), ..of() }).into();
        context["to_go_back"] = input(Request { rollback: true, ..of() }).into();
    }
    let chat = json!({
        "version": CHAT_VERSION,
        "source": "custom",
        "id": format!("{}/{kind}{place}", record.id),
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": text.join("\n"),
            "nextSteps": next,
            "keywords": [service.to_string(), kind],
        },
        "metadata": {
            "threadId": record.id,
            "summary": title,
            "eventType": kind,
            "relatedResources": [record.execution],
            "additionalContext": context,
        },
    });
    Message { subject: title, words: words.join("\n"), chat, attributes: attributes(&detail, kind) }
}

/// What kind of message it is, as an attribute says it.
fn kind(what: Happening) -> &'static str {
    match what {
        Happening::Begun => "begun",
        Happening::Step(_) => "step",
        Happening::Paused => "paused",
        Happening::WentBack => "went-back",
        Happening::Ended => "ended",
    }
}

fn attributes(detail: &Detail, kind: &'static str) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("service", detail.service.to_string()),
        ("cluster", detail.cluster.clone()),
        ("kind", kind.to_owned()),
    ];
    let strategy = detail.strategy.map(|strategy| match strategy {
        Strategy::Rolling => "rolling",
        Strategy::BlueGreen => "blue-green",
    });
    all.extend(strategy.map(|strategy| ("strategy", strategy.to_owned())));
    all.extend(detail.outcome.map(|outcome| ("outcome", outcome.to_string())));
    all
}

fn said(record: &Deployment, detail: &Detail, what: Happening) -> Said {
    let service = &record.service;
    let image = detail.image.as_ref().map_or_else(
        || "an image".to_owned(),
        |image| match &image.tag {
            Some(tag) => format!("{}:{tag} ({})", image.repository, short(&image.digest)),
            None => format!("{}@{}", image.repository, short(&image.digest)),
        },
    );
    let watch = format!("`changeover status {service} -w` shows it.");
    match what {
        Happening::Begun | Happening::Step(_) => {
            let steps: Vec<String> = detail.steps.iter().flatten().map(ToString::to_string).collect();
            let how = match steps.as_slice() {
                [] => "ECS replaces the tasks one after the other.".to_owned(),
                steps => format!("The new tasks get {} of 100 requests.", steps.join(", then ")),
            };
            Said {
                title: format!("{image} is on its way"),
                text: vec![format!("Asked for by: {}.", record.cause), how],
                next: vec![watch, format!("`changeover abort {service}` takes it back.")],
            }
        }
        Happening::Paused => paused(record, detail, &image),
        Happening::WentBack => Said {
            title: format!("{image} is taken back"),
            text: vec![format!("Why: {}", why_back(record))],
            next: vec![watch],
        },
        Happening::Ended => ended(record, &image),
    }
}

fn paused(record: &Deployment, detail: &Detail, image: &str) -> Said {
    let service = &record.service;
    let (title, text) = match &detail.pause {
        Some(pause) => {
            let then = match pause.then {
                Then::Promote => "it goes on",
                Then::RollBack => "it is taken back",
            };
            (
                format!("{image} is held at {}", pause.place),
                vec![
                    format!("Held by: {}.", pause.by),
                    format!("If nobody decides until {}, {then}.", pause.until),
                ],
            )
        }
        None => (format!("{image} is held"), Vec::new()),
    };
    Said {
        title,
        text,
        next: vec![
            format!("`changeover promote {service}` lets it go on."),
            format!("`changeover abort {service}` takes it back."),
        ],
    }
}

fn ended(record: &Deployment, image: &str) -> Said {
    let service = &record.service;
    let outcome = record.outcome.unwrap_or(Outcome::NeedsHuman);
    let (title, sentence) = match outcome {
        Outcome::Succeeded if record.nothing_to_do => {
            ("there was nothing to do".to_owned(), "Nothing was changed.")
        }
        Outcome::Succeeded => (format!("{image} runs"), "It serves every request."),
        Outcome::RolledBack => {
            (format!("{image} was taken back"), "The image before it serves every request.")
        }
        Outcome::Superseded => {
            (format!("{image} gave way to a newer image"), "The image before it serves until that has come.")
        }
        Outcome::Refused => ("a deployment was refused".to_owned(), "Nothing was changed."),
        Outcome::NeedsHuman => (
            "a person has to look".to_owned(),
            "Traffic is where it is served best, and nothing is changed any more.",
        ),
    };
    let mut text = vec![format!("{outcome}. {sentence}")];
    text.extend(record.reason.iter().map(|reason| format!("Why: {reason}")));
    let mut next = Vec::new();
    match outcome {
        Outcome::NeedsHuman => next.push(format!("`changeover doctor {service}` says what is broken.")),
        Outcome::Refused => next.push(format!("`changeover plan {service}` says what is in the way now.")),
        Outcome::Succeeded if !record.nothing_to_do => {
            next.push(format!("`changeover rollback {service}` brings the image before."));
        }
        _ => next.push(format!("`changeover why {service}` says what follows.")),
    }
    Said { title: format!("{outcome}: {title}"), text, next }
}
