//! AWS's published prices in us-east-1, and what a deployment costs by them. Free tiers are not counted.
//!
//! They are kept here and nowhere else. Before quoting a cost, compare them with the pages in [`SOURCES`].

use super::receipt::{Cost, LambdaUse, LineItem, Usage};

/// The pages on which AWS publishes these prices.
pub const SOURCES: [&str; 4] = [
    "AWS Step Functions Pricing (Standard Workflows)",
    "AWS Lambda Pricing (Arm, first tier)",
    "Amazon DynamoDB Pricing for On-Demand Capacity (Standard table class)",
    "Amazon CloudWatch Pricing (APIs)",
];
/// The last change that these figures know of: Lambda charging for init. DynamoDB's are those since November 2024.
pub const AS_OF: &str = "August 2025";
/// Where.
pub const REGION: &str = "us-east-1";

/// Step Functions, standard workflows: one state transition ($0.025 per 1,000).
pub const STATE_TRANSITION_USD: f64 = 0.025 / 1_000.0;
/// Lambda on arm64: a gigabyte of memory for a second.
pub const LAMBDA_GB_SECOND_USD: f64 = 0.000_013_333_4;
/// Lambda: one request ($0.20 per million).
pub const LAMBDA_REQUEST_USD: f64 = 0.20 / 1_000_000.0;
/// DynamoDB on demand: one write request unit ($0.625 per million).
pub const DYNAMODB_WRITE_USD: f64 = 0.625 / 1_000_000.0;
/// DynamoDB on demand: one read request unit ($0.125 per million).
pub const DYNAMODB_READ_USD: f64 = 0.125 / 1_000_000.0;
/// CloudWatch GetMetricData: one metric asked for ($0.01 per 1,000).
pub const METRIC_USD: f64 = 0.01 / 1_000.0;

/// What this usage costs.
pub fn cost(usage: &Usage) -> Cost {
    let items = vec![
        item("Step Functions", usage.transitions as f64, "state transitions", STATE_TRANSITION_USD),
        item(
            "Lambda, duration",
            gigabyte_seconds(&usage.lambda),
            "GB-seconds, init included",
            LAMBDA_GB_SECOND_USD,
        ),
        item("Lambda, requests", usage.lambda.invocations as f64, "requests", LAMBDA_REQUEST_USD),
        item("DynamoDB, writes", usage.dynamodb_writes as f64, "write request units", DYNAMODB_WRITE_USD),
        item("DynamoDB, reads", usage.dynamodb_reads as f64, "read request units", DYNAMODB_READ_USD),
        item("CloudWatch", usage.metrics as f64, "metrics asked for", METRIC_USD),
    ];
    Cost { total_usd: rounded(items.iter().map(|item| item.usd).sum()), items }
}

fn item(what: &str, quantity: f64, unit: &str, unit_usd: f64) -> LineItem {
    LineItem {
        what: what.to_owned(),
        quantity,
        unit: unit.to_owned(),
        unit_usd,
        usd: rounded(quantity * unit_usd),
    }
}

/// To a millionth of a millionth of a dollar: what is beyond is noise of the arithmetic.
fn rounded(usd: f64) -> f64 {
    (usd * 1e12).round() / 1e12
}

/// Since August 2025 Lambda charges for the init of a function as for any other millisecond, so it is in what is
/// billed.
fn gigabyte_seconds(lambda: &LambdaUse) -> f64 {
    const MS_PER_S: f64 = 1_000.0;
    const MB_PER_GB: f64 = 1_024.0;
    let of = lambda.by_function.values();
    of.map(|function| function.billed_ms as f64 / MS_PER_S * function.memory_mb as f64 / MB_PER_GB).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::FunctionUse;

    #[test]
    fn a_deployment_costs_what_its_parts_cost() {
        let swap =
            FunctionUse { invocations: 10, billed_ms: 1_000, memory_mb: 512, ..FunctionUse::default() };
        let usage = Usage {
            transitions: 40,
            lambda: LambdaUse::of([("swap".to_owned(), swap)].into()),
            dynamodb_writes: 1_000,
            dynamodb_reads: 8,
            metrics: 100,
        };
        let cost = cost(&usage);
        let usd: Vec<f64> = cost.items.iter().map(|item| item.usd).collect();
        let expected = [0.001, 0.5 * 0.000_013_333_4, 0.000_002, 0.000_625, 0.000_001, 0.001];
        for (found, expected) in usd.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{usd:?}");
        }
        assert!((cost.total_usd - expected.iter().sum::<f64>()).abs() < 1e-12);
    }
}
