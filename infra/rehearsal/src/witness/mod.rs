//! The witness: watches a sample service through a deployment and says which invariants of the design were broken.
//!
//! It believes nobody. It sees the load balancer and the tasks directly, many times a second, and reads the ledger
//! as a stranger would; what the functions say of themselves plays no part.

mod after;
mod before;
mod breach;
mod ledger;
mod schema;
mod told;
mod traffic;
mod watch;
#[cfg(test)]
mod watch_tests;

pub use after::after;
pub use before::Before;
pub use breach::Breaches;
pub use ledger::{DeploymentSeen, LedgerSeen, read as read_ledger};
pub use schema::mistakes;
pub use told::untold;
pub use traffic::{Allowed, judge as judge_traffic};
pub use watch::{Seen, Track, Watch};

use crate::stage::{Sample, Stage};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A watch that goes on in the background.
pub struct Witness {
    watch: Arc<Mutex<Watch>>,
    task: tokio::task::JoinHandle<()>,
}

impl Witness {
    /// Begins to watch. `began` is the moment that times are counted from.
    pub fn begin(stage: Arc<Stage>, sample: Sample, before: Before, began: Instant) -> Self {
        let watch = Arc::new(Mutex::new(Watch::new(&sample, before)));
        let task = tokio::spawn(look_on(stage, sample, Arc::clone(&watch), began));
        Self { watch, task }
    }

    /// What was seen so far, for whoever shows it.
    pub async fn track(&self) -> Track {
        self.watch.lock().await.track().clone()
    }

    /// Ends the watch.
    pub async fn end(self) -> (Breaches, Track) {
        self.task.abort();
        let watch = self.watch.lock().await;
        (watch.breaches().clone(), watch.track().clone())
    }
}

async fn look_on(stage: Arc<Stage>, sample: Sample, watch: Arc<Mutex<Watch>>, began: Instant) {
    let (mut elb, mut ecs) = (stage.cloud.elb().changes(), stage.cloud.ecs().changes());
    loop {
        let ledger = ledger::read(&stage, &sample.service).await;
        let seen = Seen {
            at_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            // Tasks first: a task that is being stopped must have been out of the routes before.
            ecs: stage.cloud.ecs().snapshot(),
            elb: stage.cloud.elb().snapshot(),
            ledger,
        };
        watch.lock().await.look(&seen);
        tokio::select! {
            biased;
            _ = elb.changed() => {}
            _ = ecs.changed() => {}
            () = tokio::time::sleep(stage.pace.look_again()) => {}
        }
    }
}
