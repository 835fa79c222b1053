//! The numbers that a deployment's end leaves for alarms and the dashboard.

use changeover_domain::record::Deployment;
use changeover_lambda::embedded::{
    DEPLOYMENTS, DURATION_SECONDS, Measurement, OUTCOME, ROLLBACK_SECONDS, Unit,
};

/// What to measure of a deployment with its outcome and receipt. Pure: everything it knows is in its arguments.
///
/// Kept by outcome and not by service: each metric of each service would be billed. Service and deployment are on
/// the line, so that a query of the logs finds them.
pub fn measurement(record: &Deployment) -> Measurement {
    let mut numbers = vec![(DEPLOYMENTS, Unit::Count, 1)];
    if let Some(receipt) = &record.receipt {
        numbers.push((DURATION_SECONDS, Unit::Seconds, receipt.seconds));
        // A deployment that never turned round would draw the average of those that did to zero.
        if record.progress.back.rollback_at.is_some() {
            numbers.push((ROLLBACK_SECONDS, Unit::Seconds, receipt.rollback_seconds));
        }
    }
    Measurement {
        by: vec![vec![OUTCOME]],
        about: vec![
            (OUTCOME, record.outcome.map(|outcome| outcome.to_string()).unwrap_or_default()),
            ("service", record.service.to_string()),
            ("deployment", record.id.to_string()),
        ],
        numbers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt;
    use changeover_domain::Timestamp;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::record::Outcome;

    fn ended(outcome: Outcome, rollback_at: Option<i64>) -> Measurement {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
        let mut record = Deployment::new(service, id, "arn", "push", at(100));
        record.progress.back.rollback_at = rollback_at.map(at);
        record.note(at(130), "Bake", "errors");
        record.note(at(170), "Rollback", "done");
        record.receipt = Some(receipt(&record, at(180)));
        record.outcome = Some(outcome);
        measurement(&record)
    }

    #[test]
    fn an_end_is_counted_by_its_outcome() {
        let measured = ended(Outcome::NeedsHuman, None);
        assert_eq!(measured.by, [[OUTCOME]]);
        assert!(measured.about.contains(&(OUTCOME, "NeedsHuman".to_owned())), "{measured:?}");
        assert_eq!(measured.numbers, [(DEPLOYMENTS, Unit::Count, 1), (DURATION_SECONDS, Unit::Seconds, 80)]);
    }

    #[test]
    fn only_a_rollback_has_a_rollback_time() {
        let measured = ended(Outcome::RolledBack, Some(135));
        assert_eq!(measured.numbers.last(), Some(&(ROLLBACK_SECONDS, Unit::Seconds, 40)));
    }
}
