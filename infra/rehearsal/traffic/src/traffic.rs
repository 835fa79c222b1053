//! Sends the schedule, and keeps the record.

use crate::config::Config;
use crate::exchange::{self, Client};
use crate::jar::Jar;
use crate::pool::Pool;
use crate::record::{Record, Snapshot};
use crate::request::{Connection, Kind, Outcome, Reason, Request};
use crate::schedule::{Planned, Schedule};
use crate::tally::{Ended, Tally, micros};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// How much longer than its own timeouts a request may take to end.
const SLACK: Duration = Duration::from_secs(2);

/// Running traffic. Dropped without [`stop`](Traffic::stop), it ends at once and leaves no record.
pub struct Traffic {
    shared: Arc<Shared>,
    _killed_when_dropped: DropGuard,
}

struct Shared {
    client: Client,
    tally: Tally,
    in_flight: AtomicUsize,
}

impl Traffic {
    /// Begins to send. Needs a running tokio runtime.
    pub fn start(config: Config) -> Self {
        let schedule = Schedule::new(&config);
        let killed = CancellationToken::new();
        let shared = Arc::new(Shared {
            client: Client {
                config,
                pool: Pool::default(),
                jar: Jar::default(),
                tasks: TaskTracker::new(),
                stopping: CancellationToken::new(),
                killed: killed.clone(),
            },
            tally: Tally::new(),
            in_flight: AtomicUsize::new(0),
        });
        shared.client.tasks.spawn(send(Arc::clone(&shared), schedule));
        Self { shared, _killed_when_dropped: killed.drop_guard() }
    }

    /// When it began: all times in the record count from here.
    pub fn started(&self) -> Instant {
        self.shared.tally.started
    }

    /// The state of things.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.tally.snapshot(self.shared.in_flight.load(Ordering::Relaxed))
    }

    /// Sends nothing more, waits for every request in flight to end, each within its own timeouts, and tells all.
    pub async fn stop(self) -> Record {
        let client = &self.shared.client;
        client.stopping.cancel();
        client.pool.clear();
        client.tasks.close();
        let timeouts = &client.config.timeouts;
        // A request may be tried twice.
        let longest = 2 * (timeouts.connect + timeouts.request) + SLACK;
        if tokio::time::timeout(longest, client.tasks.wait()).await.is_err() {
            client.killed.cancel();
            client.tasks.wait().await;
        }
        self.shared.tally.finish(client.config.rate, client.config.seed)
    }
}

/// Sends the schedule until told to stop. If it is late it sends at once what is due: the record shows how late.
async fn send(shared: Arc<Shared>, schedule: Schedule) {
    let client = &shared.client;
    for planned in schedule {
        let due = shared.tally.started + planned.at;
        tokio::select! {
            biased;
            () = client.stopping.cancelled() => return,
            () = client.killed.cancelled() => return,
            () = tokio::time::sleep_until(due) => {}
        }
        let in_flight = shared.in_flight.load(Ordering::Relaxed);
        if in_flight >= client.config.max_in_flight {
            let detail = format!("{in_flight} requests in flight already");
            let unsent = exchange::Result::without_answer(Connection::Fresh, Outcome::Unsent, detail);
            shared.end(&planned, unsent);
            continue;
        }
        shared.in_flight.fetch_add(1, Ordering::Relaxed);
        client.tasks.spawn(perform(Arc::clone(&shared), planned));
    }
}

async fn perform(shared: Arc<Shared>, planned: Planned) {
    let client = &shared.client;
    let exchange = async {
        match planned.kind {
            Kind::WebSocket => client.websocket(planned.id).await,
            _ => client.exchange(&planned).await,
        }
    };
    let mut result = tokio::select! {
        biased;
        result = exchange => result,
        () = client.killed.cancelled() => {
            let outcome = Outcome::Failed(Reason::Timeout);
            exchange::Result::without_answer(Connection::Fresh, outcome, "still open at the very end".to_owned())
        }
    };
    shared.in_flight.fetch_sub(1, Ordering::Relaxed);
    let left_open = result.left_open.take();
    shared.end(&planned, result);
    if let Some(connection) = left_open {
        client.keep(connection).await;
    }
}

impl Shared {
    fn end(&self, planned: &Planned, result: exchange::Result) {
        let since_start = |instant: Instant| micros(instant.saturating_duration_since(self.tally.started));
        let request = Request {
            id: planned.id,
            kind: planned.kind,
            connection: result.connection,
            scheduled_us: micros(planned.at),
            sent_us: since_start(result.sent),
            done_us: 0,
            status: result.status,
            version: None,
            outcome: result.outcome,
            retried: result.retried,
        };
        self.tally.end(Ended { request, version: result.version, detail: result.detail });
    }
}
