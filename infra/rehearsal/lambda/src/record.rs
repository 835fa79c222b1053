//! What one invocation took, as AWS's REPORT line tells it.

use crate::function::Function;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// One finished invocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The function's name.
    pub function: String,
    /// The invocation's id.
    pub request_id: String,
    /// When it began.
    pub began: SystemTime,
    /// From handing over the event to the answer.
    pub duration: Duration,
    /// From exec to the first poll, where this invocation had to wait for a new environment.
    pub init: Option<Duration>,
    /// Duration and init, rounded up to whole milliseconds: what AWS charges for.
    pub billed_ms: u64,
    /// The most memory the process has held, where the system tells.
    pub peak_memory_kib: Option<u64>,
    /// The memory it may have.
    pub memory_mb: u32,
    /// What Step Functions calls the failure, if it failed.
    pub error: Option<String>,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The function answered.
    Answered,
    /// It reported an error, died, or took too long.
    Failed,
    /// It never began, because too many were running.
    Throttled,
}

/// Gets the function and the end of every invocation.
pub type EndedSink = Arc<dyn Fn(&Function, Ended) + Send + Sync>;

/// Whole milliseconds that AWS would bill for an invocation.
pub(crate) fn billed_ms(duration: Duration, init: Option<Duration>) -> u64 {
    let micros = (duration + init.unwrap_or_default()).as_micros();
    u64::try_from(micros.div_ceil(1_000)).unwrap_or(u64::MAX)
}

impl Record {
    /// AWS's REPORT line.
    pub(crate) fn report(&self) -> String {
        let mut line = format!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB",
            self.request_id,
            self.duration.as_secs_f64() * 1e3,
            self.billed_ms,
            self.memory_mb,
        );
        if let Some(peak) = self.peak_memory_kib {
            line.push_str(&format!("\tMax Memory Used: {} MB", peak.div_ceil(1024)));
        }
        if let Some(init) = self.init {
            line.push_str(&format!("\tInit Duration: {:.2} ms", init.as_secs_f64() * 1e3));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_whole_milliseconds_with_init() {
        assert_eq!(billed_ms(Duration::from_micros(1_001), None), 2);
        assert_eq!(billed_ms(Duration::from_millis(5), Some(Duration::from_micros(7_500))), 13);
    }
}
