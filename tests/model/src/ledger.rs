//! The ledger's records, in the shapes that decisions take.

use crate::hosts;
use crate::look::{NAMES, STALLED, THEN, at, image, member, number_of, settings, then};
use crate::people::Say;
use crate::world::{Record, Revision, Wanted};
use changeover_domain::Timestamp;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::plan as domain;
use changeover_domain::progress::{Back, Drain, Health, Shift, Start};
use changeover_domain::record::{Ask, Deployment, Progress, SCHEMA, Tried, Wanted as RealWanted};
use changeover_domain::settings::Raw;
use changeover_domain::span::Seconds;

/// A deployment's id.
pub fn id(number: u8) -> DeploymentId {
    DeploymentId::from(number.to_string().as_str())
}

/// What a person asks for with the image: nothing special.
pub fn ask(deployment: u8) -> Ask {
    Ask { deployment: id(deployment), settings: Raw::new(), redeploy: false, overridden: None }
}

/// What is wanted, as the ledger has it. A wish is a second younger than the one before.
pub fn wanted(wanted: &Wanted) -> RealWanted {
    RealWanted {
        image: image(wanted.image),
        generation: u64::from(wanted.generation),
        since: at(THEN + i64::from(wanted.generation)),
        cause: "push".to_owned(),
        schema: SCHEMA,
        instead_of: None,
        asked: wanted.asked.map(ask),
        tried: wanted.tried.map(|(by, outcome, attempts)| Tried {
            deployment: id(by),
            outcome,
            attempts: usize::from(attempts),
            uncounted: 0,
            postponed: None,
            at: None,
        }),
    }
}

/// A record as the functions read it.
pub fn real(number: u8, record: &Record) -> Deployment {
    let service = ServiceName::new("main", NAMES[0]);
    let mut real = Deployment::new(service, id(number), "execution", "model", at(THEN));
    real.wish = Some(u64::from(record.wish));
    real.digest = record.image.map(|number| image(number).digest);
    real.outcome = record.outcome;
    real.plan = record.plan.as_ref().map(|planned| domain::Plan {
        image: image(planned.image),
        live: member(planned, planned.live),
        next: planned.is_pair.then(|| member(planned, 1 - planned.live)),
        tasks: u32::from(planned.tasks),
        pace: domain::Pace {
            deregistration_delay: Seconds(30),
            check_interval: Seconds(5),
            stickiness: Seconds(0),
            pins: false,
        },
        settings: settings(planned.is_pair, "queue"),
        ..changeover_domain::samples::plan()
    });
    real.progress = progress(number, record);
    real.orders = record.say.orders();
    real.orders.taken_back = record.taken_back.then(|| "somebody asked for it".to_owned());
    real.reason = record.failed.then(|| "the model says so".to_owned());
    real.nothing_to_do = record.nothing_to_do;
    real.superseded = record.superseded;
    real.needs_human = record.needs_human;
    real
}

/// Until when a function of an execution that died may go on: its deployment is carried by another then.
pub fn others_until(number: u8, record: &Record) -> Option<Timestamp> {
    (record.execution != number).then(|| STALLED.after(at(THEN)))
}

/// A record's progress.
fn progress(number: u8, record: &Record) -> Progress {
    let restored_at = others_until(number, record).unwrap_or(at(THEN));
    Progress {
        start: Start {
            revision: record.revision.map(|revision| revision.name()),
            way_back: None,
            started_at: then(record.started),
            room_missed_at: then(record.missed),
            enlarged: record.made.as_ref().map(|made| hosts::enlarged(made, None)),
            ..Start::default()
        },
        health: Health {
            readings: u32::from(record.readings),
            sick_at: then(record.sick),
            short_at: then(record.sick),
            harmful: record.harmful,
            ..Health::default()
        },
        shift: Shift {
            proven: None, // words that nobody decides by
            step: record.step,
            baked: record.baked,
            weight: u32::from(record.weight),
            shifted_at: then(record.shifted),
        },
        pinned_at: then(record.pinned),
        drain: Drain {
            quiet_at: then(record.quiet),
            scaled_in_at: then(record.scaled_in),
            drained: record.drained,
        },
        back: Back {
            rollback_at: then(record.turned),
            tells: 0,
            restored_at: record.restored.then_some(restored_at),
            rolled_back: record.rolled_back,
        },
        gate: record.say.gate(),
        ..Progress::default()
    }
}

/// Takes over what a function put on the record that it read as [`real`]. What only tells time, or people, is dropped: as
/// much has passed as the model's clock says, and how often something was tried is bounded otherwise.
pub fn keep(number: u8, record: &mut Record, real: &Deployment) {
    let Progress { start, health, shift, drain, back, .. } = &real.progress;
    record.taken_back = real.orders.taken_back.is_some();
    record.say = Say::of(real);
    record.revision = start.revision.as_deref().map(Revision::of);
    record.started = start.started_at.is_some();
    record.missed = start.room_missed_at.is_some();
    record.made = start.enlarged.as_ref().map(hosts::made);
    record.readings = small(health.readings.min(1));
    record.sick = health.sick_at.is_some();
    record.harmful = health.harmful;
    record.step = shift.step;
    record.baked = shift.baked;
    record.weight = small(shift.weight);
    record.shifted = shift.shifted_at.is_some();
    // What was given back before going back began does not count then.
    let turns = !record.turned && back.rollback_at.is_some();
    record.pinned = real.progress.pinned_at.is_some() && !turns;
    record.quiet = drain.quiet_at.is_some();
    record.scaled_in = drain.scaled_in_at.is_some();
    record.drained = drain.drained;
    record.turned = back.rollback_at.is_some();
    let to_stay = others_until(number, record).unwrap_or(at(THEN));
    record.restored = back.restored_at.is_some_and(|back| back >= to_stay);
    record.rolled_back = back.rolled_back;
    record.failed = real.reason.is_some();
    record.superseded = real.superseded;
    record.needs_human = real.needs_human;
    record.nothing_to_do = real.nothing_to_do;
    record.outcome = real.outcome;
    if let (Some(planned), Some(plan)) = (&mut record.plan, &real.plan) {
        planned.tasks = small(plan.tasks);
        planned.image = number_of(&plan.image);
    }
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::gate::{Kind, Place, Then};

    #[test]
    fn what_is_kept_of_what_was_read_is_what_was_there() {
        let full = Record {
            execution: 1,
            taken_back: true,
            say: Say {
                held: Some((Place::AfterStep(0), Then::Promote)),
                passed: vec![Place::BeforeStart],
                orders: vec![(Kind::Promote, Some(Place::Bake(0)), 3), (Kind::Pause, None, 4)],
            },
            revision: Some(Revision { image: 1, by: 1 }),
            missed: true,
            started: true,
            readings: 1,
            sick: true,
            harmful: true,
            step: Some(1),
            baked: Some(0),
            weight: 50,
            shifted: true,
            quiet: true,
            scaled_in: true,
            turned: true,
            restored: true,
            failed: true,
            superseded: true,
            needs_human: true,
            ..Record::default()
        };
        let carried_by_another = Record { execution: 2, ..full.clone() };
        for before in [Record { execution: 1, ..Record::default() }, full, carried_by_another] {
            let mut kept = Record { execution: before.execution, ..Record::default() };
            keep(1, &mut kept, &real(1, &before));
            assert_eq!(kept, before);
        }
    }
}
