//! Observes one sample service: users come, the witness watches; in the end everything that is known of it.

use crate::stage::{Sample, Stage};
use crate::story::{Story, stories};
use crate::witness::{Before, Breaches, LedgerSeen, Track, Witness, after, read_ledger};
use rehearsal_traffic::{Config, Record, Snapshot, Traffic, Users};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::time::Instant;

/// An observation that goes on.
pub struct Observation {
    stage: Arc<Stage>,
    sample: Sample,
    before: Before,
    earlier: BTreeSet<String>,
    traffic: Traffic,
    witness: Witness,
    began: Instant,
}

/// Everything that is known when it is over.
pub struct Observed {
    /// What users saw.
    pub record: Record,
    /// The executions since it began.
    pub stories: Vec<Story>,
    /// The ledger in the end.
    pub ledger: LedgerSeen,
    /// What went over the stage.
    pub track: Track,
    /// What broke.
    pub breaches: Breaches,
    /// When it began, in epoch milliseconds.
    pub began_epoch: u64,
}

impl Observation {
    /// Lets users come and the witness watch.
    ///
    /// # Errors
    /// What an API answered.
    pub async fn begin(stage: &Arc<Stage>, sample: &Sample, rate: f64, seed: u64) -> anyhow::Result<Self> {
        Self::of(stage, sample, (rate, Users::default()), seed).await
    }

    /// The same, with users of whom some keep cookies.
    pub(super) async fn of(
        stage: &Arc<Stage>,
        sample: &Sample,
        (rate, users): (f64, Users),
        seed: u64,
    ) -> anyhow::Result<Self> {
        let earlier = stories(stage).await?.into_iter().map(|story| story.arn).collect();
        let before = Before::look(stage, sample).await?;
        // A WebSocket that lives longer than its target drains is cut off by any load balancer.
        let websocket_life = stage.pace.longest_exchange();
        let traffic =
            Traffic::start(Config { rate, users, seed, websocket_life, ..Config::new(sample.address) });
        let began = traffic.started();
        let witness = Witness::begin(Arc::clone(stage), sample.clone(), before.clone(), began);
        let (stage, sample) = (Arc::clone(stage), sample.clone());
        Ok(Self { stage, sample, before, earlier, traffic, witness, began })
    }

    /// When it began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// The same in epoch milliseconds.
    pub fn began_epoch(&self) -> u64 {
        let now = rehearsal_world::since_epoch();
        u64::try_from(now.saturating_sub(self.began.elapsed()).as_millis()).unwrap_or(u64::MAX)
    }

    /// How many executions there were before it began.
    pub fn earlier(&self) -> usize {
        self.earlier.len()
    }

    /// Of all executions those since it began.
    pub fn ours<'a>(&self, stories: &'a [Story]) -> Vec<&'a Story> {
        stories.iter().filter(|story| !self.earlier.contains(&story.arn)).collect()
    }

    /// What users saw so far.
    pub fn traffic(&self) -> Snapshot {
        self.traffic.snapshot()
    }

    /// What went over the stage so far.
    pub async fn track(&self) -> Track {
        self.witness.track().await
    }

    /// Somebody has given the side that serves so many tasks more, which a deployment has to leave as they are.
    pub fn grew(&mut self, by: u32) {
        for service in self.before.services.iter_mut().filter(|service| service.desired > 0) {
            service.desired += by;
        }
    }

    /// Ends it. `is_at_rest` says whether everything must be at rest now, as after every deployment.
    ///
    /// # Errors
    /// What an API answered.
    pub async fn end(self, is_at_rest: bool) -> anyhow::Result<Observed> {
        let began_epoch = self.began_epoch();
        let Self { stage, sample, before, earlier, traffic, witness, .. } = self;
        let record = traffic.stop().await;
        let ledger = read_ledger(&stage, &sample.service).await;
        let (mut breaches, track) = witness.end().await;
        let stories = stories(&stage).await?;
        let stories = stories.into_iter().filter(|story| !earlier.contains(&story.arn)).collect();
        if is_at_rest {
            breaches.extend(after(&stage, &sample, &before, &ledger).await?);
        }
        Ok(Observed { record, stories, ledger, track, breaches, began_epoch })
    }
}
