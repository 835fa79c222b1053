//! Open-loop HTTP traffic with a record of every request.
//!
//! Requests leave on a fixed schedule, whatever happens to those before them, and each one's latency counts
//! from the moment it was scheduled: a server that stalls cannot make the record look better by slowing down
//! the one who asks. What the record says is what users saw; nothing else decides.
//!
//! ```no_run
//! # async fn example() {
//! use rehearsal_traffic::{Config, Traffic};
//!
//! let traffic = Traffic::start(Config::new(([127, 0, 0, 1], 8080).into()));
//! let so_far = traffic.snapshot();
//! let record = traffic.stop().await;
//! assert_eq!(record.summary.totals.failed, 0);
//! # }
//! ```

mod check;
mod config;
mod connection;
mod exchange;
mod jar;
mod pool;
mod record;
mod request;
mod schedule;
mod tally;
mod traffic;
mod websocket;

pub use config::{Config, Mix, Timeouts, Users};
pub use record::{
    Counts, Failure, Latency, NO_VERSION, Record, Second, SecondCounts, Snapshot, Summary, Totals,
    VersionTotals,
};
pub use request::{Connection, Kind, Outcome, Reason, Request};
pub use schedule::{Planned, Schedule};
pub use traffic::Traffic;
