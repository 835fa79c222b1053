//! Starting a task's containers, each once those that it waits for let it, and ending them the other way round.

use crate::check::{ContainerHealth, Watch};
use crate::clock::now;
use crate::container::Running;
use crate::depend::{Seen, Verdict};
use crate::life::{Ended, Life};
use crate::logs::Printed;
use crate::registry::Image;
use crate::task::Status;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// The exit code of a container that was never started, as the agent gives it where what it waits for failed.
const NEVER_STARTED: i32 = 128 + 15;

impl Life {
    /// Starts every container, in the order of their dependencies.
    pub(crate) async fn start(&mut self, images: &[Image]) -> Result<(), Ended> {
        let mut began: Vec<Option<Instant>> = vec![None; images.len()];
        let mut waiting: Vec<usize> = (0..images.len()).collect();
        loop {
            let before = waiting.len();
            for index in std::mem::take(&mut waiting) {
                match self.may_start(index, &began) {
                    Verdict::Met => {
                        self.start_one(index, &images[index])?;
                        began[index] = Some(Instant::now());
                    }
                    Verdict::NotYet => waiting.push(index),
                    Verdict::Never => self.never(index)?,
                }
            }
            if waiting.is_empty() {
                return Ok(());
            }
            // Whoever has just started may be all that another waits for.
            if waiting.len() == before {
                let tick = self.inner.config.tick;
                if let Ok(ended) = timeout(tick, self.interruption()).await {
                    return Err(ended);
                }
                self.note_exits();
            }
        }
    }

    fn may_start(&self, index: usize, began: &[Option<Instant>]) -> Verdict {
        let seen = self.seen(began);
        let verdicts = self.containers[index].depends_on.iter().map(|needs| {
            let other = self.containers.iter().position(|plan| plan.name == needs.container);
            needs.condition.by(&other.map(|other| seen[other]).unwrap_or_default())
        });
        let all: Vec<Verdict> = verdicts.collect();
        let any = |verdict| all.contains(&verdict);
        match () {
            () if any(Verdict::Never) => Verdict::Never,
            () if any(Verdict::NotYet) => Verdict::NotYet,
            () => Verdict::Met,
        }
    }

    /// How its containers are.
    fn seen(&self, began: &[Option<Instant>]) -> Vec<Seen> {
        self.inner.look(|state| {
            let told = state.task(&self.arn).map(|task| task.containers.as_slice()).unwrap_or_default();
            let pairs = self.containers.iter().zip(&self.processes).zip(began).zip(told);
            pairs
                .map(|(((plan, process), began), told)| Seen {
                    started: began.is_some(),
                    exit_code: process.as_ref().and_then(|process| process.exited()).or(told.exit_code),
                    healthy: told.health == ContainerHealth::Healthy,
                    age: began.map(|began| began.elapsed()).unwrap_or_default(),
                    patience: plan.start_timeout,
                })
                .collect()
        })
    }

    /// What a container waits for has failed: it counts as ended, and if it is essential, so does the task.
    fn never(&self, index: usize) -> Result<(), Ended> {
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.arn) {
                task.containers[index].exit_code = Some(NEVER_STARTED);
            }
        });
        if self.containers[index].essential { Err(Ended::Exited) } else { Ok(()) }
    }

    fn start_one(&mut self, index: usize, image: &Image) -> Result<(), Ended> {
        let plan = &self.containers[index];
        let command = plan.runs(image);
        let Some((port, lines)) = self.inner.look(|state| {
            let container = &state.task(&self.arn)?.containers[index];
            Some((container.port, container.lines.clone()))
        }) else {
            return Err(Ended::Asked);
        };
        let mut environment = image.environment.clone();
        environment.extend(plan.environment.iter().cloned());
        environment.push(("PORT".to_owned(), port.to_string()));
        environment.push(("TASK_ARN".to_owned(), self.arn.clone()));
        let containers = self.inner.config.containers.as_ref();
        let printed = Printed(lines);
        match Running::start(containers, &command, &environment, printed, &self.inner.watchdog) {
            Ok(process) => {
                self.started(index, process);
                self.check(index, environment);
                Ok(())
            }
            Err(error) => {
                let program = command.first().map(String::as_str).unwrap_or_default();
                let reason = format!("CannotStartContainerError: exec: {program:?}: {error}");
                Err(self.cannot(index, reason, "Task failed to start".to_owned()))
            }
        }
    }

    fn started(&mut self, index: usize, process: Running) {
        let process = Arc::new(process);
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.arn) {
                task.containers[index].pid = process.pid();
                task.containers[index].process = Arc::downgrade(&process);
            }
        });
        if self.containers[index].essential {
            self.essential.spawn(process.exit());
        }
        self.processes[index] = Some(process);
    }

    /// Begins a container's health check, if it has one.
    fn check(&mut self, container: usize, environment: Vec<(String, String)>) {
        let Some(plan) = self.containers[container].check.clone() else { return };
        let watch = Watch {
            inner: self.inner.clone(),
            task: self.arn.clone(),
            container,
            plan,
            environment,
            stopping: self.stopping.clone(),
        };
        self.checks.spawn(watch.run());
    }

    /// SIGTERM, and time to act on it: each container once those that depend on it have ended.
    pub(crate) async fn terminate(&self) {
        self.advance(Status::Stopping);
        let is_running = |process: &&Arc<Running>| process.exited().is_none();
        let running = || self.processes.iter().zip(&self.containers);
        let mut endings = JoinSet::new();
        for (process, plan) in running() {
            let Some(process) = process.as_ref().filter(is_running) else { continue };
            let depends = |other: &crate::definition::ContainerPlan| {
                other.depends_on.iter().any(|needs| needs.container == plan.name)
            };
            let dependents = running().filter(|(_, other)| depends(other));
            let dependents: Vec<Arc<Running>> =
                dependents.filter_map(|(process, _)| process.clone()).collect();
            let patience = plan.stop_timeout.unwrap_or(self.inner.config.stop_timeout);
            endings.spawn(end(process.clone(), dependents, patience));
        }
        if endings.is_empty() {
            return;
        }
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.arn) {
                task.times.sigterm = Some(now());
            }
        });
        let all = async { while endings.join_next().await.is_some() {} };
        tokio::select! {
            biased;
            () = all => {}
            () = self.inner.shutdown.cancelled() => {}
        }
    }
}

async fn end(process: Arc<Running>, dependents: Vec<Arc<Running>>, patience: Duration) {
    for dependent in dependents {
        dependent.exit().await;
    }
    process.terminate();
    if timeout(patience, process.exit()).await.is_err() {
        process.kill();
    }
}
