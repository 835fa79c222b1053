//! How a deployment ended, what it leaves, and whether another has to follow.

use changeover_domain::Timestamp;
use changeover_domain::record::{Deployment, Outcome, Receipt, Wanted};
use changeover_domain::span::Seconds;

/// How it ended, by its record. Pure: everything it knows is in its arguments.
pub fn outcome(record: &Deployment) -> Outcome {
    let progress = &record.progress;
    match () {
        () if record.needs_human => Outcome::NeedsHuman,
        () if record.nothing_to_do || progress.drained => Outcome::Succeeded,
        () if record.plan.is_none() => Outcome::Refused,
        () if progress.rolled_back && record.superseded => Outcome::Superseded,
        () if progress.rolled_back => Outcome::RolledBack,
        () => Outcome::NeedsHuman,
    }
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
    if let (Some(plan), Some(step)) = (&record.plan, record.progress.step) {
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
}

/// Whether something else has become wanted. The same digest is not tried again by itself: it either runs now or
/// the record says why not.
pub fn follow(record: &Deployment, wanted: Option<&Wanted>) -> Option<Follow> {
    let wanted = wanted?;
    let newer = record.digest.as_ref().is_some_and(|tried| *tried != wanted.image.digest);
    newer.then(|| Follow { digest: wanted.image.digest.clone(), generation: wanted.generation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::image::PinnedImage;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::plan::{Member, Pace, Plan};
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
        record.plan = Some(Plan {
            cluster: "main".into(),
            image: image("a"),
            container: "web".into(),
            live: member,
            next: None,
            routes: vec![],
            tasks: 1,
            room: None,
            pace: Pace {
                deregistration_delay: Seconds(0),
                check_interval: Seconds(5),
                stickiness: Seconds(0),
            },
            settings: read(&Raw::new(), &Raw::from([("repository".into(), "web".into())]), &Raw::new())
                .unwrap(),
            notes: vec![],
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
        assert_eq!(end(|r| r.progress.drained = true), Outcome::Succeeded);
        assert_eq!(end(|r| r.progress.rolled_back = true), Outcome::RolledBack);
        assert_eq!(end(|r| (r.progress.rolled_back, r.superseded) = (true, true)), Outcome::Superseded);
        assert_eq!(end(|r| r.plan = None), Outcome::Refused);
        assert_eq!(end(|r| (r.plan, r.nothing_to_do) = (None, true)), Outcome::Succeeded);
        assert_eq!(end(|r| r.needs_human = true), Outcome::NeedsHuman);
        assert_eq!(end(|_| {}), Outcome::NeedsHuman, "neither forward nor back is for a person to look at");
    }

    #[test]
    fn only_another_digest_follows() {
        let wanted = |digit| Wanted {
            image: image(digit),
            generation: 7,
            since: Timestamp::UNIX_EPOCH,
            cause: "push".into(),
            taken_back: None,
            instead_of: None,
        };
        assert_eq!(follow(&record(), Some(&wanted("a"))), None);
        assert_eq!(follow(&record(), None), None);
        assert_eq!(follow(&record(), Some(&wanted("b"))).unwrap().generation, 7);
    }

    #[test]
    fn the_receipt_tells_where_time_went() {
        let mut record = record();
        for (second, state) in
            [(1000, "Plan"), (1030, "CheckHealth"), (1031, "Swap"), (1091, "Bake"), (1100, "Drain")]
        {
            record.note(Timestamp::from_second(second).unwrap(), state, format!("{state} at {second}"));
        }
        let receipt = receipt(&record, Timestamp::from_second(1101).unwrap());
        assert_eq!(
            (receipt.seconds, receipt.health_seconds, receipt.bake_seconds, receipt.drain_seconds),
            (101, 30, 60, 9)
        );
    }
}
