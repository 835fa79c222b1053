//! The numbers that a reconcile tick and a recovery leave for alarms.

use changeover_domain::name::ServiceName;
use changeover_domain::record::Deployment;
use changeover_domain::record::Tried;
use changeover_domain::span::Seconds;
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::embedded::{
    DRIFTED, LEASE_HELD_SECONDS, Measurement, RECOVERIES, SERVICE, STANDING_WISHES, Unit,
};

/// For how long a service has been held by the deployment that holds it now. The lease itself has no time in it: its
/// holder claimed it when it began.
pub fn held(holder: &Deployment, now: Timestamp) -> Measurement {
    let seconds = Seconds::between(holder.began_at, now).0;
    Measurement {
        // All together for the alarm, one by one for the dashboard.
        by: vec![vec![], vec![SERVICE]],
        about: vec![(SERVICE, holder.service.to_string()), ("deployment", holder.id.to_string())],
        numbers: vec![(LEASE_HELD_SECONDS, Unit::Seconds, seconds)],
    }
}

/// An execution died while it held a service, and another one brings its deployment to an end.
pub fn recovery(service: &ServiceName, execution: &str) -> Measurement {
    Measurement {
        by: vec![vec![]],
        about: vec![("service", service.to_string()), ("execution", execution.to_owned())],
        numbers: vec![(RECOVERIES, Unit::Count, 1)],
    }
}

/// A wish that has been refused again and again still stands.
pub fn standing(service: &ServiceName, tried: &Tried) -> Measurement {
    Measurement {
        by: vec![vec![]],
        about: vec![
            ("service", service.to_string()),
            ("deployment", tried.deployment.to_string()),
            ("attempts", tried.attempts.to_string()),
        ],
        numbers: vec![(STANDING_WISHES, Unit::Count, 1)],
    }
}

/// What is wrong with a service's tags, or what it is refused, keeps it from being brought anywhere, and has for a tick or more.
pub fn refused(service: &ServiceName) -> Measurement {
    Measurement {
        by: vec![vec![]],
        about: vec![("service", service.to_string())],
        numbers: vec![(STANDING_WISHES, Unit::Count, 1)],
    }
}

/// A reconcile tick could not look at any service, and trying again leads to the same.
pub fn blind(error: &StepError) -> Measurement {
    Measurement {
        by: vec![vec![]],
        about: vec![("service", "all".to_owned()), ("why", error.to_string())],
        numbers: vec![(STANDING_WISHES, Unit::Count, 1)],
    }
}

/// A service does not run what it was brought to, and people are only to be told.
pub fn drifted(service: &ServiceName) -> Measurement {
    Measurement {
        by: vec![vec![]],
        about: vec![("service", service.to_string())],
        numbers: vec![(DRIFTED, Unit::Count, 1)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::name::DeploymentId;

    #[test]
    fn a_lease_is_as_old_as_its_holder() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
        let holder = Deployment::new(service, id, "arn", "push", at(1000));
        let measured = held(&holder, at(4700));
        assert_eq!(measured.numbers, [(LEASE_HELD_SECONDS, Unit::Seconds, 3700)]);
        assert_eq!(measured.by, [vec![], vec![SERVICE]]);
        assert!(measured.about.contains(&(SERVICE, "main/web".to_owned())), "{measured:?}");
    }

    #[test]
    fn a_recovery_counts_once() {
        let measured = recovery(&ServiceName::new("main", "web"), "arn:dead");
        assert_eq!(measured.numbers, [(RECOVERIES, Unit::Count, 1)]);
        assert!(measured.about.contains(&("execution", "arn:dead".to_owned())), "{measured:?}");
    }
}
