//! The service scheduler: on every tick it looks at each service, plans, and carries the plan out.

use crate::check::ContainerHealth;
use crate::ecs::Inner;
use crate::health::{Condemned, Known, assess};
use crate::launch::listed;
use crate::life::Life;
use crate::managed::{Idle, scale};
use crate::plan::{Because, Health, SchedulerAction, ServiceView, TaskView, plan_service};
use crate::service::{Notes, Service, ServiceStatus};
use crate::state::State;
use crate::task::{ADDRESS, Status, Stop, Target, Task};
use rehearsal_elb::TargetHealth;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long STOPPED tasks can still be described.
const STOPPED_KEPT: Duration = Duration::from_secs(3_600);
/// And how many of them.
const STOPPED_LIMIT: usize = 1_000;

/// A task and what each of its target groups says of it.
type Seen = (String, Vec<Option<TargetHealth>>);

/// Ticks until shutdown.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut ticks = interval(inner.config.tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut idle = Idle::new();
    loop {
        tokio::select! {
            biased;
            () = inner.shutdown.cancelled() => return,
            _ = ticks.tick() => {
                tick(&inner);
                scale(&inner, &mut idle);
            }
        }
    }
}

fn tick(inner: &Arc<Inner>) {
    let seen = ask_targets(inner);
    let lives = inner.update(|state| {
        let mut changed = state.observe(&seen);
        let mut lives = Vec::new();
        let keys: Vec<_> = state.services.keys().cloned().collect();
        for key in keys {
            let (started, acted) = state.schedule(inner, &key);
            changed |= acted;
            lives.extend(started);
        }
        state.forget_stopped();
        let changed = changed || !state.outbox.is_empty();
        (lives, changed)
    });
    lives.into_iter().for_each(|life| inner.spawn(life));
}

/// Asks outside the lock: the balancer has locks of its own.
fn ask_targets(inner: &Inner) -> Vec<Seen> {
    let tasks: Vec<(String, Vec<Target>)> = inner.look(|state| {
        let running =
            state.tasks.values().filter(|task| task.status == Status::Running && task.stop.is_none());
        running.map(|task| (task.arn.clone(), task.targets.clone())).collect()
    });
    let health = |target: &Target| inner.targets.target_health(&target.group, ADDRESS, target.port);
    tasks.into_iter().map(|(arn, targets)| (arn, targets.iter().map(health).collect())).collect()
}

impl State {
    /// Takes in what the target groups say. True if that is news.
    fn observe(&mut self, seen: &[Seen]) -> bool {
        let mut news = false;
        for (arn, targets) in seen {
            news |= self.observe_one(arn, targets);
        }
        news
    }

    fn observe_one(&mut self, arn: &str, targets: &[Option<TargetHealth>]) -> bool {
        let Some(task) = self.task(arn) else { return false };
        let key = (task.cluster.clone(), task.service.clone().unwrap_or_default());
        let grace = self.services.get(&key).and_then(|service| service.grace).unwrap_or(0);
        let grace = Duration::from_secs(u64::from(grace));
        let in_grace = task.running_since.is_none_or(|since| since.elapsed() < grace);
        let has_run = task.running_since.is_some_and(|since| since.elapsed() >= self.config.unchecked);
        let (health, condemned) = assess(&Known { targets, checks: task.checks(), in_grace, has_run });
        let Some(task) = self.task_mut(arn) else { return false };
        if task.health == health {
            return false;
        }
        task.health = health;
        task.was_healthy |= health == Health::Healthy;
        let deployment = task.started_by.clone();
        if health == Health::Healthy {
            self.prove(&key.0, &key.1, &deployment);
        } else if condemned == Some(Condemned::Checks) {
            let id = self.task(arn).map(|task| task.id.clone()).unwrap_or_default();
            self.tell(&key, &format!("(task {id}) failed container health checks."));
        } else if let Some(Condemned::Target(index)) = condemned {
            let (id, target) = (task.id.clone(), task.targets[index].clone());
            let reason =
                targets[index].as_ref().and_then(|said| said.description.clone().or(said.reason.clone()));
            let reason = reason.unwrap_or_default();
            self.tell(
                &key,
                &format!(
                    "(task {id}) (port {}) is unhealthy in (target-group {}) due to (reason {reason}).",
                    target.port, target.group
                ),
            );
        }
        true
    }

    /// One service: plan, act, settle. Returns the tasks it started, and whether anything was done.
    fn schedule(&mut self, inner: &Arc<Inner>, key: &(String, String)) -> (Vec<Life>, bool) {
        let Some(view) = self.view(key) else { return (Vec::new(), false) };
        self.tell_notes(key);
        let actions = plan_service(&view);
        let mut lives = Vec::new();
        let mut stopped = Vec::new();
        for action in &actions {
            match action {
                SchedulerAction::Start(count) => lives.extend(self.launch(inner, key, *count)),
                SchedulerAction::Stop { task, because } => stopped.extend(self.retire(key, task, *because)),
            }
        }
        self.tell_stopped(key, &stopped);
        let settled = self.settle(key);
        (lives, settled || !actions.is_empty())
    }

    fn view(&self, key: &(String, String)) -> Option<ServiceView> {
        let service = self.services.get(key).filter(|service| service.status != ServiceStatus::Inactive)?;
        let tasks = self.tasks_of(&key.0, &key.1).filter(|task| task.status != Status::Stopped);
        let tasks = tasks.map(|task| TaskView {
            id: task.arn.clone(),
            deployment: task.started_by.clone(),
            stage: task.stage(),
            health: task.health,
            leaving: self.drains(task),
        });
        Some(ServiceView {
            desired: service.desired,
            minimum_healthy_percent: service.rolling.minimum,
            maximum_percent: service.rolling.maximum,
            ceiling: self.config.ceiling,
            primary: service.primary()?.id.clone(),
            may_launch: may_launch(service, Instant::now()),
            no_room: service.next_placement.is_some_and(|retry| Instant::now() < retry),
            tasks: tasks.collect(),
        })
    }

    fn drains(&self, task: &Task) -> bool {
        let instances = self.clusters.get(&task.cluster).map(|cluster| &cluster.instances);
        let instance = task.instance.as_ref().and_then(|arn| instances?.get(arn));
        instance.is_some_and(|instance| !instance.active)
    }

    /// Stops a task for the scheduler. Returns its id.
    fn retire(&mut self, key: &(String, String), arn: &str, because: Because) -> Option<String> {
        let deployment = self.services.get(key)?.primary()?.id.clone();
        let task = self.task(arn)?;
        let id = task.id.clone();
        let reason = match because {
            Because::Scaling => format!("Scaling activity initiated by (deployment {deployment})"),
            Because::Unhealthy if task.checks() == Some(ContainerHealth::Unhealthy) => {
                "Task failed container health checks".to_owned()
            }
            Because::Unhealthy => {
                let group = task.targets.first().map(|target| target.group.clone()).unwrap_or_default();
                format!("Task failed ELB health checks in (target-group {group})")
            }
        };
        self.stop_task(arn, Stop::by_scheduler(reason), because == Because::Unhealthy);
        Some(id)
    }

    fn tell_stopped(&mut self, key: &(String, String), ids: &[String]) {
        if ids.is_empty() {
            return;
        }
        let balanced =
            self.services.get(key).and_then(Service::primary).is_some_and(|it| !it.load_balancers.is_empty());
        if balanced {
            self.tell(key, &format!("has begun draining connections on {} tasks.", ids.len()));
        }
        self.tell(key, &format!("has stopped {} running tasks: {}.", ids.len(), listed(ids)));
    }

    /// Tells registrations since the last tick, one event for each target group.
    fn tell_notes(&mut self, key: &(String, String)) {
        let Some(service) = self.services.get_mut(key) else { return };
        let Notes { registered, deregistered, failed } = std::mem::take(&mut service.notes);
        for (group, count) in registered {
            self.tell(key, &format!("registered {count} targets in (target-group {group})."));
        }
        for (group, count) in deregistered {
            self.tell(key, &format!("deregistered {count} targets in (target-group {group})."));
        }
        for (group, error) in failed {
            self.tell(
                key,
                &format!("failed to register targets in (target-group {group}) with (error {error})."),
            );
        }
    }

    /// STOPPED tasks are kept for a while, and not too many of them.
    fn forget_stopped(&mut self) {
        let stopped = self.tasks.iter().filter(|(_, task)| task.status == Status::Stopped);
        let stopped: Vec<(u64, bool)> = stopped
            .map(|(number, task)| {
                (*number, task.stopped_since.is_some_and(|since| since.elapsed() > STOPPED_KEPT))
            })
            .collect();
        let beyond = stopped.len().saturating_sub(STOPPED_LIMIT);
        for (index, (number, old)) in stopped.into_iter().enumerate() {
            if (old || index < beyond)
                && let Some(task) = self.tasks.remove(&number)
            {
                self.by_arn.remove(&task.arn);
            }
        }
    }
}

fn may_launch(service: &Service, at: Instant) -> bool {
    let waits = |until: Option<Instant>| until.is_some_and(|until| at < until);
    let primary = service.primary();
    primary.is_some_and(|primary| {
        primary.rollout != crate::deployment::Rollout::Failed && !waits(primary.next_launch)
    }) && !waits(service.next_placement)
}
