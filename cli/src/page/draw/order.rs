//! A question before an order is given.

use crate::orders::What;
use crate::page::watch::One;
use crate::words;
use maud::{Markup, html};

/// Asks once more.
pub fn ask(one: &One, what: &What) -> Markup {
    let service = &one.status.service;
    html! {
        h1 { (what.words()) "?" }
        @match &one.status.on_the_way {
            None => section.card {
                p { "No deployment of " (service) " is on the way any more." }
                p { a href={ "/service/" (service) } { "Back" } }
            },
            Some(summary) => section.card {
                p { (what.words()) ": " strong { (words::image(summary.image.as_ref())) } " on " strong { (service) } ". " (words::standing(summary)) "." }
                form method="post" action={ "/service/" (service) "/order/" (what.name()) } {
                    input type="hidden" name="deployment" value=(summary.deployment);
                    p {
                        label for="cause" { "Who asks and why, for the record" }
                        input #cause name="cause" maxlength="200" autocomplete="off";
                    }
                    p.buttons { button type="submit" { "Yes, " (what.words().to_lowercase()) } a.button href={ "/service/" (service) } { "No" } }
                }
            },
        }
    }
}
