//! What happens to an ECS from outside its API: hosts come, go, shrink and lose their agents; tasks crash.

use crate::clock::now;
use crate::container::Running;
use crate::ecs::Ecs;
use crate::instance::Instance;
use crate::provider::ScalingGroups;
use crate::strategy::FARGATE_SPOT;
use crate::task::Stop;
use rehearsal_wire::ApiError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Digits in an EC2 instance id.
const EC2_ID_DIGITS: usize = 17;

impl Ecs {
    /// Registers a container instance with so much CPU (units), memory (MiB), and these ports already taken.
    /// Returns its ARN.
    ///
    /// # Errors
    /// `ClusterNotFoundException`.
    pub fn add_container_instance(
        &self,
        cluster: &str,
        cpu: u32,
        memory: u32,
        ports: &[u16],
    ) -> Result<String, ApiError> {
        let ec2_id = self.inner.with(|state| format!("i-{}", &state.ids.hex()[..EC2_ID_DIGITS]));
        self.register(cluster, (ec2_id, None), (cpu, memory), ports)
    }

    /// Registers this EC2 instance of an Auto Scaling group as a container instance. Returns its ARN.
    ///
    /// # Errors
    /// `ClusterNotFoundException`.
    pub fn join(
        &self,
        cluster: &str,
        (ec2_id, group): (&str, &str),
        cpu: u32,
        memory: u32,
    ) -> Result<String, ApiError> {
        self.register(cluster, (ec2_id.to_owned(), Some(group.to_owned())), (cpu, memory), &[])
    }

    fn register(
        &self,
        cluster: &str,
        (ec2_id, group): (String, Option<String>),
        (cpu, memory): (u32, u32),
        ports: &[u16],
    ) -> Result<String, ApiError> {
        self.inner.with(|state| {
            let cluster = state.cluster_name(&serde_json::json!({ "cluster": cluster }))?;
            let id = state.ids.hex();
            let arn = state.arns.instance(&cluster, &id);
            let instance = Instance {
                ec2_id,
                group,
                id,
                arn: arn.clone(),
                cpu,
                memory,
                ports: ports.to_vec(),
                connected: true,
                active: true,
                registered_at: now(),
                zone: format!("{}a", state.arns.region),
                attributes: BTreeMap::new(),
            };
            if let Some(cluster) = state.clusters.get_mut(&cluster) {
                cluster.instances.insert(arn.clone(), instance);
            }
            Ok(arn)
        })
    }

    /// Changes what an instance has; what its tasks hold beyond that stays theirs. True if it is there.
    pub fn resize_container_instance(&self, arn: &str, cpu: u32, memory: u32, ports: &[u16]) -> bool {
        self.change_instance(arn, |instance| {
            (instance.cpu, instance.memory) = (cpu, memory);
            instance.ports = ports.to_vec();
        })
    }

    /// Lets an instance drain, or take tasks again, as UpdateContainerInstancesState does. True if it is
    /// there.
    pub fn set_draining(&self, arn: &str, draining: bool) -> bool {
        self.change_instance(arn, |instance| instance.active = !draining)
    }

    /// Lets an instance's agent lose or regain its connection. True if the instance is there.
    pub fn set_agent_connected(&self, arn: &str, connected: bool) -> bool {
        self.change_instance(arn, |instance| instance.connected = connected)
    }

    /// Says which Auto Scaling groups there are; once.
    pub fn set_scaling_groups(&self, groups: Arc<dyn ScalingGroups>) {
        let _ = self.inner.groups.set(groups);
    }

    /// Whether instances of an Auto Scaling group are to be drained before they end: managed draining of its capacity
    /// provider.
    #[must_use]
    pub fn drains(&self, group: &str) -> bool {
        self.inner.look(|state| state.providers.values().any(|one| one.group == group && one.draining))
    }

    /// Lets Fargate Spot take a task's room back, with SIGTERM at once and SIGKILL after its stop timeout. True if it
    /// runs there and is wanted.
    pub fn interrupt_spot(&self, arn: &str) -> bool {
        self.inner.with(|state| {
            let there = state
                .task(arn)
                .is_some_and(|task| task.stop.is_none() && task.provider.as_deref() == Some(FARGATE_SPOT));
            if there {
                state.stop_task(arn, Stop::interrupted(), false);
            }
            there
        })
    }

    /// Whether Fargate Spot has room for new tasks from now on.
    pub fn set_spot_capacity(&self, is_there: bool) {
        self.inner.with(|state| state.spot = is_there);
    }

    fn change_instance(&self, arn: &str, change: impl FnOnce(&mut Instance)) -> bool {
        self.inner.with(|state| {
            let found = state.clusters.values_mut().find_map(|cluster| cluster.instances.get_mut(arn));
            found.map(change).is_some()
        })
    }

    /// Takes a container instance away; its tasks run on until they are stopped. True if it was there.
    pub fn remove_container_instance(&self, arn: &str) -> bool {
        self.inner.with(|state| {
            let removed = state.clusters.values_mut().filter_map(|cluster| cluster.instances.remove(arn));
            removed.count() > 0
        })
    }

    /// The tasks on a container instance that have not stopped.
    #[must_use]
    pub fn tasks_on(&self, arn: &str) -> Vec<String> {
        self.inner.look(|state| state.tasks_on(arn).map(|task| task.arn.clone()).collect())
    }

    /// Kills a task's processes without a word to the scheduler, as a crash or the kernel would: it ends with
    /// `Essential container in task exited` and code 137. True if there was a process.
    pub fn crash_task(&self, arn: &str) -> bool {
        let processes: Vec<Arc<Running>> = self.inner.look(|state| {
            let containers = state.task(arn).map(|task| task.containers.as_slice()).unwrap_or_default();
            containers.iter().filter_map(|container| container.process.upgrade()).collect()
        });
        let running = processes.iter().filter(|process| process.exited().is_none());
        running.map(|process| process.kill()).count() > 0
    }

    /// Stops a task as `StopTask` does: deregistered, but SIGTERM at once. True if there is such a task, still
    /// wanted.
    pub fn stop_task(&self, arn: &str, reason: &str) -> bool {
        self.inner.with(|state| {
            let wanted = state.task(arn).is_some_and(|task| task.stop.is_none());
            if wanted {
                state.stop_task(arn, Stop::by_user(reason.to_owned()), false);
            }
            wanted
        })
    }
}
