//! Every service at one glance.

use super::parts::{badge, when};
use crate::page::watch::{One, Picture};
use crate::told::Side;
use crate::words;
use maud::{Markup, html};

/// The side that has the most of the requests.
pub fn live(one: &One) -> Option<&Side> {
    let share = |side: &Side| side.weight.unwrap_or_else(|| f64::from(side.running));
    one.status.sides.iter().max_by(|a, b| share(a).total_cmp(&share(b)))
}

/// That AWS does not answer, if it does not.
pub fn trouble(picture: &Picture) -> Markup {
    html! {
        @if let Some(trouble) = &picture.trouble {
            p.trouble role="alert" {
                "AWS gives no answer; what is shown is of " (when(picture.at, picture.at)) " UTC. It is asked again by itself. "
                (trouble)
            }
        }
    }
}

/// That nothing begins by itself, while it is so.
pub fn frozen(picture: &Picture) -> Markup {
    html! {
        @if let Some(freeze) = &picture.frozen {
            p.frozen role="status" {
                "Pushes and schedules begin nothing: " (picture.stack) " is " (freeze) " "
                code { "changeover unfreeze" } " ends it."
            }
        }
    }
}

/// All services.
pub fn list(picture: &Picture) -> Markup {
    html! {
        h1 { "Services of " (picture.stack) }
        (trouble(picture))
        (frozen(picture))
        @if picture.services.is_empty() && picture.trouble.is_none() {
            p { "No service has the tag " code { "changeover:repository" } " yet: " code { "changeover init CLUSTER/NAME" } " proposes the tags." }
        }
        @if !picture.services.is_empty() {
            div.wide { table {
                thead { tr { th { "service" } th { "runs" } th { "since (UTC)" } th { "on the way" } th { "last ones, newest first" } } }
                tbody { @for one in &picture.services { (row(picture, one)) } }
            } }
        }
        @if picture.left_out > 0 { p { "and " (picture.left_out) " more that are not shown." } }
    }
}

fn row(picture: &Picture, one: &One) -> Markup {
    let status = &one.status;
    let image = live(one).and_then(|side| side.image.as_deref()).map_or("-".to_owned(), words::reference);
    let since = one
        .recent
        .iter()
        .find(|record| record.outcome == Some(changeover_domain::record::Outcome::Succeeded))
        .and_then(|record| record.ended_at);
    html! {
        tr {
            td { a.name href={ "/service/" (status.service) } { (status.service) } }
            td { code { (image) } }
            td { @if let Some(since) = since { (when(since, picture.at)) } @else { "-" } }
            td {
                @match &status.on_the_way {
                    Some(summary) => { (badge(None)) " " (words::image(summary.image.as_ref())) div.muted { (words::standing(summary)) } },
                    None => { "nothing" },
                }
            }
            td.outcomes { @for record in one.recent.iter().filter(|record| record.outcome.is_some()) { (badge(record.outcome)) " " } }
        }
    }
}
