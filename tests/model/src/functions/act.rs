//! What functions do after they have decided: each kind of change, with the fence looked at just before it, or well
//! before it where a call is on its way for long.

use super::{Came, Functions};
use crate::world::{Change, Revision, World};
use crate::{hosts, ledger, look};
use changeover_aws::sdk::ecs::types::{ContainerDefinition, TaskDefinition};

impl Functions {
    /// Does what an execution is about to do; it answers if there is nothing more to do.
    pub fn act(&self, world: &mut World, number: usize) -> Came {
        let (change, answer) = world.executions[number].pending.take().ok_or("RecordMissing")?;
        if change == Change::Plan {
            return self.planned(world, number).map(Some);
        }
        let (deployment, fence) = world.executions[number].baton.ok_or("RecordMissing")?;
        match change {
            Change::Release => {
                release(world, deployment, fence);
                world.executions[number].pending = Some((Change::Follow, answer));
                return Ok(None);
            }
            Change::Follow => {
                self.follow(world, deployment, fence);
                return Ok(Some(answer));
            }
            _ => self.change(world, number, &change, (deployment, fence))?,
        }
        Ok(Some(answer))
    }

    /// Changes the service, or what belongs to it.
    fn change(
        &self,
        world: &mut World,
        number: usize,
        change: &Change,
        (deployment, fence): (u8, u8),
    ) -> Result<(), &'static str> {
        if !std::mem::take(&mut world.executions[number].is_past_fence) {
            self.hold(world, deployment, fence)?;
        } else if !self.holds(world, deployment, fence) {
            arrives_late(world, change);
            return Ok(());
        }
        if *change == Change::Register {
            return self.registered(world, deployment);
        }
        let lease = &world.ledger.lease;
        let acts = lease.execution.map(usize::from) == Some(number);
        world.noted.trespass |= lease.holder != Some(deployment) || lease.fence != fence || !acts;
        touch(world, change);
        if let Change::Weights { weight, forward: true, .. } = *change {
            let record = world.ledger.records.get_mut(&deployment).ok_or("RecordMissing")?;
            let step = record.step.ok_or("RecordMissing")?;
            super::noting(deployment, record, |real| {
                swap::shifted(real, step, u32::from(weight), look::at(look::THEN));
            });
        }
        Ok(())
    }

    fn registered(&self, world: &mut World, deployment: u8) -> Result<(), &'static str> {
        let record = world.ledger.records.get(&deployment).ok_or("RecordMissing")?;
        let planned = record.plan.as_ref().ok_or("RecordMissing")?;
        let revision = Revision { image: planned.image, by: deployment };
        let container = ContainerDefinition::builder().name("web").image("r/web:old").build();
        let view = register_revision::View {
            tag: (register_revision::Copy::New.tag(), deployment.to_string()),
            images: [("web".to_owned(), look::image(planned.image).uri)].into(),
            source: TaskDefinition::builder().container_definitions(container).build(),
            tags: std::collections::BTreeMap::new(),
            earlier: world.registered.contains(&revision).then(|| revision.name()),
        };
        let revision = match (self.deciders.register)(view).map_err(|error| error.name())? {
            register_revision::Action::Use(name) => Revision::of(&name),
            register_revision::Action::Register { containers, .. } => {
                assert_eq!(containers[0].image(), Some(look::image(planned.image).uri.as_str()));
                world.registered.push(revision);
                revision
            }
        };
        if let Some(record) = world.ledger.records.get_mut(&deployment) {
            super::noting(deployment, record, |real| {
                register_revision::registered(real, revision.name(), look::at(look::THEN));
            });
        }
        Ok(())
    }

    /// Starts what has become wanted meanwhile.
    fn follow(&self, world: &mut World, deployment: u8, fence: u8) {
        let Some(record) = world.ledger.records.get(&deployment) else { return };
        let wanted = world.ledger.wanted.as_ref().map(ledger::wanted);
        if (self.deciders.follow)(&ledger::real(deployment, record), wanted.as_ref()).is_some() {
            crate::events::follow(world, fence);
        }
    }
}

/// Changes the service, or the instances that it is on.
fn touch(world: &mut World, change: &Change) {
    match *change {
        Change::Member { index, revision, desired } => {
            let member = &mut world.members[index];
            member.revision = revision.unwrap_or(member.revision);
            member.desired = desired.unwrap_or(member.desired);
        }
        Change::Weights { next, weight, sticks, .. } => {
            world.weight = if next == 1 { weight } else { 100 - weight };
            world.sticks = sticks;
        }
        // The actions are written whole, with the weights that were read.
        Change::Pin(weight) => {
            world.weight = weight;
            world.sticks = world.sticks.map(|_| true);
        }
        Change::Enlarge(_) | Change::Close(_) | Change::Terminate => hosts::change(world, change),
        Change::Plan | Change::Register | Change::Release | Change::Follow => {}
    }
}

/// Gives the lease back, if it is still this deployment's.
fn release(world: &mut World, deployment: u8, fence: u8) {
    let lease = &mut world.ledger.lease;
    if lease.holder == Some(deployment) && lease.fence == fence {
        lease.holder = None;
        lease.execution = None;
    }
}

/// A change comes that was under way when its execution lost the service: AWS knows of no fence. Nobody can prevent it;
/// whoever holds the service now must have left it nothing to break.
fn arrives_late(world: &mut World, change: &Change) {
    let before = world.members.clone();
    touch(world, change);
    world.noted.late = true;
    if world.noted.hand {
        return;
    }
    for (index, was) in before.iter().enumerate() {
        let serves = world.weight_of(index) > 0;
        let fewer = world.members[index].desired < was.desired;
        world.noted.robbed |= serves && fewer && before.len() == 2 && !world.noted.dared;
        world.noted.starved |= serves && !fewer && was.desired == 0;
    }
}
