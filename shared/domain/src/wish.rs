//! What becomes wanted, given what was: by the registry's word, or by somebody's hand; and what came of it. Pure; each
//! wish that changes something is a generation of its own.

use crate::Timestamp;
use crate::image::PinnedImage;
use crate::record::{Ask, Deployment, Outcome, SCHEMA, Tried, Wanted, clip};

/// What becomes wanted when the service's image tag points to an image; none if nothing changes.
///
/// An image that somebody asked for by hand stays until the tag is moved: the registry's word is older than theirs.
pub fn by_registry(
    before: Option<&Wanted>,
    image: &PinnedImage,
    cause: &str,
    now: Timestamp,
) -> Option<Wanted> {
    let stays = before.is_some_and(|before| match &before.instead_of {
        Some(passed_over) => *passed_over == image.digest,
        None => before.image.digest == image.digest,
    });
    (!stays).then(|| next(before, image, cause, now))
}

/// What becomes wanted when somebody asks for an image, while the tag points to `registry`; none if nothing changes:
/// just that is wanted already and has not been tried, and `holder`, the deployment on the way, is not one for it that
/// has been given up.
pub fn by_hand(
    before: Option<&Wanted>,
    image: &PinnedImage,
    registry: Option<&str>,
    ask: &Ask,
    holder: Option<&Deployment>,
    now: Timestamp,
    cause: &str,
) -> Option<Wanted> {
    let instead_of = registry.filter(|digest| *digest != image.digest).map(str::to_owned);
    let stays = before.is_some_and(|before| {
        let is_same = before.image.digest == image.digest && before.instead_of == instead_of;
        let lost = holder.is_some_and(|one| one.wish == Some(before.generation) && one.is_given_up());
        is_same && ask.is_same(before.asked.as_ref()) && before.tried.is_none() && !lost
    });
    (!stays).then(|| Wanted { instead_of, asked: Some(ask.clone()), ..next(before, image, cause, now) })
}

/// What the cause of a wish begins with that drift has made.
pub const DRIFT: &str = "drift: ";

/// What becomes wanted when a service does not run any more what it was brought to: the same once more, as a wish of its
/// own, so that what comes of it is an answer of its own. What else was asked for with it stays.
pub fn by_drift(before: &Wanted, found: &str, now: Timestamp) -> Wanted {
    let asked = before.asked.clone().map(|asked| Ask { redeploy: false, overridden: None, ..asked });
    let cause = format!("{DRIFT}{found}");
    Wanted { instead_of: before.instead_of.clone(), asked, ..next(Some(before), &before.image, &cause, now) }
}

/// What a deployment that has ended leaves with the wish that it was for; none if it was for another, or if nothing
/// changes. A wish that has been settled stays so: what a later attempt at it comes to is no other answer.
pub fn tried(wanted: &Wanted, ended: &Deployment) -> Option<Tried> {
    let outcome = ended.outcome?;
    if ended.wish != Some(wanted.generation) || wanted.is_settled() {
        return None;
    }
    let before = wanted.tried.as_ref();
    if before.is_some_and(|tried| tried.deployment == ended.id) {
        return None;
    }
    let attempts = before.map_or(0, |tried| tried.attempts) + 1;
    let uncounted = before.map_or(0, |tried| tried.uncounted) + usize::from(ended.postponed.is_some());
    let (postponed, at) = (ended.postponed, ended.ended_at);
    Some(Tried { deployment: ended.id.clone(), outcome, attempts, uncounted, postponed, at })
}

/// Whether something has become wanted that no deployment was for yet, this one included: even the same image, since it was asked
/// for again meanwhile.
pub fn follows(record: &Deployment, wanted: &Wanted) -> bool {
    wanted.tried.is_none() && record.wish != Some(wanted.generation)
}

/// Why a wish must not be brought again by itself, if so.
pub fn given_up(wanted: &Wanted) -> Option<String> {
    let tried = wanted.tried.as_ref()?;
    matches!(tried.outcome, Outcome::RolledBack | Outcome::NeedsHuman).then(|| {
        format!(
            "{} was tried by {}, which ended as {}: push another image, or ask for one by hand",
            wanted.image, tried.deployment, tried.outcome
        )
    })
}

fn next(before: Option<&Wanted>, image: &PinnedImage, cause: &str, now: Timestamp) -> Wanted {
    Wanted {
        schema: SCHEMA,
        image: image.clone(),
        generation: before.map_or(0, |wanted| wanted.generation) + 1,
        since: now,
        cause: clip(cause),
        instead_of: None,
        asked: None,
        tried: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Postponed;
    use crate::name::{DeploymentId, ServiceName};
    use crate::settings::Raw;

    fn image(digit: &str) -> PinnedImage {
        PinnedImage::new("web", "r/web", Some("latest"), &format!("sha256:{}", digit.repeat(64)))
    }

    fn pushed(before: Option<&Wanted>, digit: &str) -> Option<Wanted> {
        by_registry(before, &image(digit), "push", Timestamp::UNIX_EPOCH)
    }

    fn ask(by: &str) -> Ask {
        Ask { deployment: DeploymentId::from(by), settings: Raw::new(), redeploy: false, overridden: None }
    }

    fn asked(before: Option<&Wanted>, digit: &str, registry: &str, by: &str) -> Option<Wanted> {
        let registry = image(registry).digest;
        by_hand(before, &image(digit), Some(&registry), &ask(by), None, Timestamp::UNIX_EPOCH, "console")
    }

    fn ended(id: &str, wish: u64, outcome: Outcome) -> Deployment {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from(id));
        let mut ended = Deployment::new(service, id, "arn", "push", Timestamp::UNIX_EPOCH);
        (ended.wish, ended.outcome) = (Some(wish), Some(outcome));
        ended
    }

    #[test]
    fn the_same_image_again_is_no_wish_as_long_as_it_may_come() {
        let first = pushed(None, "a").unwrap();
        assert_eq!((first.generation, pushed(Some(&first), "a")), (1, None));
        assert_eq!(pushed(Some(&first), "b").unwrap().generation, 2);
        assert_eq!(asked(Some(&first), "a", "a", "d"), None, "it is what is wanted, by whomever");
        let with = |redeploy, holder: Option<&Deployment>| {
            let (ask, registry) = (Ask { redeploy, ..ask("d") }, image("a").digest);
            by_hand(
                Some(&first),
                &image("a"),
                Some(&registry),
                &ask,
                holder,
                Timestamp::UNIX_EPOCH,
                "console",
            )
        };
        let redeployed = with(true, None).expect("more is asked for than the image");
        assert_eq!((redeployed.generation, redeployed.asked.map(|asked| asked.redeploy)), (2, Some(true)));
        let mut holder = ended("d", 1, Outcome::RolledBack);
        assert_eq!(with(false, Some(&holder)), None, "it is being brought");
        holder.fail("errors");
        assert_eq!(
            with(false, Some(&holder)).map(|wanted| wanted.generation),
            Some(2),
            "it is being taken back"
        );
        holder.wish = Some(7);
        assert_eq!(with(false, Some(&holder)), None, "it comes after that");
    }

    #[test]
    fn what_a_hand_asked_for_stays_until_the_tag_moves() {
        let bad = pushed(None, "b").unwrap();
        let earlier = asked(Some(&bad), "a", "b", "d").unwrap();
        assert_eq!(pushed(Some(&earlier), "b"), None, "reconcile does not bring the bad one back");
        assert_eq!(pushed(Some(&earlier), "c").unwrap().image, image("c"));
        let moved = pushed(Some(&earlier), "a").unwrap();
        assert_eq!(moved.instead_of, None, "the tag has come to the same image");
        assert!(pushed(Some(&moved), "b").is_some(), "and may go back");
        assert!(asked(Some(&earlier), "b", "b", "e").is_some(), "a hand may ask for the tag's image");
    }

    #[test]
    fn what_came_of_a_wish_is_told_of_it_and_of_no_newer_one() {
        let mut wanted = pushed(None, "a").unwrap();
        assert_eq!(tried(&wanted, &ended("d", 7, Outcome::RolledBack)), None, "another's");
        wanted.tried = tried(&wanted, &ended("d", 1, Outcome::Refused));
        assert!(!wanted.is_settled() && given_up(&wanted).is_none());
        assert_eq!(tried(&wanted, &ended("d", 1, Outcome::Refused)), None, "a repeated step");
        wanted.tried = tried(&wanted, &ended("e", 1, Outcome::RolledBack));
        assert_eq!(wanted.tried.as_ref().map(|tried| tried.attempts), Some(2));
        assert!(wanted.is_settled());
        let why = given_up(&wanted).unwrap();
        assert!(why.contains("tried by e") && why.contains("RolledBack"), "{why}");
        assert_eq!(tried(&wanted, &ended("f", 1, Outcome::Refused)), None, "it stays settled");
        assert_eq!(pushed(Some(&wanted), "a"), None, "the same image again is no wish");
        assert_eq!(asked(Some(&wanted), "a", "a", "g").unwrap().tried, None, "but by hand it is");
    }

    #[test]
    fn what_drifted_is_wanted_once_more_as_it_was_asked_for() {
        let bad = pushed(None, "b").unwrap();
        let mut earlier = asked(Some(&bad), "a", "b", "d").unwrap();
        earlier.tried = tried(&earlier, &ended("d", earlier.generation, Outcome::Succeeded));
        let again = by_drift(&earlier, "web is set to td:1", Timestamp::UNIX_EPOCH);
        assert_eq!((again.generation, again.image.clone()), (earlier.generation + 1, earlier.image));
        assert_eq!((again.instead_of.clone(), again.tried.clone()), (earlier.instead_of, None));
        assert!(again.cause.starts_with("drift: web is set to"), "{}", again.cause);
        assert_eq!(pushed(Some(&again), "b"), None, "the tag has not moved");
    }

    #[test]
    fn attempts_wait_for_longer_and_longer_and_have_no_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let tried = |attempts, at| Tried {
            deployment: DeploymentId::from("d"),
            outcome: Outcome::Refused,
            attempts,
            uncounted: 0,
            postponed: None,
            at,
        };
        let pause = |attempts| tried(attempts, Some(at(0))).due_at();
        assert_eq!(pause(2), None);
        assert_eq!((pause(3), pause(4), pause(5)), (Some(at(600)), Some(at(1200)), Some(at(2400))));
        assert_eq!((pause(6), pause(7000)), (Some(at(3600)), Some(at(3600))));
        assert_eq!(tried(9, None).due_at(), None, "an earlier build did not say when");
        assert!(!tried(4, None).is_told() && tried(5, None).is_told());
    }

    #[test]
    fn what_a_closed_calendar_turned_away_is_no_attempt_and_waits_for_it_to_open() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut wanted = pushed(None, "a").unwrap();
        for day in 0..20 {
            let mut frozen = ended(&format!("d{day}"), 1, Outcome::Refused);
            (frozen.ended_at, frozen.postponed) = (Some(at(0)), Some(Postponed { until: Some(at(700)) }));
            wanted.tried = tried(&wanted, &frozen);
        }
        let mut last = wanted.tried.clone().unwrap();
        assert_eq!((last.attempts, last.uncounted, last.due_at()), (20, 20, Some(at(700))));
        assert!(!last.is_told() && !last.is_settled(), "nobody is called for it");
        last.postponed = Some(Postponed { until: Some(at(1_000_000)) });
        assert_eq!(last.due_at(), Some(at(6 * 3600)), "it may be opened before its time");
        last.postponed = Some(Postponed { until: None });
        assert_eq!(last.due_at(), Some(at(6 * 3600)));
        wanted.tried = tried(&wanted, &ended("e", 1, Outcome::Refused));
        let counted = wanted.tried.unwrap();
        assert_eq!(
            (counted.attempts, counted.uncounted, counted.due_at()),
            (21, 20, None),
            "the first that counts"
        );
    }

    #[test]
    fn a_success_stays_one_whatever_becomes_of_its_redeployments() {
        let mut wanted = pushed(None, "a").unwrap();
        wanted.tried = tried(&wanted, &ended("d", 1, Outcome::Succeeded));
        assert_eq!(tried(&wanted, &ended("canary", 1, Outcome::RolledBack)), None);
        assert_eq!(given_up(&wanted), None, "the canary comes again");
    }
}
