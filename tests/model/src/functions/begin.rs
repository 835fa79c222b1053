//! Where a deployment begins: `plan`, with and without the lease, what it makes wanted, and the end of one that died there.

use super::{Came, Functions, own, say, small};
use crate::ledger;
use crate::look::{self, Clock, NAMES};
use crate::world::{Answer, Change, Planned, Record, Request, Wanted, World};
use changeover_domain::name::DeploymentId;
use changeover_domain::record::{Lease, Outcome};
use changeover_domain::wish::{by_hand, by_registry, given_up};

impl Functions {
    pub(super) fn plan(&self, world: &mut World, number: usize) -> Came {
        match world.executions[number].request {
            Request::TakeBack => return self.take_back(world).map(Some),
            Request::Order(kind) => return self.order(world, number, kind).map(Some),
            Request::Recover(dead) => return Ok(Some(self.recover(world, number, dead))),
            Request::Ask | Request::Wanted => {}
        }
        let deployment = own(number);
        if let Some(record) = world.ledger.records.get(&deployment) {
            let word = if record.plan.is_some() { "ready" } else { "refused" };
            let fence = self.fence_again(world, number, deployment).ok_or("LeaseLost")?;
            world.executions[number].baton = Some((deployment, fence));
            return Ok(Some(say(word)));
        }
        if world.executions[number].request == Request::Ask {
            want(world, world.registry, Some(deployment));
        }
        let (wish, image) = (generation(world), meant(world, number));
        let lease = &mut world.ledger.lease;
        let mine = Some(u8::try_from(number).unwrap_or(u8::MAX));
        if lease.holder.is_none() {
            lease.holder = Some(deployment);
            lease.execution = mine;
            lease.fence += 1;
        } else if lease.execution != mine {
            let outcome = Some(Outcome::Refused);
            let record =
                Record { execution: own(number), wish, image, failed: true, outcome, ..Record::default() };
            world.ledger.records.insert(deployment, record);
            world.executions[number].baton = Some((deployment, 0));
            return Ok(Some(say("refused")));
        }
        world.executions[number].wish = wish;
        Ok(self.about_to(world, number, Some(Change::Plan), say("ready")))
    }

    /// Puts on a deployment's record that it is to be taken back.
    fn take_back(&self, world: &mut World) -> Result<Answer, &'static str> {
        let holder = world.ledger.lease.holder.ok_or("BadInput")?;
        let record = world.ledger.records.get_mut(&holder).ok_or("Busy")?;
        if (self.deciders.too_late)(&ledger::real(holder, record)).is_some() {
            return Err("BadInput");
        }
        record.taken_back = true;
        Ok(say("over"))
    }

    /// The fence of an execution whose first step is repeated, by the real rule.
    fn fence_again(&self, world: &World, number: usize, deployment: u8) -> Option<u8> {
        let id = |number: u8| DeploymentId::from(number.to_string().as_str());
        let lease = &world.ledger.lease;
        let real = Lease {
            holder: lease.holder.map(id),
            execution: lease.execution.map(|execution| execution.to_string()),
            fence: u64::from(lease.fence),
        };
        let fence = (self.deciders.fence)(&real, &id(deployment), &number.to_string())?;
        Some(u8::try_from(fence).unwrap_or(u8::MAX))
    }

    fn recover(&self, world: &mut World, number: usize, dead: u8) -> Answer {
        let lease = &world.ledger.lease;
        let (true, Some(holder)) = (lease.holder == Some(dead), lease.execution) else { return say("over") };
        let holder = usize::from(holder);
        if self.deciders.checks_death && holder != number && world.executions[holder].running {
            return say("over");
        }
        world.ledger.lease.execution = Some(u8::try_from(number).unwrap_or(u8::MAX));
        world.ledger.lease.fence += 1;
        let fresh = Record { wish: generation(world), ..Record::default() };
        let record = world.ledger.records.entry(dead).or_insert(fresh);
        record.failed = true;
        record.restored = false;
        record.execution = own(number);
        world.executions[number].baton = Some((dead, world.ledger.lease.fence));
        say("recover")
    }

    /// Plans with the lease in hand.
    pub(super) fn planned(&self, world: &mut World, number: usize) -> Result<Answer, &'static str> {
        let deployment = own(number);
        if world.ledger.records.contains_key(&deployment) {
            // A recovery has written it meanwhile: the write is refused.
            return Err("Busy");
        }
        let image = meant(world, number);
        let wish = match world.executions[number].request {
            Request::Ask => world.executions[number].wish,
            _ => generation(world),
        };
        let mut record = Record { execution: own(number), wish, image, ..Record::default() };
        let word = match (self.deciders.plan)(&look::for_plan(world, self.on_push, image)) {
            plan::Decision::Go(real) => {
                let live = NAMES.iter().position(|name| *name == real.live.ecs_service).unwrap_or(0);
                let before = |index: usize| {
                    world
                        .members
                        .get(index)
                        .map_or((crate::world::FIRST, 0), |one| (one.revision, one.desired))
                };
                record.plan = Some(Planned {
                    is_pair: real.next.is_some(),
                    image: look::number_of(&real.image),
                    live,
                    before: [before(0), before(1)],
                    tasks: small(real.tasks),
                });
                "ready"
            }
            plan::Decision::NothingToDo(_) => {
                record.nothing_to_do = true;
                "refused"
            }
            plan::Decision::Refuse(_) | plan::Decision::Postpone(..) => {
                record.failed = true;
                "refused"
            }
        };
        world.ledger.records.insert(deployment, record);
        world.executions[number].baton = Some((deployment, world.ledger.lease.fence));
        Ok(say(word))
    }
}

/// The generation of what is wanted.
fn generation(world: &World) -> u8 {
    world.ledger.wanted.as_ref().map_or(0, |wanted| wanted.generation)
}

/// The image that an execution is to bring; none if that was tried and must not be by itself.
fn meant(world: &World, number: usize) -> Option<u8> {
    let wanted = world.ledger.wanted.as_ref();
    match wanted.filter(|_| world.executions[number].request == Request::Wanted) {
        Some(wanted) => given_up(&ledger::wanted(wanted)).is_none().then_some(wanted.image),
        None => Some(world.registry),
    }
}

/// Makes an image what is wanted, by the real rules: by the registry's word, or by the hand of somebody whose execution
/// carries a deployment.
pub fn want(world: &mut World, image: u8, by: Option<u8>) {
    let before = world.ledger.wanted.as_ref().map(ledger::wanted);
    let (pinned, now) = (look::image(image), Clock::Early.now());
    let wanted = match by.map(ledger::ask) {
        Some(ask) => {
            let registry = look::image(world.registry).digest;
            let holder = world.ledger.lease.holder;
            let holder =
                holder.and_then(|number| Some(ledger::real(number, world.ledger.records.get(&number)?)));
            by_hand(before.as_ref(), &pinned, Some(&registry), &ask, holder.as_ref(), now, "console")
        }
        None => by_registry(before.as_ref(), &pinned, "push", now),
    };
    if let Some(wanted) = wanted {
        let generation = u8::try_from(wanted.generation).unwrap_or(u8::MAX);
        let image = look::number_of(&wanted.image);
        world.ledger.wanted = Some(Wanted { image, generation, asked: by, tried: None });
    }
}

/// The end of an execution that died in `Plan`, before it had a baton.
pub(super) fn early(world: &mut World, number: usize) -> Result<Answer, &'static str> {
    let deployment = match world.executions[number].request {
        Request::Recover(dead) => dead,
        Request::Ask | Request::Wanted | Request::TakeBack | Request::Order(_) => own(number),
    };
    let ours = world.ledger.lease.execution == Some(u8::try_from(number).unwrap_or(u8::MAX));
    if matches!(world.executions[number].request, Request::Recover(_)) && !ours {
        world.noted.lease_lost = true;
        return Err("LeaseLost");
    }
    let planned = world.ledger.records.get(&deployment).filter(|record| record.plan.is_some());
    let goes_back = planned.is_some_and(|record| record.outcome.is_none());
    if goes_back && !ours {
        world.noted.lease_lost = true;
        return Err("LeaseLost");
    }
    let fence = if ours { world.ledger.lease.fence } else { 0 };
    let fresh = Record { execution: own(number), wish: generation(world), ..Record::default() };
    let record = world.ledger.records.entry(deployment).or_insert(fresh);
    if record.outcome.is_none() && record.execution == own(number) {
        record.failed = true;
        if fence == 0 && record.plan.is_none() {
            record.outcome = Some(Outcome::Refused);
        }
    }
    world.executions[number].baton = Some((deployment, fence));
    Ok(say(if goes_back { "wait" } else { "ready" }))
}
