//! The rolling scheduler's decision: which tasks to start and which to stop. Pure.
//!
//! floor = ceil(desired × minimumHealthyPercent), ceiling = floor(desired × maximumPercent). Healthy tasks
//! are never stopped below the floor; tasks are never started above the ceiling. A task that fails its health
//! checks is stopped once its replacement is healthy, or at once where the ceiling or the cluster has no room
//! for both. Other tasks that are not healthy hold nothing up, so stopping one costs no health.

use crate::config::CeilingCounts;

/// A service as the scheduler sees it.
#[derive(Debug, Clone)]
pub struct ServiceView {
    /// Tasks wanted.
    pub desired: u32,
    /// Percent of desired that stays healthy.
    pub minimum_healthy_percent: u32,
    /// Percent of desired that may exist.
    pub maximum_percent: u32,
    /// What the ceiling counts.
    pub ceiling: CeilingCounts,
    /// The id of the PRIMARY deployment.
    pub primary: String,
    /// False while launches back off, or after the deployment failed for good.
    pub may_launch: bool,
    /// The last attempt to place a task has just found no place.
    pub no_room: bool,
    /// Every task that has not STOPPED, oldest first.
    pub tasks: Vec<TaskView>,
}

/// A task as the scheduler sees it.
#[derive(Debug, Clone)]
pub struct TaskView {
    /// Its ARN.
    pub id: String,
    /// The deployment that started it.
    pub deployment: String,
    /// How far it is.
    pub stage: Stage,
    /// How it is.
    pub health: Health,
    /// Its container instance drains: it is to run elsewhere.
    pub leaving: bool,
}

/// How far a task is in its life, as far as the scheduler cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// PROVISIONING, PENDING or ACTIVATING.
    Pending,
    /// RUNNING.
    Running,
    /// On its way to STOPPED.
    Stopping,
}

/// How a task is, by its target groups and its containers' health checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not known yet, or failing inside the grace period.
    Waiting,
    /// Counts towards the floor.
    Healthy,
    /// To be replaced.
    Unhealthy,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchedulerAction {
    /// Start so many tasks of the PRIMARY deployment.
    Start(u32),
    /// Stop a task.
    Stop {
        /// Its ARN.
        task: String,
        /// Why.
        because: Because,
    },
}

/// Why the scheduler stops a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// It failed its target group's health checks, or its containers' own.
    Unhealthy,
    /// Its deployment is no longer the PRIMARY one, its instance drains, or there are more tasks than desired.
    Scaling,
}

impl ServiceView {
    /// Healthy tasks that must stay.
    pub fn floor(&self) -> u32 {
        percent(self.desired, self.minimum_healthy_percent).div_ceil(100).try_into().unwrap_or(u32::MAX)
    }

    /// Tasks that may exist.
    pub fn ceiling(&self) -> u32 {
        (percent(self.desired, self.maximum_percent) / 100).try_into().unwrap_or(u32::MAX)
    }

    /// Tasks that count against the ceiling.
    pub fn occupying(&self) -> u32 {
        let stopping_too = self.ceiling == CeilingCounts::StoppingToo;
        count(self.tasks.iter().filter(|task| stopping_too || task.stage != Stage::Stopping))
    }

    /// Tasks that count towards the floor.
    pub fn healthy(&self) -> u32 {
        count(self.tasks.iter().filter(|task| task.counts_as_healthy()))
    }
}

impl TaskView {
    fn counts_as_healthy(&self) -> bool {
        self.stage == Stage::Running && self.health == Health::Healthy
    }
}

/// What to do now, given the service as it is now. Called again on every tick, so it plans one move only.
pub fn plan_service(view: &ServiceView) -> Vec<SchedulerAction> {
    let live = || view.tasks.iter().filter(|task| task.stage != Stage::Stopping);
    let (current, retired): (Vec<_>, Vec<_>) =
        live().partition(|task| task.deployment == view.primary && !task.leaving);
    let (sick, current): (Vec<_>, Vec<_>) =
        current.into_iter().partition(|task| task.health == Health::Unhealthy);
    let (lost, retired): (Vec<_>, Vec<_>) =
        retired.into_iter().partition(|task| task.health == Health::Unhealthy);

    let missing = view.desired.saturating_sub(count(current.iter()));
    let healthy = count(current.iter().filter(|task| task.counts_as_healthy()));
    let surplus = current.len().saturating_sub(view.desired as usize);
    let mut spare = view.healthy().saturating_sub(view.floor());
    let mut actions: Vec<SchedulerAction> = lost.iter().map(|task| stop(task, Because::Unhealthy)).collect();
    actions.extend(retire(retired, usize::MAX, &mut spare));
    actions.extend(retire(newest_first(current), surplus, &mut spare));

    // Sick tasks whose replacements are healthy already, and those in whose place alone one can start.
    let superseded = count(sick.iter()).saturating_sub(view.desired.saturating_sub(healthy));
    let in_the_way = in_the_way(view, missing, count(actions.iter()));
    let replaced = sick.iter().take(superseded.max(in_the_way) as usize);
    actions.extend(replaced.map(|task| stop(task, Because::Unhealthy)));

    let freed = match view.ceiling {
        CeilingCounts::RunningAndPending => count(actions.iter()),
        CeilingCounts::StoppingToo => 0,
    };
    let starts = missing.min(view.ceiling().saturating_sub(view.occupying().saturating_sub(freed)));
    if view.may_launch && starts > 0 {
        actions.push(SchedulerAction::Start(starts));
    }
    actions
}

/// How many tasks more must go before all that are missing have room, once `going` have gone.
fn in_the_way(view: &ServiceView, missing: u32, going: u32) -> u32 {
    let stopping = count(view.tasks.iter().filter(|task| task.stage == Stage::Stopping));
    if view.no_room {
        // Each that goes makes room for one of its kind.
        return missing.saturating_sub(stopping + going);
    }
    let staying = count(view.tasks.iter()).saturating_sub(stopping + going);
    if missing == 0 { 0 } else { (missing + staying).saturating_sub(view.ceiling()) }
}

/// Stops up to `most` of these: first all that are not healthy, then healthy ones while `spare` lasts.
fn retire<'a>(
    tasks: Vec<&'a TaskView>,
    most: usize,
    spare: &mut u32,
) -> impl Iterator<Item = SchedulerAction> + use<'a> {
    let (healthy, others): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|task| task.counts_as_healthy());
    let wanted = most.saturating_sub(others.len()).min(healthy.len());
    let granted = wanted.min(*spare as usize);
    *spare -= u32::try_from(granted).unwrap_or(*spare);
    others
        .into_iter()
        .take(most)
        .chain(healthy.into_iter().take(granted))
        .map(|task| stop(task, Because::Scaling))
}

/// Pending tasks are the newest; scaling in gives up what was gained last.
fn newest_first(mut tasks: Vec<&TaskView>) -> Vec<&TaskView> {
    tasks.reverse();
    tasks
}

fn stop(task: &TaskView, because: Because) -> SchedulerAction {
    SchedulerAction::Stop { task: task.id.clone(), because }
}

fn percent(desired: u32, percent: u32) -> u64 {
    u64::from(desired) * u64::from(percent)
}

fn count<'a, T: 'a>(items: impl Iterator<Item = T>) -> u32 {
    items.count().try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
