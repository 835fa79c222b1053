//! A scenario's section of the page.

use super::badge;
use super::band::bands;
use super::chart::{chart, version_colour};
use super::column::versions;
use super::words::{clock, count, latency, percent};
use super::{receipt, tables};
use crate::report::fact::{Scenario, VersionRequests};
use crate::report::invariant;
use maud::{Markup, html};
use rehearsal_traffic::NO_VERSION;

/// The section.
pub fn section(scenario: &Scenario) -> Markup {
    html! {
        section.scenario id=(scenario.name) aria-label=(scenario.name) {
            div.heading { h2 { (scenario.name) } (badge(scenario.held)) }
            @if !scenario.about.is_empty() { p.muted { (scenario.about) } }
            p.verdict { (scenario.verdict) }
            @if !scenario.broken.is_empty() {
                div.broken role="alert" {
                    h3 { "What did not hold" }
                    ul { @for broken in &scenario.broken { li { (broken) } } }
                }
            }
            @if !scenario.advice.is_empty() {
                div.advice {
                    h3 { "What AWS would punish" }
                    ul { @for advice in &scenario.advice { li { (advice) } } }
                }
            }
            (facts(scenario))
            @if !scenario.readiness.is_empty() {
                details.readiness {
                    summary { "What the plan found about going back" }
                    ul { @for found in &scenario.readiness { li { (found) } } }
                }
            }
            figure { (legend(scenario)) div.scroll { (chart(scenario)) } }
            (tables::failed_requests(scenario))
            div.columns {
                (by_version(scenario))
                (invariants(scenario))
            }
            @if let Some(receipt) = &scenario.receipt { (receipt::receipt(receipt)) }
            (timeline(scenario))
            (tables::second_by_second(scenario))
        }
    }
}

fn facts(scenario: &Scenario) -> Markup {
    let requests = &scenario.requests;
    html! {
        dl.facts {
            div { dt { "Expected" } dd { (scenario.expected) } }
            div { dt { "Outcome" } dd { (scenario.outcome) } }
            div { dt { "Requests" } dd { (count(requests.total)) } }
            div { dt { "Failed" } dd.bad[requests.failed > 0] { (count(requests.failed)) } }
            @if requests.retried > 0 { div { dt { "Sent again" } dd { (count(requests.retried)) } } }
            @if requests.unsent > 0 { div { dt { "Not sent" } dd.bad { (count(requests.unsent)) } } }
            @if requests.rate > 0.0 { div { dt { "Rate" } dd { (format!("{:.0}/s", requests.rate)) } } }
            div { dt { "Seed" } dd { (scenario.seed) } }
        }
    }
}

/// Which colour is what.
fn legend(scenario: &Scenario) -> Markup {
    let versions = versions(scenario);
    let mut phases: Vec<&str> = Vec::new();
    for band in bands(&scenario.timeline, 0) {
        if !phases.contains(&band.phase.name()) {
            phases.push(band.phase.name());
        }
    }
    html! {
        figcaption.legend {
            @for (place, version) in versions.iter().enumerate().filter(|(_, name)| **name != NO_VERSION) {
                span { i class={ "swatch " (version_colour(&versions, place)) } {} (version) }
            }
            span { i.swatch.failure {} "failed" }
            span.phases { @for phase in phases { span { i class={ "swatch " (phase) } {} (phase) } } }
        }
    }
}

fn by_version(scenario: &Scenario) -> Markup {
    let total = scenario.requests.total;
    html! {
        div {
            h3 { "Requests by version" }
            div.scroll {
                table {
                    thead {
                        tr {
                            th scope="col" { "Version" } th.number scope="col" { "OK" }
                            th.number scope="col" { "Failed" } th.number scope="col" { "Share" }
                            th.number scope="col" { "p50" } th.number scope="col" { "p99" }
                        }
                    }
                    tbody {
                        @for (name, version) in &scenario.requests.by_version {
                            (version_row(name, version, total))
                        }
                    }
                }
            }
            p.muted.small {
                "Latencies are those of quick requests, from the moment each was scheduled, so that a stall counts for "
                "everyone it kept waiting."
                @if scenario.requests.retried > 0 {
                    " " (count(scenario.requests.retried)) " requests met a kept-alive connection that the server had "
                    "just closed, and were sent again over a fresh one, as browsers do."
                }
            }
        }
    }
}

fn version_row(name: &str, version: &VersionRequests, total: u64) -> Markup {
    html! {
        tr {
            th scope="row" { @if name == NO_VERSION { "no answer of any" } @else { (name) } }
            td.number { (count(version.ok)) }
            td.number.bad[version.failed > 0] { (count(version.failed)) }
            td.number { (percent(version.ok + version.failed, total)) }
            td.number { (latency(version.p50_ms)) }
            td.number { (latency(version.p99_ms)) }
        }
    }
}

fn invariants(scenario: &Scenario) -> Markup {
    html! {
        div {
            h3 { "Invariants" }
            ol.invariants {
                @for (number, held) in &scenario.invariants {
                    li class=(if *held { "held" } else { "broken" }) {
                        span.mark { (if *held { "✓" } else { "✗" }) }
                        span.which { (number) }
                        span { (invariant::words(*number)) @if !held { " " strong { "Did not hold." } } }
                    }
                }
            }
            @let unwatched: Vec<String> = invariant::INVARIANTS.iter()
                .filter(|(number, _)| !scenario.invariants.contains_key(number))
                .map(|(number, _)| number.to_string()).collect();
            @if !unwatched.is_empty() {
                p.muted.small { "Not watched in this scenario: " (unwatched.join(", ")) "." }
            }
        }
    }
}

fn timeline(scenario: &Scenario) -> Markup {
    html! {
        @if !scenario.timeline.is_empty() {
            details {
                summary { "Timeline, " (count(scenario.timeline.len() as u64)) " entries" }
                div.scroll {
                    table {
                        thead {
                            tr {
                                th.number scope="col" { "At" } th scope="col" { "State" } th scope="col" { "Note" }
                            }
                        }
                        tbody {
                            @for moment in &scenario.timeline {
                                tr {
                                    td.number { (clock(moment.at_ms, true)) }
                                    th scope="row" { (moment.state) }
                                    td { (moment.note) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
