//! How a deployment ended, what it leaves, and whether another has to follow.

use changeover_domain::record::{Deployment, Outcome, Receipt, Wanted};
use changeover_domain::span::Seconds;
use changeover_domain::state::Caught;
use changeover_domain::wish::follows;
use changeover_domain::{StepError, Timestamp};

/// How it ended, by its record. Pure: everything it knows is in its arguments.
pub fn outcome(record: &Deployment) -> Outcome {
    let progress = &record.progress;
    match () {
        () if record.needs_human => Outcome::NeedsHuman,
        () if record.nothing_to_do || progress.drain.drained => Outcome::Succeeded,
        () if record.plan.is_none() => Outcome::Refused,
        () if progress.back.rolled_back && record.superseded => Outcome::Superseded,
        () if progress.back.rolled_back => Outcome::RolledBack,
        () => Outcome::NeedsHuman,
    }
}

/// What is broken when going back stopped at an error, and what to look at, in words.
pub fn stuck(error: &Caught, record: &Deployment) -> String {
    let members: Vec<&str> = match &record.plan {
        Some(plan) => [Some(&plan.live), plan.next.as_ref()]
            .into_iter()
            .flatten()
            .map(|one| one.ecs_service.as_str())
            .collect(),
        None => vec![record.service.name.as_str()],
    };
    format!(
        "going back stopped at an error, {}; what was done until then was left so, and no task was stopped after it: look at what the error names, at who has the traffic, and at the events of {}",
        error.words(),
        members.join(" and ")
    )
}

/// How long a notification is tried again after the end. People are told otherwise as well, by the execution's own end.
const TELL_PATIENCE: Seconds = Seconds(120);

/// Whether a notification that failed is tried again: as long as it may come to something, and only for a while, so that
/// a topic which cannot be reached does not make an end look like none.
pub fn is_told_again(error: &StepError, ended_at: Option<Timestamp>, now: Timestamp) -> bool {
    let is_soon = ended_at.is_none_or(|ended| now < TELL_PATIENCE.after(ended));
    is_soon && matches!(error, StepError::Busy { .. })
}

/// Where its time went, and the weights that users were shown.
pub fn receipt(record: &Deployment, now: Timestamp) -> Receipt {
    let mut receipt = Receipt {
        seconds: Seconds::between(record.began_at, now).0,
        health_seconds: 0,
        bake_seconds: 0,
        drain_seconds: 0,
        rollback_seconds: 0,
        weights: Vec::new(),
        proven: record.progress.shift.proven.clone(),
    };
    // The time from a line to the next is the state's that wrote the next: it is what that state waited for.
    for pair in record.timeline.windows(2) {
        let seconds = Seconds::between(pair[0].at, pair[1].at).0;
        match pair[1].state.as_str() {
            "CheckHealth" => receipt.health_seconds += seconds,
            "Bake" => receipt.bake_seconds += seconds,
            "Drain" => receipt.drain_seconds += seconds,
            "Rollback" => receipt.rollback_seconds += seconds,
            _ => {}
        }
    }
    if let (Some(plan), Some(step)) = (&record.plan, record.progress.shift.step) {
        receipt.weights.extend(plan.settings.steps.iter().take(step + 1));
    }
    receipt
}

/// What to start next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The digest that is wanted.
    pub digest: String,
    /// Its generation.
    pub generation: u64,
    /// Who or what asked for it.
    pub cause: String,
}

/// Whether something has become wanted that no deployment was for yet, this one included: even the same image, since
/// it was asked for again meanwhile. However this one ended: a push a moment later would start one as well, and `plan`
/// refuses what cannot be done.
pub fn follow(record: &Deployment, wanted: Option<&Wanted>) -> Option<Follow> {
    let wanted = wanted?;
    follows(record, wanted).then(|| Follow {
        digest: wanted.image.digest.clone(),
        generation: wanted.generation,
        cause: format!("{}; wanted while {} ran", wanted.cause, record.id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::image::PinnedImage;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::plan::{Member, Plan};
    use changeover_domain::record::Tried;
    use changeover_domain::samples;
    use changeover_domain::settings::{Raw, read};

    fn image(digit: &str) -> PinnedImage {
        PinnedImage::new("web", "r/web", Some("latest"), &format!("sha256:{}", digit.repeat(64)))
    }

    fn record() -> Deployment {
        let began = Timestamp::from_second(1000).unwrap();
        let mut record =
            Deployment::new(ServiceName::new("main", "web"), DeploymentId::from("d"), "arn", "push", began);
        let member = Member {
            ecs_service: "web".into(),
            target_groups: vec![],
            task_definition: "td:1".into(),
            desired: 1,
            running: 1,
        };
        record.digest = Some(image("a").digest);
        let settings = Raw::from([("repository".into(), "web".into())]);
        record.plan = Some(Plan {
            image: image("a"),
            live: member,
            next: None,
            tasks: 1,
            settings: read(&Raw::new(), &settings, &Raw::new()).unwrap(),
            ..samples::plan()
        });
        record
    }

    #[test]
    fn every_end_has_its_outcome() {
        let end = |change: fn(&mut Deployment)| {
            let mut record = record();
            change(&mut record);
            outcome(&record)
        };
        assert_eq!(end(|r| r.progress.drain.drained = true), Outcome::Succeeded);
        assert_eq!(end(|r| r.progress.back.rolled_back = true), Outcome::RolledBack);
        assert_eq!(end(|r| (r.progress.back.rolled_back, r.superseded) = (true, true)), Outcome::Superseded);
        assert_eq!(end(|r| r.plan = None), Outcome::Refused);
        assert_eq!(end(|r| (r.plan, r.nothing_to_do) = (None, true)), Outcome::Succeeded);
        assert_eq!(end(|r| r.needs_human = true), Outcome::NeedsHuman);
        assert_eq!(end(|_| {}), Outcome::NeedsHuman, "neither forward nor back is for a person to look at");
    }

    #[test]
    fn a_wish_that_nobody_was_for_yet_follows_whatever_its_image() {
        let wanted = |generation, digit, outcome: Option<Outcome>| Wanted {
            schema: 1,
            image: image(digit),
            generation,
            since: Timestamp::UNIX_EPOCH,
            cause: "INC-1".into(),
            instead_of: None,
            asked: None,
            tried: outcome.map(|outcome| Tried {
                deployment: DeploymentId::from("another"),
                outcome,
                attempts: 1,
                uncounted: 0,
                postponed: None,
                at: None,
            }),
        };
        let mut record = record();
        record.wish = Some(6);
        assert_eq!(follow(&record, None), None);
        assert_eq!(follow(&record, Some(&wanted(6, "a", None))), None, "its own");
        for outcome in [Outcome::Succeeded, Outcome::RolledBack, Outcome::Superseded, Outcome::NeedsHuman] {
            record.outcome = Some(outcome);
            for digit in ["a", "b"] {
                let next = follow(&record, Some(&wanted(7, digit, None))).unwrap();
                assert_eq!(next.generation, 7);
                assert!(next.cause.contains("INC-1") && next.cause.contains("while d ran"), "{}", next.cause);
            }
        }
        record.wish = None;
        assert_eq!(
            follow(&record, Some(&wanted(6, "b", Some(Outcome::Refused)))),
            None,
            "reconcile's to repeat"
        );
        assert!(follow(&record, Some(&wanted(6, "b", None))).is_some(), "it was turned away meanwhile");
    }

    #[test]
    fn a_rollback_that_could_not_go_on_tells_what_to_look_at_besides_what_led_to_it() {
        let mut record = record();
        record.fail("half of the answers were errors");
        let cause = r#"{"errorMessage":"UpdateService on web was refused: AccessDenied"}"#.to_owned();
        record.give_up(&stuck(&Caught { error: "Aws".into(), cause }, &record));
        let reason = record.reason.unwrap();
        for part in [
            "half of the answers",
            "Aws: UpdateService",
            "AccessDenied",
            "events of web",
            "start an execution",
        ] {
            assert!(reason.contains(part), "{part} in {reason}");
        }
    }

    #[test]
    fn a_topic_that_is_busy_is_told_again_for_a_while_and_one_that_refuses_is_not() {
        let busy = StepError::Busy { call: "Publish".into(), detail: "Throttled".into() };
        let refused =
            StepError::Aws { call: "Publish".into(), on: "topic".into(), detail: "NotFound".into() };
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(is_told_again(&busy, Some(at(1000)), at(1119)));
        assert!(!is_told_again(&busy, Some(at(1000)), at(1120)));
        assert!(!is_told_again(&refused, Some(at(1000)), at(1001)));
    }

    #[test]
    fn the_receipt_tells_where_time_went() {
        let mut record = record();
        for (second, state) in
            [(1000, "Plan"), (1030, "CheckHealth"), (1031, "Swap"), (1091, "Bake"), (1100, "Drain")]
        {
            record.note(Timestamp::from_second(second).unwrap(), state, format!("{state} at {second}"));
        }
        record.progress.shift.proven = Some("at most 0.4 % of its requests fail".to_owned());
        let receipt = receipt(&record, Timestamp::from_second(1101).unwrap());
        assert_eq!(receipt.proven.as_deref(), Some("at most 0.4 % of its requests fail"));
        assert_eq!(
            (receipt.seconds, receipt.health_seconds, receipt.bake_seconds, receipt.drain_seconds),
            (101, 30, 60, 9)
        );
    }
}
