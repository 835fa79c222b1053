//! The long tables: every failed request on record, and the chart's figures for those who cannot see it.

use super::column::{Column, seconds, versions};
use super::words::{clock, count, duration, latency};
use crate::report::fact::{FailedRequest, Scenario};
use maud::{Markup, html};

/// How many failed requests are shown at once; the others unfold.
const SHOWN: usize = 12;

/// The failed requests, if there are any.
pub fn failed_requests(scenario: &Scenario) -> Markup {
    let failed = &scenario.failed_requests;
    let (shown, folded) = failed.split_at(failed.len().min(SHOWN));
    html! {
        @if !failed.is_empty() {
            div.failed {
                h3 { "Failed requests" }
                (failed_table(shown))
                @if !folded.is_empty() {
                    details {
                        summary { (count(folded.len() as u64)) " more" }
                        (failed_table(folded))
                    }
                }
                @if scenario.failed_requests_beyond > 0 {
                    p.muted.small {
                        (count(scenario.failed_requests_beyond)) " more were counted, but not kept one by one."
                    }
                }
            }
        }
    }
}

fn failed_table(requests: &[FailedRequest]) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th.number scope="col" { "At" } th scope="col" { "Request" } th scope="col" { "Version" }
                        th.number scope="col" { "Status" } th scope="col" { "Why" } th.number scope="col" { "After" }
                        th scope="col" { "Connection" } th scope="col" { "Seen" }
                    }
                }
                tbody {
                    @for request in requests {
                        tr {
                            td.number { (clock(request.at_ms, true)) }
                            td { (request.kind) " " span.muted { "#" (request.id) } }
                            td { (request.version.as_deref().unwrap_or("–")) }
                            td.number { @if let Some(status) = request.status { (status) } @else { "–" } }
                            td { (request.why) }
                            td.number { (duration(request.took_ms)) }
                            td { (request.connection) }
                            td.seen { (request.detail) }
                        }
                    }
                }
            }
        }
    }
}

/// The chart as a table.
pub fn second_by_second(scenario: &Scenario) -> Markup {
    let versions = versions(scenario);
    let columns = seconds(&scenario.series, &versions);
    html! {
        @if !columns.is_empty() {
            details {
                summary { "The chart as a table" }
                div.scroll {
                    table {
                        thead {
                            tr {
                                th.number scope="col" { "At" }
                                @for version in &versions {
                                    th.number scope="col" { (version) " a second" } th.number scope="col" { "failed" }
                                    th.number scope="col" { "p99" }
                                }
                            }
                        }
                        tbody { @for column in &columns { (row(column)) } }
                    }
                }
            }
        }
    }
}

fn row(column: &Column) -> Markup {
    html! {
        tr {
            th.number scope="row" { (clock(column.from_ms, false)) }
            @for rate in &column.by_version {
                td.number { (format!("{:.0}", rate.ok)) }
                td.number.bad[rate.failed > 0.0] { (format!("{:.0}", rate.failed)) }
                td.number { (latency(rate.p99_ms)) }
            }
        }
    }
}
