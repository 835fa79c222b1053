//! Whether an image that was tried before is tried again.

use changeover_domain::record::{Deployment, Outcome};

/// Most attempts at one image by itself; after that a person or another push has to ask.
const MOST_ATTEMPTS: usize = 10;

/// The number of the next attempt at an image, if there is to be one. Pure: everything it knows is in its arguments.
///
/// What was refused, or gave way, has changed nothing: what stood in the way may be gone. What was rolled back would
/// be rolled back again. `deployments` are the newest first.
pub fn again(deployments: &[Deployment], digest: &str) -> Option<usize> {
    let last = deployments.iter().find(|deployment| deployment.outcome.is_some())?;
    let brought = |one: &&Deployment| one.plan.as_ref().is_some_and(|plan| plan.image.digest == digest);
    let may = match last.outcome? {
        Outcome::Refused => {
            !deployments.iter().any(|one| brought(&one) && one.outcome != Some(Outcome::Superseded))
        }
        Outcome::Superseded => true,
        Outcome::Succeeded | Outcome::RolledBack | Outcome::NeedsHuman => false,
    };
    let refused = deployments.iter().take_while(|one| one.outcome == Some(Outcome::Refused)).count();
    (may && refused < MOST_ATTEMPTS).then_some(deployments.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::name::{DeploymentId, ServiceName};

    fn ended(outcome: Outcome) -> Deployment {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d"));
        let mut deployment = Deployment::new(service, id, "arn", "push", Timestamp::UNIX_EPOCH);
        deployment.outcome = Some(outcome);
        deployment
    }

    #[test]
    fn what_was_refused_is_tried_again_and_what_was_rolled_back_is_not() {
        assert_eq!(again(&[ended(Outcome::Refused)], "sha256:1"), Some(1));
        assert_eq!(again(&[ended(Outcome::Refused), ended(Outcome::Succeeded)], "sha256:1"), Some(2));
        for outcome in [Outcome::RolledBack, Outcome::Succeeded, Outcome::NeedsHuman] {
            assert_eq!(again(&[ended(outcome), ended(Outcome::Refused)], "sha256:1"), None, "{outcome}");
        }
        assert_eq!(again(&[], "sha256:1"), None);
    }

    #[test]
    fn attempts_have_an_end() {
        let refused = vec![ended(Outcome::Refused); MOST_ATTEMPTS];
        assert_eq!(again(&refused, "sha256:1"), None);
    }
}
