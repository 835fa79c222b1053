//! What functions see of the world, in the shapes that their decisions take.

use crate::sample::tags;
pub use crate::sample::{NAMES, image, number_of, settings};
use crate::world::{Health, Image, Member, Planned, Record, World};
use crate::{hosts, pins};
use changeover_aws::elb::TargetGroup;
use changeover_domain::bearing::{Patience, Since, needed};
use changeover_domain::evidence::{EcsDeployment, ServiceSeen, SideSeen, TargetSeen, TaskSeen};
use changeover_domain::gate::Place;
use changeover_domain::name::ServiceName;
use changeover_domain::route::{Route, RouteId, weights_for};
use changeover_domain::samples::watch;
use changeover_domain::span::Seconds;
use changeover_domain::{Timestamp, plan as domain};
use plan::{ContainerSeen, DefinitionSeen};
use std::collections::BTreeMap;

/// When everything on record happened.
pub(crate) const THEN: i64 = 1_000_000;
/// How long weights take to reach every node, and how far back requests are looked for.
const SOON: Seconds = Seconds(10);
/// How long a function may go on after its execution has died.
pub(crate) const STALLED: Seconds = Seconds(100);

/// How much later it is than what is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Clock {
    /// Nothing that has to last has lasted.
    Early,
    /// Bakes, windows and convergence have passed; no patience has.
    Later,
    /// What a function of a dead execution had begun has come, or never will; no patience has run out.
    Past,
    /// Every patience has run out.
    Late,
}

impl Clock {
    /// The time of the look.
    pub fn now(self) -> Timestamp {
        let later = match self {
            Self::Early => 1,
            Self::Later => 70,
            Self::Past => 200,
            Self::Late => 500_000,
        };
        at(THEN + later)
    }
}

/// What the load balancer's counts say of the new tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// Nothing yet.
    Nothing,
    /// Half of the answers are errors.
    Bad,
    /// Everything was answered.
    Good,
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

pub(crate) fn then(happened: bool) -> Option<Timestamp> {
    happened.then(|| at(THEN))
}

/// One side, as ECS and the load balancer tell it.
pub fn side(world: &World, index: usize) -> SideSeen {
    let member = &world.members[index];
    let tasks = member.tasks.iter().enumerate().map(|(number, task)| TaskSeen {
        arn: number.to_string(),
        task_definition: task.revision.name(),
        last_status: if task.health == Health::Stopping { "DEACTIVATING" } else { "RUNNING" }.to_owned(),
        desired_status: if task.health == Health::Stopping { "STOPPED" } else { "RUNNING" }.to_owned(),
        ..TaskSeen::default()
    });
    let targets = member.tasks.iter().enumerate().map(|(number, task)| TargetSeen {
        id: number.to_string(),
        port: 80,
        state: match task.health {
            Health::Starting => "initial",
            Health::Healthy => "healthy",
            Health::Ill => "unhealthy",
            Health::Stopping => "draining",
        }
        .to_owned(),
        why: None,
    });
    SideSeen {
        service: service(member, index),
        tasks: tasks.collect(),
        targets: BTreeMap::from([(NAMES[index].to_owned(), targets.collect())]),
    }
}

fn service(member: &Member, index: usize) -> ServiceSeen {
    let running = member.tasks.iter().filter(|task| task.health != Health::Stopping).count();
    let others = member.tasks.iter().any(|task| task.revision != member.revision);
    let done = !others && running == usize::from(member.desired);
    let deployment = |status: &str, state: &str| EcsDeployment {
        status: status.to_owned(),
        task_definition: member.revision.name(),
        rollout_state: Some(state.to_owned()),
        ..EcsDeployment::default()
    };
    let mut deployments = vec![deployment("PRIMARY", if done { "COMPLETED" } else { "IN_PROGRESS" })];
    if others {
        deployments.push(EcsDeployment {
            task_definition: "another".to_owned(),
            ..deployment("ACTIVE", "COMPLETED")
        });
    }
    ServiceSeen {
        name: NAMES[index].to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: member.revision.name(),
        desired: u32::from(member.desired),
        running: u32::try_from(running).unwrap_or(u32::MAX),
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        controller: "ECS".to_owned(),
        ecs_strategy: "ROLLING".to_owned(),
        launch_type: Some("FARGATE".to_owned()),
        target_groups: BTreeMap::from([(NAMES[index].to_owned(), 80)]),
        deployments,
        ..ServiceSeen::default()
    }
}

/// The route, by the two sides of a plan: live and next.
pub fn route(world: &World, live: usize) -> Route {
    let next = 1 - live;
    Route {
        id: RouteId::Rule("rule".to_owned()),
        load_balancer: "balancer".to_owned(),
        weights: weights_for(NAMES[live], NAMES[next], u32::from(world.weight_of(next))),
        stickiness_seconds: world.sticks.filter(|sticks| *sticks).map(|_| pins::LIFE.0),
        asks_cognito: false,
    }
}

fn container(image: String) -> ContainerSeen {
    ContainerSeen { name: "web".to_owned(), image, essential: true, ..ContainerSeen::default() }
}

/// All that `plan` reads, with the image that is meant.
pub fn for_plan(world: &World, on_push: &str, meant: Option<Image>) -> plan::View {
    let (count, is_pair) = (world.members.len(), world.members.len() == 2);
    let members: Vec<ServiceSeen> = (0..count)
        .map(|index| ServiceSeen {
            settings: tags(index, is_pair, on_push),
            launch_type: Some(if world.hosts.is_some() { "EC2" } else { "FARGATE" }.to_owned()),
            ..service(&world.members[index], index)
        })
        .collect();
    let group = |name: &&str| TargetGroup {
        arn: (*name).to_owned(),
        load_balancers: vec!["balancer".to_owned()],
        deregistration_delay: Seconds(30),
        check_interval: Seconds(5),
        pins: false,
    };
    let definition = |number: Image| DefinitionSeen {
        containers: vec![container(image(number).uri)],
        need: hosts::need(),
        ..DefinitionSeen::default()
    };
    let revisions = world.members.iter().map(|member| member.revision);
    plan::View {
        now: Clock::Early.now(),
        redeploy: false,
        service: ServiceName::new("main", NAMES[0]),
        names: NAMES[..count].iter().map(ToString::to_string).collect(),
        settings: Ok(settings(is_pair, on_push)),
        definitions: revisions.map(|revision| (revision.name(), definition(revision.image))).collect(),
        groups: NAMES[..count].iter().map(group).collect(),
        routes: if is_pair { vec![route(world, 0)] } else { Vec::new() },
        container: None,
        image: meant.map(image).ok_or_else(|| "it was tried".to_owned()),
        tasks: BTreeMap::new(),
        registry: BTreeMap::new(),
        annotations: BTreeMap::new(),
        database: None,
        closed_hooks: Vec::new(),
        task_roles: "*".to_owned(),
        instances: hosts::instances(world),
        group: hosts::group(world),
        alarms: vec![],
        calendar: None,
        overridden: None,
        numbers_after: Seconds(0),
        members,
    }
}

/// A member as a plan has it.
pub fn member(planned: &Planned, index: usize) -> domain::Member {
    let (revision, desired) = planned.before[index];
    domain::Member {
        ecs_service: NAMES[index].to_owned(),
        target_groups: vec![NAMES[index].to_owned()],
        task_definition: revision.name(),
        desired: u32::from(desired),
        running: u32::from(desired),
    }
}

/// Since when the new tasks are not well: with one task a side, too few are healthy whenever one is missing.
fn since(record: &Record) -> Since {
    Since { ill: then(record.sick), short: then(record.sick) }
}

/// All that `check-health` reads besides what it is for.
pub fn for_check(
    world: &World,
    record: &Record,
    planned: &Planned,
    on_push: &str,
    (clock, evidence): (Clock, Evidence),
    purpose: check_health::Purpose,
) -> check_health::View {
    let is_pair = world.members.len() == 2;
    let settings = settings(is_pair, on_push);
    let target = if is_pair { 1 - planned.live } else { 0 };
    let seen = match evidence {
        Evidence::Nothing => (0, 0),
        Evidence::Bad => (10_000, 5_000),
        Evidence::Good => (10_000, 0),
    };
    let has_traffic = purpose == check_health::Purpose::Bake || !is_pair;
    let wanted = world.ledger.wanted.as_ref();
    let supersedes = on_push == "supersede";
    check_health::View {
        purpose,
        now: clock.now(),
        seen: side(world, target),
        revision: record.revision.map(|revision| revision.name()).unwrap_or_default(),
        needed: match purpose {
            check_health::Purpose::Start if is_pair => u32::from(planned.tasks),
            check_health::Purpose::Start => u32::from(world.members[0].desired.max(1)),
            check_health::Purpose::Bake => {
                needed(u32::from(planned.tasks), u32::from(world.members[target].desired), 1)
            }
        },
        started_at: at(THEN),
        watched_since: at(THEN),
        readings: u32::from(record.readings),
        read_at: None,
        since: since(record),
        watch: has_traffic.then(|| watch(at(THEN), clock.now(), seen, (100_000, 0))),
        old: None, // no migration runs here
        alarms: changeover_domain::alarmed::Alarms::Quiet,
        newer: wanted
            .filter(|wanted| supersedes && wanted.image != planned.image)
            .map(|wanted| wanted.image.to_string()),
        taken_back: record.taken_back.then(|| "somebody asked for it".to_owned()),
        promoted: record.say.orders().ends(Place::Bake(record.step.unwrap_or(0))).map(ToString::to_string),
        held: record.say.held.is_some(),
        more_steps: match record.step {
            Some(step) => step + 1 < settings.steps.len(),
            None => is_pair,
        },
        check_interval: Seconds(5),
        poll: Seconds(2),
        room_patience: Seconds(300),
        numbers_after: Seconds(5),
        data_patience: Seconds(1800),
        settings,
    }
}

/// What has become wanted in the rollback window, as `drain` asks for it.
fn newer(world: &World, record: &Record) -> Option<String> {
    let is_window = record.quiet && !record.scaled_in;
    let wanted = world.ledger.wanted.as_ref().filter(|wanted| is_window && wanted.tried.is_none());
    wanted.filter(|wanted| wanted.generation != record.wish).map(|wanted| wanted.image.to_string())
}

/// All that `drain` reads.
pub fn for_drain(world: &World, record: &Record, planned: &Planned, clock: Clock) -> drain::View {
    let is_pair = world.members.len() == 2;
    let (live, next) = (planned.live, 1 - planned.live);
    drain::View {
        now: clock.now(),
        seen: side(world, live),
        revision: record.revision.map(|revision| revision.name()).unwrap_or_default(),
        planned: u32::from(planned.tasks),
        started_at: at(THEN),
        since: since(record),
        patience: Patience::new(Seconds(5), Seconds(2), Seconds(600)),
        room_patience: Seconds(300),
        shifted_at: at(THEN),
        quiet_at: then(record.quiet),
        scaled_in_at: then(record.scaled_in),
        outgoing: is_pair.then(|| drain::Outgoing {
            live: NAMES[live].to_owned(),
            next: NAMES[next].to_owned(),
            serving: side(world, next),
            routes: vec![route(world, live)],
            sticky: pins::sticky(world),
            requests: u64::from(world.weight_of(live)),
        }),
        alarms: changeover_domain::alarmed::Alarms::Quiet,
        watch: None, // what requests come to is told by whether the new tasks are well
        settings: settings(is_pair, "queue"),
        taken_back: record.taken_back.then(|| "somebody asked for it".to_owned()),
        rollback_window: settings(is_pair, "queue").rollback_window,
        newer: newer(world, record),
        stickiness: world.sticks.map_or(Seconds(0), |_| pins::LIFE),
        pins: false,
        pinned_at: then(record.pinned),
        deregistration_delay: Seconds(30),
        convergence: SOON,
        evidence: SOON,
        poll: Seconds(2),
    }
}

/// All that `rollback` reads.
pub fn for_rollback(
    world: &World,
    record: &Record,
    planned: &Planned,
    clock: Clock,
    number: u8,
) -> rollback::View {
    let live = planned.live;
    let others_until = crate::ledger::others_until(number, record);
    let members = if world.members.len() == 2 {
        let next = 1 - live;
        rollback::Members::Pair {
            live_group: NAMES[live].to_owned(),
            next_group: NAMES[next].to_owned(),
            next: Box::new(side(world, next)),
            next_before: member(planned, next),
            next_is_active: true,
            routes: vec![route(world, live)],
            sticky: pins::sticky(world),
        }
    } else {
        rollback::Members::Rolling
    };
    rollback::View {
        now: clock.now(),
        live: side(world, live),
        live_before: member(planned, live),
        original: None,
        is_active: true,
        broken: false,
        members,
        revision: record.revision.map(|revision| revision.name()),
        asked_at: None,
        began_at: then(record.turned),
        restored_at: record.restored.then(|| others_until.unwrap_or(at(THEN))),
        others_until,
        shown: record.step.is_some(),
        quiet: record.quiet,
        harmful: record.harmful,
        tells: 0,
        patience: Seconds(600),
        convergence: SOON,
        stickiness: world.sticks.map_or(Seconds(0), |_| pins::LIFE),
        pinned_at: then(record.pinned && record.turned),
        deregistration_delay: Seconds(30),
    }
}
