//! What functions do after they have decided: each kind of change, with the fence looked at just before it.

use super::Functions;
use crate::world::{Answer, Change, Revision, World};
use crate::{hosts, ledger, look};
use changeover_aws::sdk::ecs::types::{ContainerDefinition, TaskDefinition};
use changeover_domain::name::DeploymentId;

impl Functions {
    /// Does what an execution is about to do.
    pub fn act(&self, world: &mut World, number: usize) -> Result<Answer, &'static str> {
        let (change, answer) = world.executions[number].pending.take().ok_or("RecordMissing")?;
        if change == Change::Plan {
            return self.planned(world, number);
        }
        let (deployment, fence) = world.executions[number].baton.ok_or("RecordMissing")?;
        if change == Change::Release {
            self.release(world, deployment, fence);
            return Ok(answer);
        }
        self.hold(world, deployment, fence)?;
        if change == Change::Register {
            self.registered(world, deployment)?;
            return Ok(answer);
        }
        let lease = &world.ledger.lease;
        let acts = lease.execution.map(usize::from) == Some(number);
        world.noted.trespass |= lease.holder != Some(deployment) || lease.fence != fence || !acts;
        match change {
            Change::Member { index, revision, desired } => {
                let member = &mut world.members[index];
                member.revision = revision.unwrap_or(member.revision);
                member.desired = desired.unwrap_or(member.desired);
            }
            Change::Weights { next, forward } => {
                let record = world.ledger.records.get_mut(&deployment).ok_or("RecordMissing")?;
                let green = record.plan.as_ref().is_some_and(|planned| planned.live == 0);
                world.weight = if green { next } else { 100 - next };
                if forward {
                    record.weight = next;
                    record.shifted = true;
                    record.readings = 0;
                }
            }
            Change::Enlarge(_) | Change::Close(_) | Change::Terminate => hosts::change(world, &change),
            Change::Plan | Change::Register | Change::Release => {}
        }
        Ok(answer)
    }

    fn registered(&self, world: &mut World, deployment: u8) -> Result<(), &'static str> {
        let record = world.ledger.records.get(&deployment).ok_or("RecordMissing")?;
        let planned = record.plan.as_ref().ok_or("RecordMissing")?;
        let revision = Revision { image: planned.image, by: deployment };
        let container = ContainerDefinition::builder().name("web").image("r/web:old").build();
        let view = register_revision::View {
            deployment: DeploymentId::from(deployment.to_string().as_str()),
            image: look::image(planned.image).uri,
            container: "web".to_owned(),
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
            record.revision = Some(revision);
        }
        Ok(())
    }

    /// Gives the lease back and starts what has become wanted meanwhile.
    fn release(&self, world: &mut World, deployment: u8, fence: u8) {
        let lease = &mut world.ledger.lease;
        if lease.holder == Some(deployment) && lease.fence == fence {
            lease.holder = None;
            lease.execution = None;
        }
        let Some(record) = world.ledger.records.get(&deployment) else { return };
        let wanted = world.ledger.wanted.as_ref().map(ledger::wanted);
        if (self.deciders.follow)(&ledger::real(deployment, record), wanted.as_ref()).is_some() {
            crate::events::follow(world, fence);
        }
    }
}
