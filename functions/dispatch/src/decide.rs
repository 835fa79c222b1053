//! Whether an image that was tried before is tried again.

use changeover_domain::Timestamp;
use changeover_domain::record::{Deployment, Outcome, Wanted};
use changeover_domain::span::Seconds;

/// Most recoveries of one deployment by themselves: some more than `plan` lets try before it leaves the service to a
/// person, since that end may be what is stopped.
const MOST_IN_ALL: u32 = 40;

/// How long the execution of a wish may take to leave a record. After that it was stopped before it could.
pub const RECORD_PATIENCE: Seconds = Seconds(900);

/// The number of the next attempt at what is wanted, if there is to be one. Pure: everything it knows is in its
/// arguments.
///
/// What was refused, or gave way, has changed nothing: what stood in the way may be gone. So there is no end to attempts
/// as long as the wish stands; they only become rarer. What was rolled back would be rolled back again. What left no record was never tried, and neither was what was turned away because somebody
/// else held the service. Only deployments that were for this wish count, whatever became of an earlier one for the
/// same image.
pub fn again(deployments: &[Deployment], wanted: &Wanted, now: Timestamp) -> Option<usize> {
    let attempts = match &wanted.tried {
        Some(tried) if tried.is_settled() => return None,
        Some(tried) if tried.due_at().is_some_and(|due| now < due) => return None,
        Some(tried) => tried.attempts,
        None => {
            let mut ours = deployments.iter().filter(|one| one.wish == Some(wanted.generation)).peekable();
            if ours.peek().is_none() {
                return (now >= RECORD_PATIENCE.after(wanted.since)).then_some(0);
            }
            let outcomes: Vec<Option<Outcome>> = ours.map(|one| one.outcome).collect();
            if outcomes.iter().any(|outcome| *outcome != Some(Outcome::Refused)) {
                // It has just ended, or has not: what came of it is being put on record with the wish.
                return None;
            }
            outcomes.len()
        }
    };
    Some(attempts)
}

/// When a dead execution is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// By the event of its death.
    Death,
    /// By a tick of `reconcile`.
    Tick,
}

/// Whether a deployment that so many recoveries have taken over is recovered now; otherwise why not.
///
/// What stopped a recovery stops the next one as well, for a while: after the first they come with the ticks. And what
/// stopped all of them is a person's to put right.
///
/// # Errors
/// In words, what it takes.
pub fn recovers(recoveries: u32, moment: Moment) -> Result<(), String> {
    match (recoveries, moment) {
        (MOST_IN_ALL.., _) => Err(format!(
            "{recoveries} recoveries have not ended it: put right what stops them, then start one by hand"
        )),
        (1.., Moment::Death) => {
            Err("its recovery has died; the next tick of reconcile starts another".into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::image::PinnedImage;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::record::Tried;

    const WISH: u64 = 3;

    fn of_wish(wish: u64, outcome: Option<Outcome>) -> Deployment {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d"));
        let mut deployment = Deployment::new(service, id, "arn", "push", at(10));
        (deployment.wish, deployment.outcome) = (Some(wish), outcome);
        deployment
    }

    fn wanted(tried: Option<(Outcome, usize)>) -> Wanted {
        let deployment = DeploymentId::from("d");
        Wanted {
            schema: 1,
            image: PinnedImage::new("web", "r/web", None, "sha256:1"),
            generation: WISH,
            since: at(10),
            cause: "push".into(),
            instead_of: None,
            asked: None,
            tried: tried.map(|(outcome, attempts)| Tried {
                deployment,
                outcome,
                attempts,
                uncounted: 0,
                postponed: None,
                at: Some(at(10)),
            }),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn recoveries_follow_at_once_then_by_ticks_and_not_for_ever() {
        assert_eq!(recovers(0, Moment::Death), Ok(()));
        assert!(recovers(1, Moment::Death).unwrap_err().contains("next tick"));
        assert_eq!(recovers(MOST_IN_ALL - 1, Moment::Tick), Ok(()));
        for moment in [Moment::Death, Moment::Tick] {
            assert!(recovers(MOST_IN_ALL, moment).unwrap_err().contains("by hand"));
        }
    }

    #[test]
    fn a_wish_that_left_no_record_is_tried_again() {
        let before = [of_wish(WISH - 1, Some(Outcome::Succeeded))];
        assert_eq!(again(&before, &wanted(None), at(10 + 899)), None, "it may be on its way");
        assert_eq!(again(&before, &wanted(None), at(10 + 900)), Some(0));
        assert_eq!(again(&[], &wanted(None), at(10 + 900)), Some(0));
    }

    #[test]
    fn what_was_refused_is_tried_again_and_what_was_rolled_back_is_not() {
        for outcome in [Outcome::Refused, Outcome::Superseded] {
            assert_eq!(again(&[], &wanted(Some((outcome, 1))), at(10)), Some(1), "{outcome}");
        }
        for outcome in [Outcome::RolledBack, Outcome::Succeeded, Outcome::NeedsHuman] {
            assert_eq!(again(&[], &wanted(Some((outcome, 1))), at(10)), None, "{outcome}");
        }
    }

    #[test]
    fn the_ledger_forgets_deployments_after_a_while_and_what_is_settled_stays_so() {
        let in_a_year = at(10 + 365 * 24 * 3600);
        assert_eq!(again(&[], &wanted(Some((Outcome::RolledBack, 1))), in_a_year), None);
    }

    #[test]
    fn a_wish_that_stands_is_tried_without_end_and_ever_more_rarely() {
        let refused = |attempts| wanted(Some((Outcome::Refused, attempts)));
        assert_eq!(again(&[], &refused(2), at(10)), Some(2));
        assert_eq!(again(&[], &refused(3), at(10 + 599)), None);
        assert_eq!(again(&[], &refused(3), at(10 + 600)), Some(3));
        assert_eq!(again(&[], &refused(1000), at(10 + 3599)), None);
        assert_eq!(again(&[], &refused(1000), at(10 + 3600)), Some(1000));
    }

    #[test]
    fn what_was_turned_away_is_tried_once_the_service_is_free() {
        let refused = of_wish(WISH, Some(Outcome::Refused));
        assert_eq!(again(&[refused.clone(), refused.clone()], &wanted(None), at(10)), Some(2));
        assert_eq!(again(&[of_wish(WISH, None), refused.clone()], &wanted(None), at(10)), None);
    }

    #[test]
    fn an_image_that_was_brought_for_an_earlier_wish_is_tried_again_for_this_one() {
        let earlier = of_wish(WISH - 2, Some(Outcome::Succeeded));
        let refused = of_wish(WISH, Some(Outcome::Refused));
        assert_eq!(again(&[refused, earlier.clone()], &wanted(None), at(10)), Some(1));
        assert_eq!(again(&[earlier], &wanted(Some((Outcome::Refused, 1))), at(10)), Some(1));
    }
}
