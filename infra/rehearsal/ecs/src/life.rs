//! One task's life, from PROVISIONING to STOPPED.

use crate::clock::now;
use crate::container::Running;
use crate::definition::ContainerPlan;
use crate::ecs::Inner;
use crate::registry::Image;
use crate::task::{ADDRESS, Pace, Status, Stop, Target};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// A target group drains for an hour at most; past that, something is wrong and the task stops anyway.
const DRAIN_LIMIT: Duration = Duration::from_secs(3_600 + 60);

/// What a task is made of while it lives; what others may see of it is in the state.
pub(crate) struct Life {
    pub(crate) inner: Arc<Inner>,
    pub(crate) arn: String,
    pub(crate) containers: Vec<ContainerPlan>,
    pub(crate) pace: Pace,
    pub(crate) targets: Vec<Target>,
    pub(crate) stopping: CancellationToken,
    pub(crate) processes: Vec<Option<Arc<Running>>>,
    /// Ends with the first essential container.
    pub(crate) essential: JoinSet<i32>,
    /// Health checks that run beside its containers; they end with it.
    pub(crate) checks: JoinSet<()>,
}

/// Why a task does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Someone, perhaps the task itself, has asked it to stop.
    Asked,
    /// An essential container exited.
    Exited,
    /// Everything is ending.
    Shutdown,
}

impl Life {
    /// Lives it.
    pub(crate) async fn run(mut self) {
        let ended = match self.begin().await {
            Ok(()) => self.interruption().await,
            Err(ended) => ended,
        };
        self.note_exits();
        if ended == Ended::Exited {
            self.stop(Stop::exited());
        }
        let keeps_targets = self.inner.look(|state| {
            let stop = state.task(&self.arn).and_then(|task| task.stop.as_ref());
            stop.is_some_and(Stop::keeps_targets)
        });
        if ended != Ended::Shutdown {
            if !keeps_targets {
                self.deactivate().await;
            }
            self.terminate().await;
        }
        self.kill().await;
        self.note_exits();
        if ended != Ended::Shutdown && keeps_targets {
            self.deactivate().await;
        }
        self.advance(Status::Deprovisioning);
        let _ = timeout(self.pace.deprovision, self.inner.shutdown.cancelled()).await;
        self.advance(Status::Stopped);
    }

    async fn begin(&mut self) -> Result<(), Ended> {
        self.pause(self.pace.provision).await?;
        self.find_place().await?;
        self.advance(Status::Pending);
        let images = self.pull().await?;
        self.advance(Status::Activating);
        self.start(&images).await?;
        self.register();
        self.pause(self.pace.start).await?;
        self.advance(Status::Running);
        Ok(())
    }

    async fn pull(&mut self) -> Result<Vec<Image>, Ended> {
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.arn) {
                task.times.pull_started = Some(now());
            }
        });
        self.pause(self.pace.pull).await?;
        let mut images = Vec::new();
        for index in 0..self.containers.len() {
            let reference =
                self.inner.update(|state| (state.reference(&self.arn, &self.containers[index]), false));
            match self.inner.registry.pull(&reference) {
                Ok(image) => images.push(image),
                Err(error) => {
                    let reason = format!("CannotPullContainerError: {error}");
                    return Err(self.cannot(index, reason.clone(), reason));
                }
            }
        }
        self.inner.with(|state| {
            state.resolve(&self.arn, &self.containers, &images);
            let Some(task) = state.task_mut(&self.arn) else { return };
            task.times.pull_stopped = Some(now());
            for (container, image) in task.containers.iter_mut().zip(&images) {
                container.digest = Some(image.digest.clone());
            }
        });
        Ok(images)
    }

    /// A container cannot be started, and so the task cannot.
    pub(crate) fn cannot(&self, index: usize, reason: String, task_reason: String) -> Ended {
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.arn) {
                task.containers[index].reason = Some(reason);
            }
        });
        self.stop(Stop::failed_to_start(task_reason));
        Ended::Asked
    }

    fn register(&self) {
        for target in &self.targets {
            let answer = self.inner.targets.register(&target.group, ADDRESS, target.port);
            self.inner.with(|state| {
                let Some(task) = state.task_mut(&self.arn) else { return };
                task.registered = true;
                let (cluster, service) = (task.cluster.clone(), task.service.clone().unwrap_or_default());
                let Some(service) = state.service_mut(&cluster, &service) else { return };
                match answer {
                    Ok(()) => *service.notes.registered.entry(target.group.clone()).or_default() += 1,
                    Err(error) => service.notes.failed.push((target.group.clone(), error.message)),
                }
            });
        }
    }

    /// Takes the task out of its target groups and, if it was the scheduler that stops it, waits until they
    /// have let go of it.
    async fn deactivate(&self) {
        let Some((registered, waits)) = self.inner.look(|state| {
            let task = state.task(&self.arn)?;
            Some((task.registered, task.stop.as_ref().is_some_and(|stop| stop.waits_for_targets)))
        }) else {
            return;
        };
        if !registered {
            return;
        }
        self.advance(Status::Deactivating);
        for target in &self.targets {
            if let Err(error) = self.inner.targets.deregister(&target.group, ADDRESS, target.port) {
                tracing::warn!(task = %self.arn, group = %target.group, %error, "cannot deregister");
            }
        }
        self.inner.with(|state| {
            let Some(task) = state.task_mut(&self.arn) else { return };
            task.registered = false;
            task.times.deregistered = Some(now());
            let (cluster, service) = (task.cluster.clone(), task.service.clone().unwrap_or_default());
            let Some(service) = state.service_mut(&cluster, &service) else { return };
            for target in &self.targets {
                *service.notes.deregistered.entry(target.group.clone()).or_default() += 1;
            }
        });
        if waits && timeout(DRAIN_LIMIT, self.drained()).await.is_err() {
            tracing::warn!(task = %self.arn, "its targets never finished draining");
        }
    }

    /// Until every target is gone, or there is nothing left that could serve.
    async fn drained(&self) {
        let present = |target: &Target| {
            let health = self.inner.targets.target_health(&target.group, ADDRESS, target.port);
            health.is_some_and(|health| health.state != "unused")
        };
        while self.targets.iter().any(present) {
            if self.inner.shutdown.is_cancelled() || self.an_essential_container_has_exited() {
                return;
            }
            sleep(self.inner.config.tick).await;
        }
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.arn) {
                task.times.drained = Some(now());
            }
        });
    }

    /// SIGKILL for what is left, and its end.
    async fn kill(&self) {
        for process in self.processes.iter().flatten() {
            process.kill();
            process.exit().await;
        }
    }

    /// Waits, unless the task ends meanwhile.
    pub(crate) async fn pause(&mut self, time: Duration) -> Result<(), Ended> {
        match timeout(time, self.interruption()).await {
            Ok(ended) => Err(ended),
            Err(_) => Ok(()),
        }
    }

    pub(crate) async fn interruption(&mut self) -> Ended {
        if self.an_essential_container_has_exited() {
            return Ended::Exited;
        }
        let (stopping, shutdown) = (self.stopping.clone(), self.inner.shutdown.clone());
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Ended::Shutdown,
            Some(_) = self.essential.join_next() => Ended::Exited,
            () = stopping.cancelled() => Ended::Asked,
        }
    }

    fn an_essential_container_has_exited(&self) -> bool {
        let mut pairs = self.processes.iter().zip(&self.containers);
        pairs
            .any(|(process, plan)| plan.essential && process.as_ref().is_some_and(|it| it.exited().is_some()))
    }

    pub(crate) fn note_exits(&self) {
        self.inner.with(|state| {
            let Some(task) = state.task_mut(&self.arn) else { return };
            for (container, process) in task.containers.iter_mut().zip(&self.processes) {
                // One that was never started may have been given a code all the same.
                if let Some(process) = process {
                    container.exit_code = process.exited();
                }
            }
        });
    }

    fn stop(&self, stop: Stop) {
        self.inner.with(|state| state.stop_task(&self.arn, stop, false));
    }

    /// Moves the task on. It never goes back.
    pub(crate) fn advance(&self, to: Status) {
        self.inner.with(|state| {
            let Some(task) = state.task_mut(&self.arn) else { return };
            if to <= task.status {
                return;
            }
            task.status = to;
            match to {
                Status::Running => {
                    task.times.started = Some(now());
                    task.running_since = Some(Instant::now());
                }
                Status::Deprovisioning => task.times.execution_stopped = Some(now()),
                Status::Stopped => {
                    task.times.stopped = Some(now());
                    task.stopped_since = Some(Instant::now());
                }
                _ => {}
            }
            state.moved(&self.arn, to);
        });
    }
}
