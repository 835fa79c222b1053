//! The instances of a crowded world: each holds one task, and one more may be had.

use crate::look::{Clock, THEN, at, then};
use crate::world::{Answer, Change, Record, World};
use changeover_domain::Timestamp;
use changeover_domain::capacity::{Instance, Need};
use changeover_domain::room::{Enlarged, Giving, Group, give_back};
use changeover_domain::span::Seconds;

/// The most instances that the group may have.
const MOST: u32 = 2;
const NAME: &str = "workers";

/// The group's instances. Tasks are on the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hosts {
    /// How many there shall be.
    pub desired: u8,
    /// How many have joined the cluster.
    pub joined: u8,
    /// Whether the last one takes no more tasks.
    pub closed: bool,
}

/// What a deployment did to the group: what the real record has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Made {
    /// How many instances there were to be.
    pub to: u8,
    /// How many were given back.
    pub returned: u8,
    /// The one that is being given back.
    pub leaving: Option<u8>,
    /// Whether that is over.
    pub over: bool,
}

impl Hosts {
    /// As many as the tasks that there are.
    pub fn full() -> Self {
        Self { desired: 1, joined: 1, closed: false }
    }
}

/// How many tasks there are, on as many instances.
fn used(world: &World) -> usize {
    world.members.iter().map(|member| member.tasks.len()).sum()
}

/// Whether ECS finds a place for another task.
pub fn has_place(world: &World) -> bool {
    world.hosts.as_ref().is_none_or(|hosts| used(world) < usize::from(hosts.joined - u8::from(hosts.closed)))
}

/// What a task takes: an instance.
pub fn need() -> Need {
    Need { cpu: 1, memory: 1, ..Need::default() }
}

fn id(index: u8) -> String {
    format!("host-{index}")
}

/// The container instances.
pub fn instances(world: &World) -> Option<Vec<Instance>> {
    let hosts = world.hosts.as_ref()?;
    let used = used(world);
    let host = |index: u8| {
        let tasks = u32::from(usize::from(index) < used);
        Instance {
            id: id(index),
            ec2: Some(id(index)),
            cpu: 1 - tasks,
            memory: 1 - tasks,
            whole: (1, 1),
            tasks,
            draining: hosts.closed && index + 1 == hosts.joined,
            ..Instance::default()
        }
    };
    Some((0..hosts.joined).map(host).collect())
}

/// The group.
pub fn group(world: &World) -> Option<Group> {
    let hosts = world.hosts.as_ref()?;
    Some(Group {
        name: NAME.to_owned(),
        least: 1,
        most: MOST,
        desired: u32::from(hosts.desired),
        instances: (0..hosts.joined).map(id).collect(),
        managed: false,
    })
}

/// What a deployment did to the group, as its record has it.
pub fn enlarged(made: &Made, returning_at: Option<Timestamp>) -> Enlarged {
    Enlarged {
        returned: u32::from(made.returned),
        leaving: made.leaving.map(id),
        over: made.over,
        returning_at,
        ..Enlarged::new(1, u32::from(made.to))
    }
}

/// The same, from the record.
pub fn made(enlarged: &Enlarged) -> Made {
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let leaving = enlarged.leaving.as_ref();
    Made {
        to: small(enlarged.to),
        returned: small(enlarged.returned),
        leaving: leaving.and_then(|host| (0..u8::MAX).find(|index| id(*index) == *host)),
        over: enlarged.over,
    }
}

/// The next step of giving back, by the real decision; none if there is nothing more to do.
pub fn give(world: &World, record: &mut Record, clock: Clock, then: Timestamp) -> Option<Option<Change>> {
    let made = record.made.as_mut().filter(|made| !made.over)?;
    let (group, instances) = (group(world)?, instances(world)?);
    let mut enlarged = enlarged(made, Some(then));
    enlarged.settle(&group, &instances);
    made.returned = u8::try_from(enlarged.returned).unwrap_or(u8::MAX);
    if enlarged.leaving.is_none() {
        made.leaving = None;
    }
    match give_back(&enlarged, record.started.then_some(then), &group, &instances, clock.now()) {
        Giving::Over(_) => {
            made.over = true;
            None
        }
        Giving::Wait(_) => Some(None),
        Giving::Close(host) => {
            made.leaving = (0..u8::MAX).find(|index| id(*index) == host);
            Some(Some(Change::Close(true)))
        }
        Giving::Open(_) => Some(Some(Change::Close(false))),
        Giving::Terminate { .. } => Some(Some(Change::Terminate)),
    }
}

/// Does what was decided; what is on an instance dies with it.
pub fn change(world: &mut World, change: &Change) {
    let full = world.hosts.as_ref().is_some_and(|hosts| used(world) >= usize::from(hosts.joined));
    let Some(hosts) = &mut world.hosts else { return };
    match change {
        Change::Enlarge(to) => hosts.desired = *to,
        // The last one of two; one that is gone can be neither closed nor terminated.
        Change::Close(closed) if hosts.joined > 1 => hosts.closed = *closed,
        Change::Terminate if hosts.joined > 1 => {
            hosts.desired -= 1;
            hosts.joined -= 1;
            hosts.closed = false;
            world.noted.robbed |= full;
        }
        _ => {}
    }
}

/// Another instance joins, if one is on its way.
pub fn join(world: &mut World) -> bool {
    match &mut world.hosts {
        Some(hosts) if hosts.joined < hosts.desired => {
            hosts.joined += 1;
            true
        }
        _ => false,
    }
}

/// What `update-service` sees of the room for so many new tasks.
pub fn room_for(world: &World, record: &Record, tasks: u8, clock: Clock) -> Option<update_service::RoomSeen> {
    Some(update_service::RoomSeen {
        instances: instances(world)?,
        group: group(world)?,
        need: need(),
        tasks: u32::from(tasks),
        missed_at: then(record.missed),
        now: clock.now(),
        patience: Seconds(300),
    })
}

/// The next step of giving room back, and what is answered meanwhile.
pub fn given_back(world: &World, record: &mut Record, clock: Clock) -> (Option<Change>, Answer) {
    match give(world, record, clock, at(THEN)) {
        Some(change) => (change, Answer { word: "wait", more_steps: false }),
        None => (None, Answer { word: "ready", more_steps: false }),
    }
}
