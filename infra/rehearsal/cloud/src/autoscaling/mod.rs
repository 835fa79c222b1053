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
use rehearsal_ecs::{Ecs, GroupSizes, ScalingGroups};
use rehearsal_wire::ApiError;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long an instance takes from being asked for to joining its cluster, unless told otherwise. AWS takes minutes.
const LAUNCH: Duration = Duration::from_secs(3);
/// How long managed draining waits for an instance's tasks: ECS's lifecycle hook has 48 hours.
const DRAIN_PATIENCE: Duration = Duration::from_secs(48 * 3_600);
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
        let inner = Arc::new(Inner { account, ecs, groups: Mutex::default(), launch, stop });
        inner.ecs.set_scaling_groups(Arc::new(Link(Arc::downgrade(&inner))));
        Self { inner, _guard: guard }
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
        self.inner.change(name, change)
    }
}

/// How ECS reaches the groups without keeping them.
struct Link(Weak<Inner>);

impl ScalingGroups for Link {
    fn sizes(&self, group: &str) -> Option<GroupSizes> {
        let inner = self.0.upgrade()?;
        let groups = inner.groups.lock();
        let GroupSetting { least, most, desired, size, .. } = groups.get(group)?.setting;
        Some(GroupSizes { least, most, desired, each: size })
    }

    fn set_desired(&self, group: &str, desired: u32) {
        let Some(inner) = self.0.upgrade() else { return };
        let set = inner.change(group, |group| {
            group.setting.desired = desired;
            Ok(())
        });
        if let Err(error) = set {
            tracing::warn!(%error, group, "managed scaling cannot change a group");
        }
    }

    fn end(&self, ec2_id: &str) {
        let Some(inner) = self.0.upgrade() else { return };
        let mut groups = inner.groups.lock();
        let has = |group: &&mut Group| group.instances.iter().any(|instance| instance.ec2 == ec2_id);
        let Some(group) = groups.values_mut().find(has) else { return };
        group.setting.desired = group.setting.desired.saturating_sub(1).max(group.setting.least);
        let at = group.instances.iter().position(|instance| instance.ec2 == ec2_id);
        let gone = at.map(|at| group.instances.remove(at));
        let name = group.setting.name.clone();
        inner.end(&name, gone.as_slice());
    }
}

impl Inner {
    fn change(
        self: &Arc<Self>,
        name: &str,
        change: impl FnOnce(&mut Group) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut groups = self.groups.lock();
        let Some(group) = groups.get_mut(name) else {
            let message = format!("AutoScalingGroup name not found - no such group: {name}");
            return Err(ApiError::new("ValidationError", message));
        };
        change(group)?;
        let wanted = group.setting.desired as usize;
        // The oldest go first: whoever asks for fewer does not choose which.
        let surplus = group.instances.len().saturating_sub(wanted);
        let gone: Vec<Instance> = group.instances.drain(..surplus).collect();
        self.end(name, &gone);
        while group.instances.len() < wanted {
            let instance = pending();
            self.launch(name.to_owned(), instance.ec2.clone());
            group.instances.push(instance);
        }
        Ok(())
    }

    /// Lets an instance join its cluster after a while, unless it has been terminated until then.
    fn launch(self: &Arc<Self>, name: String, ec2: String) {
        let (inner, stop) = (Arc::downgrade(self), self.stop.clone());
        let launch = *self.launch.lock();
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
    /// With managed draining they go once nothing runs on them any more.
    fn end(&self, group: &str, instances: &[Instance]) {
        let drains = self.ecs.drains(group);
        for host in instances.iter().filter_map(|instance| instance.host.clone()) {
            if drains && !self.ecs.tasks_on(&host).is_empty() {
                self.ecs.set_draining(&host, true);
                tokio::spawn(drained(self.ecs.clone(), host, self.stop.clone()));
                continue;
            }
            take_away(&self.ecs, &host);
        }
    }

    fn join(&self, setting: &GroupSetting, instance: &mut Instance) -> Result<(), ApiError> {
        let (cpu, memory) = setting.size;
        instance.host = Some(self.ecs.join(&setting.cluster, (&instance.ec2, &setting.name), cpu, memory)?);
        instance.life = Life::InService;
        Ok(())
    }
}

/// Takes a draining instance away when nothing runs on it any more, or its patience is over.
async fn drained(ecs: Ecs, host: String, stop: CancellationToken) {
    let empty = async {
        let mut changes = ecs.changes();
        while !ecs.tasks_on(&host).is_empty() && changes.changed().await.is_ok() {}
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => return,
        () = empty => {}
        () = tokio::time::sleep(DRAIN_PATIENCE) => {}
    }
    take_away(&ecs, &host);
}

fn take_away(ecs: &Ecs, host: &str) {
    for task in ecs.tasks_on(host) {
        ecs.crash_task(&task);
    }
    ecs.remove_container_instance(host);
}

fn pending() -> Instance {
    let digits = rehearsal_world::uuid().simple().to_string();
    Instance { ec2: format!("i-{}", &digits[..EC2_ID_DIGITS]), life: Life::Pending, host: None }
}
