//! DescribeServiceRevisions.

use super::input::{missing, some_strings};
use crate::revision::Revision;
use crate::service::Service;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one DescribeServiceRevisions.
const DESCRIBED_AT_ONCE: usize = 20;

impl State {
    pub(super) fn describe_service_revisions(&self, input: &Value) -> Result<Value, ApiError> {
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in some_strings(input, "serviceRevisionArns", DESCRIBED_AT_ONCE)? {
            match self.known_revision(&arn) {
                Some((service, revision)) => {
                    let plans = self.definition(&revision.definition).map(|it| it.containers());
                    let plans = plans.unwrap_or_default();
                    found.push(revision.json(&service.arn, &service.cluster_arn, &plans));
                }
                None => failures.push(missing(&arn)),
            }
        }
        Ok(json!({ "serviceRevisions": found, "failures": failures }))
    }

    fn known_revision(&self, arn: &str) -> Option<(&Service, &Revision)> {
        self.services.values().find_map(|service| Some((service, service.revisions.get(arn)?)))
    }
}
