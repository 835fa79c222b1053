//! Managed scaling of Auto Scaling groups: tasks that find no room wait for it, and the group grows for them and shrinks again.

use crate::ecs::Inner;
use crate::launch::Origin;
use crate::life::{Ended, Life};
use crate::placement::Need;
use crate::provider::wanted;
use crate::state::State;
use crate::task::{Status, Stop};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many tasks of a cluster may wait at once, as in AWS.
const MOST_WAITING: usize = 500;
/// How long a task waits. AWS gives no figure that is longer.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What is to be done to a group.
struct Change {
    group: String,
    desired: u32,
    /// Instances to end in place of asking for fewer.
    idle: Vec<String>,
}

/// Since when instances have been idle, by EC2 id.
pub(crate) type Idle = BTreeMap<String, Instant>;

impl State {
    /// Whether a task without a place may be started all the same.
    pub(crate) fn may_wait(&self, origin: &Origin) -> bool {
        let provider = origin.provider.as_ref().and_then(|name| self.providers.get(name));
        let waiting =
            self.tasks.values().filter(|task| task.cluster == origin.cluster && task.waits.is_some());
        provider.is_some_and(|provider| provider.managed.is_some()) && waiting.count() < MOST_WAITING
    }

    /// Looks for a place for a task that waits for one. True if it has one by now.
    fn place_waiting(&mut self, arn: &str) -> bool {
        let Some(task) = self.task(arn) else { return true };
        let Some(origin) = task.waits.clone() else { return true };
        let Some(definition) = self.definition(&task.definition).cloned() else { return false };
        let Ok(instance) = self.find_room(&origin, &definition) else { return false };
        let zone = self.zone_of(&origin.cluster, instance.as_deref());
        if let Some(task) = self.task_mut(arn) {
            (task.waits, task.instance, task.zone) = (None, instance, zone);
        }
        true
    }
}

impl Life {
    /// Waits until managed scaling has made room, where the task was started without.
    pub(crate) async fn find_place(&mut self) -> Result<(), Ended> {
        let began = Instant::now();
        loop {
            let placed = self.inner.update(|state| {
                let before = state.task(&self.arn).is_some_and(|task| task.waits.is_some());
                let placed = state.place_waiting(&self.arn);
                (placed, before && placed)
            });
            if placed {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                let reason = "Timeout waiting for capacity to be provisioned.".to_owned();
                self.inner.with(|state| state.stop_task(&self.arn, Stop::failed_to_start(reason), false));
                return Err(Ended::Asked);
            }
            self.pause(self.inner.config.tick).await?;
        }
    }
}

/// Lets the groups of capacity providers be as large as their tasks want them.
pub(crate) fn scale(inner: &Inner, idle: &mut Idle) {
    let Some(groups) = inner.groups.get() else { return };
    let names: BTreeSet<String> = inner.look(|state| {
        let managed = state.providers.values().filter(|provider| provider.managed.is_some());
        managed.map(|provider| provider.group.clone()).collect()
    });
    for name in names {
        // Asked outside the lock: the groups have locks of their own.
        let Some(sizes) = groups.sizes(&name) else { continue };
        let change = inner.look(|state| {
            let provider = state.providers.values().find(|provider| provider.group == name)?;
            let managed = provider.managed?;
            let waiting: Vec<Need> = (state.tasks.values())
                .filter(|task| task.waits.is_some() && task.stop.is_none() && task.status != Status::Stopped)
                .filter(|task| task.provider.as_ref() == Some(&provider.name))
                .map(|task| task.need.clone())
                .collect();
            let free = note_idle(state, &name, idle);
            let in_use = sizes.desired.saturating_sub(u32::try_from(free.len()).unwrap_or(u32::MAX));
            let joining = state.joining(&name, sizes.desired);
            // What is on its way is not in use, and is there for those that wait.
            let desired = wanted(managed, sizes, in_use.saturating_sub(joining), &waiting);
            let surplus = sizes.desired.saturating_sub(desired) as usize;
            let old = free
                .into_iter()
                .filter(|ec2| idle.get(ec2).is_some_and(|since| since.elapsed() >= state.config.scale_in));
            Some(Change { group: name.clone(), desired, idle: old.take(surplus).collect() })
        });
        let Some(change) = change else { continue };
        if change.desired > sizes.desired {
            groups.set_desired(&change.group, change.desired);
        }
        change.idle.iter().for_each(|ec2| groups.end(ec2));
    }
}

/// Instances of a group on which nothing runs, and since when.
fn note_idle(state: &State, group: &str, idle: &mut Idle) -> Vec<String> {
    let of_group = state.clusters.values().flat_map(|cluster| cluster.instances.values());
    let of_group = of_group.filter(|instance| instance.group.as_deref() == Some(group));
    let (mut free, mut gone) = (Vec::new(), Vec::new());
    for instance in of_group {
        if state.tasks_on(&instance.arn).next().is_none() {
            idle.entry(instance.ec2_id.clone()).or_insert_with(Instant::now);
            free.push(instance.ec2_id.clone());
        } else {
            gone.push(instance.ec2_id.clone());
        }
    }
    idle.retain(|ec2, _| !gone.contains(ec2));
    free
}

impl State {
    /// How many instances of a group are asked for and have not joined yet.
    fn joining(&self, group: &str, desired: u32) -> u32 {
        let instances = self.clusters.values().flat_map(|cluster| cluster.instances.values());
        let there = instances.filter(|instance| instance.group.as_deref() == Some(group)).count();
        desired.saturating_sub(u32::try_from(there).unwrap_or(u32::MAX))
    }
}
