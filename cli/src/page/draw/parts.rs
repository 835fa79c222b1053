//! Pieces that several drawings have.

use crate::page::path::clock;
use crate::told::Summary;
use crate::words;
use changeover_domain::Timestamp;
use changeover_domain::record::{Entry, Outcome};
use maud::{Markup, html};

/// An outcome, in its colour and in a word.
pub fn badge(outcome: Option<Outcome>) -> Markup {
    let class = match outcome {
        None => "now",
        Some(Outcome::Succeeded) => "good",
        Some(Outcome::Refused | Outcome::Superseded) => "even",
        Some(Outcome::RolledBack | Outcome::NeedsHuman) => "bad",
    };
    html! { span class={ "badge " (class) } { @match outcome { Some(outcome) => (outcome), None => "on the way" } } }
}

/// A moment, with its whole date to hover and to read aloud.
pub fn when(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(at) { (clock(at, now)) } }
}

/// A bar of a share between 0 and 1, with its number.
pub fn bar(share: f64, class: &str, words: &str) -> Markup {
    let percent = (share.clamp(0.0, 1.0) * 100.0).round();
    html! {
        span.bar role="img" aria-label=(words) {
            svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" {
                rect.ground width="100" height="8" rx="2" {}
                rect class=(class) width=(percent) height="8" rx="2" {}
            }
        }
        " " (words)
    }
}

/// Lines of a story.
pub fn lines(began: Timestamp, entries: &[Entry], newest_first: bool) -> Markup {
    let line = |entry: &Entry| {
        let after = u64::try_from(entry.at.duration_since(began).as_secs()).unwrap_or(0);
        html! {
            tr { td.number title=(entry.at) { (words::span(after)) } td { (entry.state) } td { (entry.note) } }
        }
    };
    html! {
        div.wide { table.story {
            thead { tr { th.number { "after" } th { "state" } th { "what happened" } } }
            tbody {
                @if newest_first { @for entry in entries.iter().rev() { (line(entry)) } }
                @else { @for entry in entries { (line(entry)) } }
            }
        } }
    }
}

/// Rows of deployments, each with the way to its story.
pub fn rows(summaries: &[Summary], now: Timestamp) -> Markup {
    html! {
        div.wide { table {
            thead { tr { th { "outcome" } th { "image" } th { "began (UTC)" } th.number { "took" } th { "asked by" } th { "why it ended so" } } }
            tbody {
                @for one in summaries {
                    tr {
                        td { (badge(one.outcome)) }
                        td { a href={ "/service/" (one.service) "/deployment/" (one.deployment) } { (words::image(one.image.as_ref())) } }
                        td { (when(one.began_at, now)) }
                        td.number { (words::span(one.seconds)) }
                        td { (one.cause) }
                        td { (one.reason.as_deref().or(one.taken_back.as_deref()).unwrap_or_default()) }
                    }
                }
            }
        } }
    }
}
