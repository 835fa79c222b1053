//! EC2 Auto Scaling: groups whose instances are container instances of a cluster, some seconds after they are asked for.
//!
//! Owns: how many instances there are and when they join. Never: what runs on them; a task that is on an instance when it
//! is terminated dies with it.

mod api;
mod group;

pub use group::GroupSetting;

use crate::account::Account;
use group::{Group, Instance, Life};
use parking_lot::Mutex;
use rehearsal_ecs::Ecs;
use rehearsal_wire::ApiError;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long an instance takes from being asked for to joining its cluster, unless told otherwise. AWS takes minutes.
const LAUNCH: Duration = Duration::from_secs(3);
/// Digits in an EC2 instance id.
const EC2_ID_DIGITS: usize = 17;

/// The groups. Cheap to clone; the last clone ends what is on its way.
#[derive(Clone)]
pub struct AutoScaling {
    inner: Arc<Inner>,
    _guard: Arc<DropGuard>,
}

struct Inner {
    account: Account,
    ecs: Ecs,
    groups: Mutex<BTreeMap<String, Group>>,
    launch: Mutex<Duration>,
    stop: CancellationToken,
}

impl AutoScaling {
    /// Without groups.
    #[must_use]
    pub fn new(account: Account, ecs: Ecs) -> Self {
        let stop = CancellationToken::new();
        let guard = Arc::new(stop.clone().drop_guard());
        let launch = Mutex::new(LAUNCH);
        Self {
            inner: Arc::new(Inner { account, ecs, groups: Mutex::default(), launch, stop }),
            _guard: guard,
        }
    }

    /// Makes a group; its first instances have joined their cluster already.
    ///
    /// # Errors
    /// If there is no such cluster.
    pub fn create(&self, setting: GroupSetting) -> Result<(), ApiError> {
        let mut group = Group {
            id: rehearsal_world::uuid().to_string(),
            created: rehearsal_world::now(),
            instances: Vec::new(),
            setting,
        };
        for _ in 0..group.setting.desired {
            let mut instance = pending();
            self.inner.join(&group.setting, &mut instance)?;
            group.instances.push(instance);
        }
        self.inner.groups.lock().insert(group.setting.name.clone(), group);
        Ok(())
    }

    /// From now on instances take so long to join.
    pub fn set_launch(&self, launch: Duration) {
        *self.inner.launch.lock() = launch;
    }

    /// How many instances a group is told to have, and how many have joined; none if there is no such group.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<(u32, usize)> {
        let groups = self.inner.groups.lock();
        let group = groups.get(name)?;
        let joined = group.instances.iter().filter(|instance| instance.life == Life::InService).count();
        Some((group.setting.desired, joined))
    }

    /// The ARN and the tags of a group, by its name or by one of its instances.
    pub(crate) fn known(&self, name: &str) -> Option<(String, BTreeMap<String, String>)> {
        let of = self.group_of(name);
        let groups = self.inner.groups.lock();
        let group = groups.get(of.as_deref().unwrap_or(name))?;
        Some((group.arn(&self.inner.account), group.setting.tags.clone()))
    }

    fn group_of(&self, ec2: &str) -> Option<String> {
        let groups = self.inner.groups.lock();
        let has = |group: &&Group| group.instances.iter().any(|instance| instance.ec2 == ec2);
        groups.values().find(has).map(|group| group.setting.name.clone())
    }

    /// Changes a group, and lets it have as many instances as it is told then.
    fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut Group) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut groups = self.inner.groups.lock();
        let Some(group) = groups.get_mut(name) else {
            let message = format!("AutoScalingGroup name not found - no such group: {name}");
            return Err(ApiError::new("ValidationError", message));
        };
        change(group)?;
        let wanted = group.setting.desired as usize;
        // The oldest go first: whoever asks for fewer does not choose which.
        let surplus = group.instances.len().saturating_sub(wanted);
        let gone: Vec<Instance> = group.instances.drain(..surplus).collect();
        self.end(&gone);
        while group.instances.len() < wanted {
            let instance = pending();
            self.launch(name.to_owned(), instance.ec2.clone());
            group.instances.push(instance);
        }
        Ok(())
    }

    /// Lets an instance join its cluster after a while, unless it has been terminated until then.
    fn launch(&self, name: String, ec2: String) {
        let (inner, stop) = (Arc::downgrade(&self.inner), self.inner.stop.clone());
        let launch = *self.inner.launch.lock();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = tokio::time::sleep(launch) => {}
                () = stop.cancelled() => return,
            }
            let Some(inner) = inner.upgrade() else { return };
            let mut groups = inner.groups.lock();
            let Some(Group { setting, instances, .. }) = groups.get_mut(&name) else { return };
            let Some(instance) = instances.iter_mut().find(|instance| instance.ec2 == ec2) else { return };
            if let Err(error) = inner.join(setting, instance) {
                tracing::warn!(%error, ec2, "an instance could not join its cluster");
            }
        });
    }

    /// Takes instances away, and what runs on them.
    fn end(&self, instances: &[Instance]) {
        for host in instances.iter().filter_map(|instance| instance.host.as_ref()) {
            for task in self.inner.ecs.tasks_on(host) {
                self.inner.ecs.crash_task(&task);
            }
            self.inner.ecs.remove_container_instance(host);
        }
    }
}

impl Inner {
    fn join(&self, setting: &GroupSetting, instance: &mut Instance) -> Result<(), ApiError> {
        let (cpu, memory) = setting.size;
        instance.host = Some(self.ecs.join(&setting.cluster, &instance.ec2, cpu, memory)?);
        instance.life = Life::InService;
        Ok(())
    }
}

fn pending() -> Instance {
    let digits = rehearsal_world::uuid().simple().to_string();
    Instance { ec2: format!("i-{}", &digits[..EC2_ID_DIGITS]), life: Life::Pending, host: None }
}
