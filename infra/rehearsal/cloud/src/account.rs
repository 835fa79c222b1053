//! The account and region everything lives in, and what is written with them: ARNs and event envelopes.

use serde_json::{Value, json};

/// An AWS account in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// Such as `us-east-1`.
    pub region: String,
}

impl Default for Account {
    fn default() -> Self {
        Self { id: "123456789012".to_owned(), region: "us-east-1".to_owned() }
    }
}

impl Account {
    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.id)
    }

    /// The same for services without regions, such as IAM.
    #[must_use]
    pub fn global_arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}::{}:{resource}", self.id)
    }

    /// An EventBridge event of this account, as it happens now.
    #[must_use]
    pub fn event(&self, source: &str, detail_type: &str, resources: &[String], detail: &Value) -> Value {
        json!({
            "version": "0",
            "id": rehearsal_world::uuid().to_string(),
            "detail-type": detail_type,
            "source": source,
            "account": self.id,
            "time": seconds(rehearsal_world::now()),
            "region": self.region,
            "resources": resources,
            "detail": detail,
        })
    }
}

/// A time as AWS writes it in events: whole seconds, UTC.
pub(crate) fn seconds(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time as AWS writes it in answers: seconds since 1970 with a fraction.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits for ages to come")]
pub(crate) fn epoch(time: jiff::Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_arns_are_written_as_aws_does() {
        let time = jiff::Timestamp::from_millisecond(1_790_000_000_250).unwrap();
        assert_eq!(seconds(time), "2026-09-21T14:13:20Z");
        assert!((epoch(time) - 1_790_000_000.25).abs() < f64::EPSILON);
        let account = Account::default();
        assert_eq!(account.arn("sns", "outcomes"), "arn:aws:sns:us-east-1:123456789012:outcomes");
        assert_eq!(account.global_arn("iam", "role/x"), "arn:aws:iam::123456789012:role/x");
    }
}
