//! What is wrong with one service is that service's refusal, on record where its owner looks; the event has been handled.

use crate::Dispatched;
use crate::measure::refused;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::{Deployment, Outcome};
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::Context;

/// What the record of such a refusal names as the state.
const STATE: &str = "Dispatch";

/// Whether an error is one service's own: AWS refuses for good what is asked for it, such as a repository that may not be
/// looked at, or a tag that is none. Trying again leads to the same. What is busy is another matter.
pub(crate) fn is_its_own(error: &StepError) -> bool {
    !matches!(error, StepError::Busy { .. })
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
    if is_told(&recent, &record) {
        // Whoever broke it has seen it by now, or nobody looks.
        context.measure(context.now(), &refused(service));
    } else {
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
        assert!(is_told(std::slice::from_ref(&first), &first));
        assert!(!is_told(std::slice::from_ref(&first), &other) && !is_told(&[], &first));
        let later = Deployment { outcome: Some(Outcome::Succeeded), ..first.clone() };
        assert!(!is_told(&[later, first.clone()], &first), "it went well meanwhile");
    }

    #[test]
    fn what_is_busy_is_nobodys_mistake() {
        let (call, on, detail) = ("DescribeImages".to_owned(), "web".to_owned(), "AccessDenied".to_owned());
        assert!(!is_its_own(&StepError::Busy { call: call.clone(), detail: detail.clone() }));
        assert!(is_its_own(&StepError::Aws { call, on, detail }));
    }
}
