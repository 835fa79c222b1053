//! AWS's own managed policies, as far as templates here name them.

use serde_json::{Value, json};

/// The document of a managed policy; none if the rehearsal does not know it.
pub(super) fn document(arn: &str) -> Option<Value> {
    let actions = match arn {
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole" => {
            json!(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])
        }
        "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess" => json!([
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ]),
        _ => return None,
    };
    Some(json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
    }))
}
