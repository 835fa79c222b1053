//! The ledger's records, in the shapes that decisions take.

use crate::look::{NAMES, THEN, at, image, member, settings, then};
use crate::world::{Record, Wanted};
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::plan as domain;
use changeover_domain::record::{Ask, Deployment, Progress, SCHEMA, Tried, Wanted as RealWanted};
use changeover_domain::settings::Raw;
use changeover_domain::span::Seconds;

/// A deployment's id.
pub fn id(number: u8) -> DeploymentId {
    DeploymentId::from(number.to_string().as_str())
}

/// What a person asks for with the image: nothing special.
pub fn ask(deployment: u8) -> Ask {
    Ask { deployment: id(deployment), settings: Raw::new(), redeploy: false }
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
        }),
    }
}

/// A record as `finish` reads it.
pub fn real(number: u8, record: &Record) -> Deployment {
    let service = ServiceName::new("main", NAMES[0]);
    let mut real = Deployment::new(service, id(number), "execution", "model", at(THEN));
    real.wish = Some(u64::from(record.wish));
    real.digest = record.image.map(|number| image(number).digest);
    real.outcome = record.outcome;
    real.plan = record.plan.as_ref().map(|planned| domain::Plan {
        cluster: "main".to_owned(),
        image: image(planned.image),
        container: "web".to_owned(),
        live: member(planned, planned.live),
        next: None,
        routes: Vec::new(),
        tasks: u32::from(planned.tasks),
        room: None,
        pace: domain::Pace {
            deregistration_delay: Seconds(30),
            check_interval: Seconds(5),
            stickiness: Seconds(0),
        },
        settings: settings(false, "queue"),
        notes: Vec::new(),
    });
    real.progress = progress(record);
    real.taken_back = record.taken_back.then(|| "somebody asked for it".to_owned());
    real.reason = record.failed.then(|| "the model says so".to_owned());
    real.nothing_to_do = record.nothing_to_do;
    real.superseded = record.superseded;
    real.needs_human = record.needs_human;
    real
}

/// A record's progress.
pub fn progress(record: &Record) -> Progress {
    Progress {
        revision: record.revision.map(|revision| revision.name()),
        step: record.step,
        baked: record.baked,
        scaled_in_at: then(record.scaled_in),
        rollback_at: then(record.turned),
        drained: record.drained,
        rolled_back: record.rolled_back,
        ..Progress::default()
    }
}
