//! Making tasks: finding them a place, a port, and a life.

use crate::check::ContainerHealth;
use crate::clock::now;
use crate::constraint::{Constraints, Strategy, strategies};
use crate::definition::{ContainerPlan, Definition};
use crate::ecs::Inner;
use crate::life::Life;
use crate::placement::Refusal;
use crate::plan::Health;
use crate::port;
use crate::service::LoadBalancer;
use crate::state::State;
use crate::strategy::{self, FARGATE, Share};
use crate::tags::Tags;
use crate::task::{Binding, Container, Pace, Status, Target, Task, Times};
use serde_json::Value;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The same placement failure is told again only after so long.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// Who wants a task, and what it is to have of that.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) cluster: String,
    pub(crate) cluster_arn: String,
    /// The service that it belongs to; none of a task that runs once.
    pub(crate) service: Option<String>,
    /// What it is counted with, if somebody says so.
    pub(crate) group: Option<String>,
    /// The service's deployment, or what somebody says.
    pub(crate) started_by: String,
    /// What makes a repeated RunTask the same.
    pub(crate) token: String,
    pub(crate) launch_type: String,
    /// The capacity provider that it goes to, if it goes by a strategy.
    pub(crate) provider: Option<String>,
    pub(crate) tags: Tags,
    /// As RunTask was given them.
    pub(crate) overrides: Value,
    /// Where it may go, and where it goes first.
    pub(crate) constraints: Constraints,
    pub(crate) strategies: Vec<Strategy>,
}

impl Origin {
    /// Sends it to a capacity provider.
    pub(crate) fn provide(&mut self, share: &Share) {
        self.launch_type = if share.is_fargate() { FARGATE } else { "EC2" }.to_owned();
        self.provider = Some(share.provider.clone());
    }
}

impl State {
    /// Starts up to `count` tasks of a service's PRIMARY deployment, and tells what came of it.
    pub(crate) fn launch(&mut self, inner: &Arc<Inner>, key: &(String, String), count: u32) -> Vec<Life> {
        let mut lives = Vec::new();
        for _ in 0..count {
            match self.launch_one(inner, key) {
                Ok(Some(life)) => lives.push(life),
                Ok(None) => break,
                Err(refusal) => {
                    self.tell_refusal(key, &refusal);
                    break;
                }
            }
        }
        if !lives.is_empty() {
            let ids: Vec<String> =
                lives.iter().map(|life| crate::arn::last_segment(&life.arn).to_owned()).collect();
            self.tell(key, &format!("has started {} tasks: {}.", ids.len(), listed(&ids)));
        }
        lives
    }

    fn launch_one(&mut self, inner: &Arc<Inner>, key: &(String, String)) -> Result<Option<Life>, Refusal> {
        let Some(service) = self.services.get(key) else { return Ok(None) };
        let Some(primary) = service.primary().cloned() else { return Ok(None) };
        let Some(definition) = self.definition(&primary.definition).cloned() else { return Ok(None) };
        let propagated = match service.settings.get("propagateTags").and_then(|from| from.as_str()) {
            Some("SERVICE") => service.tags.clone(),
            Some("TASK_DEFINITION") => definition.tags.clone(),
            _ => Tags::default(),
        };
        let mut origin = Origin {
            cluster: key.0.clone(),
            cluster_arn: service.cluster_arn.clone(),
            service: Some(key.1.clone()),
            group: None,
            started_by: primary.id.clone(),
            token: String::new(),
            launch_type: service.launch_type.clone().unwrap_or_default(),
            provider: None,
            tags: propagated,
            overrides: Value::Null,
            // Wrong ones were refused when the service was given them.
            constraints: Constraints::read(&service.setting("placementConstraints")).unwrap_or_default(),
            strategies: strategies(&service.setting("placementStrategy")).unwrap_or_default(),
        };
        let has = |provider: &str| {
            let ours = self.tasks_of(&key.0, &key.1).filter(|task| task.started_by == primary.id);
            let there = ours.filter(|task| task.stop.is_none() && task.provider.as_deref() == Some(provider));
            u32::try_from(there.count()).unwrap_or(u32::MAX)
        };
        if let Some(share) = strategy::next(&service.strategy, has) {
            origin.provide(share);
        }
        let digests = service.digests(&primary.revision);
        let plans: Vec<_> = definition.containers().into_iter().map(|plan| plan.resolved(&digests)).collect();
        self.launch_of(inner, &origin, &definition, &plans, &primary.load_balancers).map(Some)
    }

    /// Starts a task of whatever origin, if there is room for it.
    pub(crate) fn launch_of(
        &mut self,
        inner: &Arc<Inner>,
        origin: &Origin,
        definition: &Definition,
        plans: &[ContainerPlan],
        balancers: &[LoadBalancer],
    ) -> Result<Life, Refusal> {
        let instance = match self.find_room(origin, definition) {
            // Managed scaling makes room for tasks that are there, so that they wait for it.
            Err(_) if self.may_wait(origin) => None,
            found => Some(found?),
        };
        let waits = instance.is_none().then(|| origin.clone());
        let mut task = self.make_task(origin, definition, plans, balancers, instance.flatten());
        task.waits = waits;
        let life = Life {
            inner: inner.clone(),
            arn: task.arn.clone(),
            pace: task.pace,
            targets: task.targets.clone(),
            stopping: task.stopping.clone(),
            processes: plans.iter().map(|_| None).collect(),
            containers: plans.to_vec(),
            essential: JoinSet::new(),
            checks: JoinSet::new(),
        };
        self.add_task(task);
        self.announce_task(&life.arn);
        Ok(life)
    }

    fn make_task(
        &mut self,
        origin: &Origin,
        definition: &Definition,
        plans: &[ContainerPlan],
        balancers: &[LoadBalancer],
        instance: Option<String>,
    ) -> Task {
        let id = self.ids.hex();
        let containers: Vec<_> =
            plans.iter().map(|plan| self.make_container(&origin.cluster, &id, plan)).collect();
        let targets = balancers.iter().filter_map(|balancer| target(balancer, &containers)).collect();
        let attachment_id = self.ids.uuid();
        let lags = self.config.lags;
        let pace = Pace {
            provision: self.ids.draw(lags.provision),
            pull: self.ids.draw(lags.pull),
            start: self.ids.draw(lags.start),
            deprovision: self.ids.draw(lags.deprovision),
        };
        Task {
            arn: self.arns.task(&origin.cluster, &id),
            id,
            cluster: origin.cluster.clone(),
            cluster_arn: origin.cluster_arn.clone(),
            service: origin.service.clone(),
            group: origin.group.clone(),
            started_by: origin.started_by.clone(),
            token: origin.token.clone(),
            overrides: origin.overrides.clone(),
            definition: definition.arn.clone(),
            zone: self.zone_of(&origin.cluster, instance.as_deref()),
            own_interface: definition.network_mode() == "awsvpc",
            attachment_id,
            instance,
            launch_type: origin.launch_type.clone(),
            provider: origin.provider.clone(),
            waits: None,
            need: definition.need(),
            pace,
            status: Status::Provisioning,
            stop: None,
            stopping: CancellationToken::new(),
            containers,
            targets,
            registered: false,
            health: Health::Waiting,
            was_healthy: false,
            running_since: None,
            stopped_since: None,
            times: Times { created: now(), ..Times::default() },
            version: 0,
            tags: origin.tags.clone(),
        }
    }

    fn make_container(&mut self, cluster: &str, task: &str, plan: &ContainerPlan) -> Container {
        let id = self.ids.uuid();
        let mut bindings = Vec::new();
        for mapping in &plan.ports {
            let host_port = self.take_port(mapping.host_port);
            let (container_port, protocol) = (mapping.container_port, mapping.protocol.clone());
            bindings.push(Binding { container_port, host_port, protocol });
        }
        // A container that maps no port still gets one to listen on, so that any command can be rehearsed.
        let port = bindings.first().map(|binding| binding.host_port);
        Container {
            arn: self.arns.container(cluster, task, &id),
            runtime_id: format!("{}{}", self.ids.hex(), self.ids.hex()),
            name: plan.name.clone(),
            image: plan.image.clone(),
            essential: plan.essential,
            checked: plan.check.is_some(),
            health: ContainerHealth::Unknown,
            cpu: plan.cpu,
            memory: plan.memory,
            digest: None,
            port: port.unwrap_or_else(|| self.take_port(0)),
            bindings,
            pid: None,
            process: Weak::new(),
            exit_code: None,
            reason: None,
            log: plan.log.as_ref().map(|log| (log.group.clone(), log.prefix.clone())),
            lines: Arc::default(),
        }
    }

    /// Port 0, which no target can have, only where thousands of ports are taken; the task then fails its
    /// health checks.
    fn take_port(&mut self, wanted: u16) -> u16 {
        let found = if wanted == 0 { port::free(&self.ports) } else { port::fixed(wanted, &self.ports) };
        let port = found.unwrap_or(0);
        self.ports.insert(port);
        port
    }

    fn tell_refusal(&mut self, key: &(String, String), refusal: &Refusal) {
        let (retry, at, event) = (self.config.placement_retry, Instant::now(), self.ids.uuid());
        let Some(service) = self.services.get_mut(key) else { return };
        service.next_placement = Some(at + retry);
        if let Some(primary) = service.primary_mut().filter(|primary| !primary.proved) {
            primary.failed_tasks += 1;
            primary.updated_at = now();
        }
        let message = refusal.message(&service.name);
        let told = service.told_placement.as_ref();
        if told.is_some_and(|(last, when)| *last == message && at - *when < TELL_AGAIN) {
            return;
        }
        service.told_placement = Some((message.clone(), at));
        service.tell_whole(event, now(), message);
        let (arn, cluster) = (service.arn.clone(), service.cluster_arn.clone());
        self.announce_service(
            &arn,
            &cluster,
            ("ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"),
            refusal.resource(),
        );
    }

    /// Adds a service event; `message` without the service's name before it.
    pub(crate) fn tell(&mut self, key: &(String, String), message: &str) {
        let event = self.ids.uuid();
        if let Some(service) = self.services.get_mut(key) {
            service.tell(event, now(), message);
        }
    }
}

/// `(task a) (task b)`.
pub(crate) fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}

/// What a task is registered as: the host port bound to the container port that the balancer names.
fn target(balancer: &LoadBalancer, containers: &[Container]) -> Option<Target> {
    let container = containers.iter().find(|container| container.name == balancer.container)?;
    let bound =
        container.bindings.iter().find(|binding| binding.container_port == balancer.container_port)?;
    Some(Target { group: balancer.target_group.clone(), port: bound.host_port })
}
