//! What happens beside the functions: events that start executions, ECS, tasks that come up and fall ill, and people.

use crate::deciders::Deciders;
use crate::functions::want;
use crate::ledger;
use crate::look::Clock;
use crate::machine::Machine;
use crate::world::{Event, Execution, Health, Member, Name, Request, Revision, Task, World};

/// More executions than this are a mistake of the model.
const MOST_EXECUTIONS: usize = 12;
/// What is refused is tried again ten times; here, until so many deployments are on record.
const MOST_ATTEMPTS: usize = 4;
/// The state of an execution that a function has just started.
const NOT_BEGUN: usize = usize::MAX;
/// The number of a revision that somebody else registered.
const SOMEBODY: u8 = 9;

/// Starts an execution, unless one of its name has run.
///
/// # Panics
/// If there are more executions than the model should lead to.
pub fn start(world: &mut World, state: usize, name: Name, request: Request) -> bool {
    // A recovery whose name has run goes by another; see `dead`.
    let by_hand = matches!(name, Name::Console | Name::TakeBack | Name::Order | Name::Recover { .. });
    if !by_hand && world.executions.iter().any(|one| one.name == name) {
        return false;
    }
    assert!(world.executions.len() < MOST_EXECUTIONS, "executions without end: {world:#?}");
    world.executions.push(Execution {
        name,
        request,
        state,
        baton: None,
        caught: false,
        wish: 0,
        pending: None,
        is_past_fence: false,
        running: true,
    });
    true
}

/// `dispatch` does the next thing with the event of a push; whether it has more to do.
pub fn dispatch(world: &mut World, machine: &Machine, index: usize) -> bool {
    let next = match world.events[index] {
        Event::Sent => wish(world).map(|(image, generation)| Event::Wanted(image, generation)),
        Event::Wanted(image, generation) => {
            world.ledger.lease.holder.is_none().then_some(Event::Free(image, generation))
        }
        Event::Free(image, generation) => {
            start(world, machine.start(), Name::Wish { image, generation }, Request::Wanted);
            None
        }
    };
    match next {
        Some(next) => world.events[index] = next,
        None => {
            world.events.remove(index);
        }
    }
    next.is_some()
}

/// Puts on record what the registry says is wanted: the wish, if it was not tried before.
fn wish(world: &mut World) -> Option<(u8, u8)> {
    want(world, world.registry, None);
    let wanted = world.ledger.wanted.as_ref()?;
    (!ledger::wanted(wanted).is_settled()).then_some((wanted.image, wanted.generation))
}

/// A tick of `reconcile`, long after everything on record.
pub fn reconcile(world: &mut World, machine: &Machine, deciders: &Deciders) {
    let Some((image, generation)) = wish(world) else { return };
    if world.ledger.lease.holder.is_some()
        || start(world, machine.start(), Name::Wish { image, generation }, Request::Wanted)
    {
        return;
    }
    let Some(wanted) = &world.ledger.wanted else { return };
    let newest = world.ledger.records.iter().rev();
    let records: Vec<_> = newest.map(|(number, record)| ledger::real(*number, record)).collect();
    let first = (deciders.again)(&records, &ledger::wanted(wanted), Clock::Late.now());
    let Some(first) = first.filter(|first| *first < MOST_ATTEMPTS) else { return };
    for attempt in first..first + MOST_ATTEMPTS {
        if start(world, machine.start(), Name::Again { image, generation, attempt }, Request::Wanted) {
            return;
        }
    }
}

/// What `finish` starts: by the name that the wish's event would give it, or by another if that has run.
pub fn follow(world: &mut World, fence: u8) {
    let Some(wanted) = world.ledger.wanted.clone() else { return };
    let (image, generation) = (wanted.image, wanted.generation);
    if !start(world, NOT_BEGUN, Name::Wish { image, generation }, Request::Wanted) {
        start(world, NOT_BEGUN, Name::After { image, generation, fence }, Request::Wanted);
    }
}

/// Lets what functions started begin where the state machine begins: they do not know where that is.
pub fn begin(world: &mut World, machine: &Machine) {
    for execution in world.executions.iter_mut().filter(|execution| execution.state == NOT_BEGUN) {
        execution.state = machine.start();
    }
}

/// The fence to recover from, if the execution that acts for the holder of the lease is dead and nobody recovers it.
pub fn dead(world: &World) -> Option<(u8, u8)> {
    let lease = &world.ledger.lease;
    let (holder, execution) = (lease.holder?, lease.execution?);
    let runs = world.executions[usize::from(execution)].running;
    let is_recovery = |one: &Execution| one.name == Name::Recover { fence: lease.fence };
    let recovered = world.executions.iter().any(|one| is_recovery(one) && one.running);
    let attempts = world.executions.iter().filter(|one| is_recovery(one)).count();
    (!runs && !recovered && attempts < MOST_ATTEMPTS).then_some((holder, lease.fence))
}

/// What ECS does next for a member, if anything.
pub fn ecs(member: &Member) -> Option<Member> {
    let mut next = member.clone();
    let staying = |task: &Task| task.health != Health::Stopping;
    let right = member.tasks.iter().filter(|task| staying(task) && task.revision == member.revision).count();
    let healthy = member
        .tasks
        .iter()
        .filter(|task| task.revision == member.revision && task.health == Health::Healthy)
        .count();
    let desired = usize::from(member.desired);
    if right < desired {
        next.tasks.push(Task { revision: member.revision, health: Health::Starting });
    } else if right > desired {
        stop(&mut next, |task| task.revision == member.revision);
    } else if healthy >= desired
        && member.tasks.iter().any(|task| staying(task) && task.revision != member.revision)
    {
        stop(&mut next, |task| task.revision != member.revision);
    } else if let Some(gone) = member.tasks.iter().position(|task| !staying(task)) {
        next.tasks.remove(gone);
    } else {
        return None;
    }
    next.tasks.sort_unstable();
    Some(next)
}

fn stop(member: &mut Member, which: impl Fn(&Task) -> bool) {
    let found = member.tasks.iter_mut().find(|task| task.health != Health::Stopping && which(task));
    if let Some(task) = found {
        task.health = Health::Stopping;
    }
}

/// Changes the first task of a member that is one way to another.
pub fn turn(member: &mut Member, from: Health, to: Health) -> bool {
    let Some(task) = member.tasks.iter_mut().find(|task| task.health == from) else { return false };
    task.health = to;
    member.tasks.sort_unstable();
    true
}

/// Lets a task of a member fall ill, a healthy one if there is any.
pub fn fall(member: &mut Member) {
    if !turn(member, Health::Healthy, Health::Ill) {
        turn(member, Health::Starting, Health::Ill);
    }
}

/// What a person may do to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hand {
    /// Shift the weights to what no plan has.
    Weigh,
    /// Take the tasks of a side away.
    ScaleIn(usize),
    /// Set a side to a revision of their own.
    Set(usize),
}

/// Does it.
pub fn meddle(world: &mut World, hand: Hand) {
    world.noted.hand = true;
    match hand {
        Hand::Weigh => world.weight = 30,
        Hand::ScaleIn(index) => world.members[index].desired = 0,
        Hand::Set(index) => world.members[index].revision = Revision { image: 1, by: SOMEBODY },
    }
}
