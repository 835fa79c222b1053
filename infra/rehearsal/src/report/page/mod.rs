//! `report.html`: one page that needs nothing else, neither network nor scripts, and reads well in light and dark.

mod axis;
mod band;
mod chart;
mod column;
mod receipt;
mod scenario;
mod strip;
mod tables;
pub mod words;

use super::fact::{Report, Scenario};
use super::price;
use super::verdict::headline;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use words::{count, moment, usd};

const STYLE: &str = include_str!("style.css");
const HOVER: &str = include_str!("hover.js");
/// Allows what is in the page, and nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The page.
pub fn render(report: &Report) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (headline(report)) " · Changeover rehearsal" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top {
                    (logo())
                    div { p.brand { "Changeover" } p.muted { "Rehearsal of " time datetime=(report.written_at) { (moment(&report.written_at)) } } }
                }
                main {
                    (summary(report))
                    @for scenario in &report.scenarios { (scenario::section(scenario)) }
                }
                footer.muted {
                    "Prices are AWS's published ones for " (price::REGION) " as of " (price::AS_OF)
                    ", without free tiers, from: " (price::SOURCES.join("; ")) ". "
                    "The same facts are in report.json beside this page."
                }
                div #tip role="status" aria-hidden="true" hidden {}
                script { (PreEscaped(HOVER)) }
            }
        }
    }
}

/// The two cue dots that tell a projectionist to change over.
fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 44 28" aria-hidden="true" {
            circle.c1 cx="14" cy="14" r="11" {}
            circle.c2 cx="30" cy="14" r="11" {}
        }
    }
}

fn summary(report: &Report) -> Markup {
    let sum = |part: fn(&Scenario) -> u64| report.scenarios.iter().map(part).sum::<u64>();
    let total = sum(|scenario| scenario.requests.total);
    let failed = sum(|scenario| scenario.requests.failed);
    html! {
        section.summary {
            h1 { (headline(report)) "." }
            p.lead {
                (count(total)) " requests were sent, " (count(failed)) " failed"
                @if failed > 0 && report.held { ", every one of them where failures were expected" }
                "."
            }
            @if !report.scenarios.is_empty() {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Scenario" } th scope="col" { "Outcome" }
                                th.number scope="col" { "Requests" } th.number scope="col" { "Failed" }
                                th.number scope="col" { "Cost" } th scope="col" { "Verdict" }
                            }
                        }
                        tbody { @for scenario in &report.scenarios { (overview(scenario)) } }
                    }
                }
            }
        }
    }
}

fn overview(scenario: &Scenario) -> Markup {
    let failed = scenario.requests.failed;
    html! {
        tr {
            th scope="row" { a href={ "#" (scenario.name) } { (scenario.name) } }
            td { (scenario.outcome) }
            td.number { (count(scenario.requests.total)) }
            td.number.bad[failed > 0] { (count(failed)) }
            td.number { @if let Some(receipt) = &scenario.receipt { (usd(receipt.cost.total_usd)) } @else { "–" } }
            td { (badge(scenario.held)) }
        }
    }
}

fn badge(held: bool) -> Markup {
    html! { @if held { span.badge.held { "✓ held" } } @else { span.badge.broken { "✗ broken" } } }
}
