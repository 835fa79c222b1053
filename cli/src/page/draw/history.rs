//! A service's deployments, and what they come to.

use super::parts::rows;
use crate::page::numbers::Numbers;
use crate::told::Summary;
use crate::words;
use changeover_domain::Timestamp;
use changeover_domain::name::ServiceName;
use changeover_domain::record::{Deployment, Outcome};
use maud::{Markup, html};

/// Every outcome, as it is filtered by.
const OUTCOMES: [Outcome; 5] =
    [Outcome::Succeeded, Outcome::RolledBack, Outcome::Refused, Outcome::Superseded, Outcome::NeedsHuman];

/// Those that ended so, or all.
pub fn history(
    service: &ServiceName,
    deployments: &[Deployment],
    numbers: &Numbers,
    outcome: Option<&str>,
    now: Timestamp,
) -> Markup {
    let wanted = |one: &&Deployment| {
        outcome.is_none_or(|outcome| one.outcome.is_some_and(|is| is.to_string() == outcome))
    };
    let summaries: Vec<Summary> =
        deployments.iter().filter(wanted).map(|one| Summary::of(one, now)).collect();
    html! {
        p { a href={ "/service/" (service) } { (service) } }
        h1 { "History of " (service) }
        (figures(numbers))
        form.filter method="get" {
            label for="outcome" { "Outcome" }
            select #outcome name="outcome" {
                option value="" { "all" }
                @for one in OUTCOMES {
                    option value=(one) selected[outcome == Some(one.to_string().as_str())] { (one) }
                }
            }
            button type="submit" { "Show" }
        }
        @if summaries.is_empty() { p { "None." } } @else { (rows(&summaries, now)) }
    }
}

/// The numbers, in words.
fn figures(numbers: &Numbers) -> Markup {
    let span = |seconds: Option<u64>| seconds.map_or("-".to_owned(), words::span);
    html! {
        section.card {
            dl.figures {
                div { dt { "deployments that changed something" } dd { (numbers.ended) } }
                div { dt { "in a day" } dd { @match numbers.a_day { Some(number) => (format!("{number:.1}")), None => "-" } } }
                div { dt { "taken back" } dd { @match numbers.taken_back { Some(share) => (format!("{:.0} %", share * 100.0)), None => "-" } } }
                div { dt { "until all traffic is new (median)" } dd { (span(numbers.until_traffic)) } }
                div { dt { "until safe again, going back (median)" } dd { (span(numbers.until_safe)) } }
            }
        }
    }
}
