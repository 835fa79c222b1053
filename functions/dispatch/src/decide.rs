//! Whether an image that was tried before is tried again.

use changeover_domain::Timestamp;
use changeover_domain::record::{Deployment, Outcome, Wanted};
use changeover_domain::span::Seconds;

/// Most attempts at one image by itself; after that a person or another push has to ask.
pub(crate) const MOST_ATTEMPTS: usize = 10;

/// How long the execution of a wish may take to leave a record. After that it was stopped before it could.
pub const RECORD_PATIENCE: Seconds = Seconds(900);

/// The number of the next attempt at what is wanted, if there is to be one. Pure: everything it knows is in its
/// arguments.
///
/// What was refused, or gave way, has changed nothing: what stood in the way may be gone. What was rolled back would
/// be rolled back again. What left no record was never tried. `deployments` are the newest first.
pub fn again(deployments: &[Deployment], wanted: &Wanted, now: Timestamp) -> Option<usize> {
    if !deployments.iter().any(|one| one.began_at >= wanted.since) {
        return (now >= RECORD_PATIENCE.after(wanted.since)).then_some(deployments.len());
    }
    let digest = wanted.image.digest.as_str();
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
    use changeover_domain::image::PinnedImage;
    use changeover_domain::name::{DeploymentId, ServiceName};

    fn ended(outcome: Outcome) -> Deployment {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d"));
        let mut deployment = Deployment::new(service, id, "arn", "push", Timestamp::UNIX_EPOCH);
        deployment.outcome = Some(outcome);
        deployment
    }

    fn again(deployments: &[Deployment]) -> Option<usize> {
        super::again(deployments, &wanted(0), Timestamp::UNIX_EPOCH)
    }

    fn wanted(since: i64) -> Wanted {
        Wanted {
            image: PinnedImage::new("web", "r/web", None, "sha256:1"),
            generation: 1,
            since: Timestamp::from_second(since).unwrap(),
            cause: "push".into(),
            taken_back: None,
            instead_of: None,
        }
    }

    #[test]
    fn a_wish_that_left_no_record_is_tried_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let before = [ended(Outcome::Succeeded)];
        assert_eq!(super::again(&before, &wanted(10), at(10 + 899)), None, "it may be on its way");
        assert_eq!(super::again(&before, &wanted(10), at(10 + 900)), Some(1));
        assert_eq!(super::again(&[], &wanted(10), at(10 + 900)), Some(0));
    }

    #[test]
    fn what_was_refused_is_tried_again_and_what_was_rolled_back_is_not() {
        assert_eq!(again(&[ended(Outcome::Refused)]), Some(1));
        assert_eq!(again(&[ended(Outcome::Refused), ended(Outcome::Succeeded)]), Some(2));
        for outcome in [Outcome::RolledBack, Outcome::Succeeded, Outcome::NeedsHuman] {
            assert_eq!(again(&[ended(outcome), ended(Outcome::Refused)]), None, "{outcome}");
        }
        assert_eq!(again(&[]), None);
    }

    #[test]
    fn attempts_have_an_end() {
        let refused = vec![ended(Outcome::Refused); MOST_ATTEMPTS];
        assert_eq!(again(&refused), None);
    }
}
