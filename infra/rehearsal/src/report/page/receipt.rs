//! The receipt of a deployment: where the time went, what was called, what it cost.

use super::words::{count, duration, percent, usd};
use crate::report::receipt::{Cost, FunctionUse, LambdaUse, Receipt, Waiting};
use maud::{Markup, html};

/// The receipt.
pub fn receipt(receipt: &Receipt) -> Markup {
    html! {
        div.receipt {
            h3 { "Receipt" }
            p.muted {
                (duration(receipt.wall_ms)) " from start to end, " (count(receipt.transitions)) " state transitions, "
                (usd(receipt.cost.total_usd)) ". "
                (trouble(receipt))
            }
            (budget(receipt.wall_ms, &receipt.waiting))
            div.columns {
                (states(receipt))
                (cost(&receipt.cost))
                (lambda(&receipt.lambda))
                (calls(receipt))
            }
        }
    }
}

/// What had to be done again.
fn trouble(receipt: &Receipt) -> String {
    match (receipt.throttled, receipt.retries) {
        (0, 0) => "No call was throttled and no task had to be run again.".to_owned(),
        (throttled, retries) => {
            format!("Calls throttled: {}. Tasks run again: {}.", count(throttled), count(retries))
        }
    }
}

/// Where the time went, as a bar and in figures.
fn budget(wall_ms: u64, waiting: &Waiting) -> Markup {
    let parts = [
        ("start", "ECS", waiting.ecs_ms),
        ("verify", "health", waiting.health_ms),
        ("bake", "bake", waiting.bake_ms),
        ("drain", "drain", waiting.drain_ms),
        ("own", "our own", waiting.overhead_ms),
    ];
    let all: u64 = parts.iter().map(|(_, _, ms)| ms).sum();
    html! {
        div.budget aria-hidden="true" {
            @for (class, _, ms) in parts.iter().filter(|(_, _, ms)| *ms > 0) {
                div class={ "part " (class) } style={ "flex-grow:" (ms) } {}
            }
        }
        dl.facts.parts {
            @for (class, name, ms) in parts {
                div {
                    dt { i class={ "swatch " (class) } {} (name) }
                    dd { (duration(ms)) " " span.muted { (percent(ms, wall_ms.max(all))) } }
                }
            }
        }
    }
}

fn states(receipt: &Receipt) -> Markup {
    html! {
        div {
            h4 { "Time in each state" }
            table {
                thead {
                    tr {
                        th scope="col" { "State" } th.number scope="col" { "Entered" } th.number scope="col" { "Time" }
                    }
                }
                tbody {
                    @for state in &receipt.states {
                        tr {
                            th scope="row" { (state.state) }
                            td.number { (count(state.entered)) }
                            td.number { (duration(state.ms)) }
                        }
                    }
                }
            }
        }
    }
}

fn cost(cost: &Cost) -> Markup {
    html! {
        div {
            h4 { "Cost at AWS's prices" }
            table {
                thead {
                    tr {
                        th scope="col" { "What" } th.number scope="col" { "How much" } th.number scope="col" { "Cost" }
                    }
                }
                tbody {
                    @for item in &cost.items {
                        tr {
                            th scope="row" { (item.what) }
                            td.number { (quantity(item.quantity)) " " span.muted { (item.unit) } }
                            td.number { (usd(item.usd)) }
                        }
                    }
                }
                tfoot { tr { th scope="row" { "Together" } td {} td.number { (usd(cost.total_usd)) } } }
            }
        }
    }
}

fn quantity(quantity: f64) -> String {
    if quantity.fract() == 0.0 { format!("{quantity:.0}") } else { format!("{quantity:.3}") }
}

fn lambda(lambda: &LambdaUse) -> Markup {
    html! {
        div {
            h4 { "Functions" }
            table {
                thead {
                    tr {
                        th scope="col" { "Function" } th.number scope="col" { "Invoked" }
                        th.number scope="col" { "Time" } th.number scope="col" { "Init" }
                        th.number scope="col" { "Memory" }
                    }
                }
                tbody {
                    @for (name, function) in &lambda.by_function {
                        tr {
                            th scope="row" { (name) }
                            td.number { (count(function.invocations)) }
                            td.number { (duration(function.ms)) }
                            td.number { (duration(function.init_ms)) }
                            td.number { (memory(function)) }
                        }
                    }
                }
                tfoot {
                    tr {
                        th scope="row" { "Together" }
                        td.number { (count(lambda.invocations)) }
                        td.number { (duration(lambda.ms)) }
                        td.number { (duration(lambda.init_ms)) }
                        td {}
                    }
                }
            }
        }
    }
}

/// The most memory that was held, of what there is.
fn memory(function: &FunctionUse) -> String {
    let peak = function.peak_memory_mb.map(|peak| format!("{peak} of ")).unwrap_or_default();
    format!("{peak}{} MB", function.memory_mb)
}

fn calls(receipt: &Receipt) -> Markup {
    html! {
        div {
            h4 { "AWS calls" }
            table {
                thead { tr { th scope="col" { "Call" } th.number scope="col" { "Times" } } }
                tbody {
                    @for (name, times) in &receipt.aws_calls {
                        tr { th scope="row" { (name) } td.number { (count(*times)) } }
                    }
                }
                tfoot {
                    tr { th scope="row" { "Together" } td.number { (count(receipt.aws_calls.values().sum())) } }
                }
            }
        }
    }
}
