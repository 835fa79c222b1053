//! What is wrong with one service is that service's refusal, on record where its owner looks; the event has been handled.

use crate::Dispatched;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::{Deployment, Outcome};
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::Context;

/// What the record of such a refusal names as the state.
const STATE: &str = "Dispatch";
/// Calls that are about what a service's own tags name. A refusal of any other is the stack's own, and fails the event.
const OF_A_SERVICE: [&str; 3] = ["DescribeRepositories", "DescribeImages", "DescribeServices"];

/// Whether an error is about what a service's tags name: a repository that ECR refuses or that may not be looked at, a
/// tag that is none. Trying again leads to the same.
pub(crate) fn is_its_own(error: &StepError) -> bool {
    matches!(error, StepError::Aws { call, .. } if OF_A_SERVICE.contains(&call.as_str()))
}

/// Puts a refusal on record for a service, unless the latest that is on record says the same.
pub(crate) async fn refuse(
    context: &Context,
    service: &ServiceName,
    cause: &str,
    why: &str,
) -> Result<Dispatched, StepError> {
    let ledger = context.ledger();
    let recent = ledger.recent_deployments(service).await?;
    let mut record = refusal(service, cause, why, context.now());
    if !is_told(&recent, &record) {
        ledger.write_deployment(&mut record).await?;
        tracing::warn!(ecs_service = %service, deployment = %record.id, why, "refused");
    }
    Ok(Dispatched::passing_over(format!("{service}: refused: {why}")))
}

fn refusal(service: &ServiceName, cause: &str, why: &str, now: Timestamp) -> Deployment {
    let id = DeploymentId::new(now, &format!("refused-{}", service.name));
    let mut record = Deployment::new(service.clone(), id, "", cause, now);
    record.fail(why);
    record.note(now, STATE, why);
    record.end(Outcome::Refused, now);
    record
}

/// Whether the latest on record is this very refusal; those are newest first.
fn is_told(recent: &[Deployment], refusal: &Deployment) -> bool {
    let latest = recent.first();
    latest.is_some_and(|one| one.outcome == Some(Outcome::Refused) && one.reason == refusal.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_put_on_record_once() {
        let (service, now) = (ServiceName::new("main", "web"), Timestamp::from_second(1000).unwrap());
        let first = refusal(&service, "reconcile", "there is no repository wbe", now);
        assert_eq!((first.outcome, first.ended_at), (Some(Outcome::Refused), Some(now)));
        assert_eq!(first.reason.as_deref(), Some("there is no repository wbe"));
        let other = refusal(&service, "reconcile", "another reason", now);
        assert!(is_told(&[first.clone()], &first));
        assert!(!is_told(&[first.clone()], &other) && !is_told(&[], &first));
        let later = Deployment { outcome: Some(Outcome::Succeeded), ..first.clone() };
        assert!(!is_told(&[later, first.clone()], &first), "it went well meanwhile");
    }

    #[test]
    fn only_what_a_services_tags_name_is_its_own() {
        let aws = |call: &str| StepError::Aws {
            call: call.into(),
            on: "web".into(),
            detail: "AccessDenied".into(),
        };
        assert!(is_its_own(&aws("DescribeImages")));
        assert!(!is_its_own(&aws("StartExecution")));
        assert!(!is_its_own(&StepError::Busy { call: "DescribeImages".into(), detail: String::new() }));
    }
}
