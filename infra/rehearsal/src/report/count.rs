//! From the traffic's record to the report's facts.

use super::fact::{FailedRequest, Requests, Second, SecondVersion, VersionRequests};
use rehearsal_traffic::{
    Connection, Failure, Kind, Outcome, Record, Request, Second as Counted, Summary, VersionTotals,
};

/// What users saw, counted.
pub fn requests(record: &Record) -> Requests {
    let summary = &record.summary;
    let by_version = summary.by_version.iter();
    Requests {
        total: summary.totals.total,
        failed: summary.totals.failed,
        failed_for_ms: failed_for(&record.requests),
        retried: summary.totals.retried,
        unsent: summary.totals.unsent,
        rate: summary.rate,
        by_version: by_version.map(|(name, version)| (name.clone(), counted(version))).collect(),
    }
}

fn failed_for(requests: &[Request]) -> Option<u64> {
    let failed = || requests.iter().filter(|request| matches!(request.outcome, Outcome::Failed(_)));
    let first = failed().map(|request| request.scheduled_us).min()?;
    let last = failed().map(|request| request.done_us).max()?;
    Some(last.saturating_sub(first) / 1_000)
}

/// What users saw, second by second. The last, incomplete second is left out: it would look like a drop.
pub fn seconds(summary: &Summary) -> Vec<Second> {
    let whole = usize::try_from(summary.elapsed_ms / 1_000).unwrap_or(usize::MAX);
    summary.seconds.iter().take(whole).map(second).collect()
}

fn second(second: &Counted) -> Second {
    let by_version = second.by_version.iter();
    Second {
        at_ms: second.at_s * 1_000,
        by_version: by_version.map(|(name, version)| (name.clone(), counted(version))).collect(),
    }
}

fn counted(version: &VersionTotals) -> SecondVersion {
    VersionRequests {
        ok: version.counts.ok,
        failed: version.counts.failed,
        p50_ms: version.latency.map(|latency| latency.p50_ms),
        p99_ms: version.latency.map(|latency| latency.p99_ms),
    }
}

/// The failed requests that are on record, those we could not send among them.
pub fn failed_requests(summary: &Summary) -> Vec<FailedRequest> {
    summary.failures.iter().map(failed_request).collect()
}

fn failed_request(failure: &Failure) -> FailedRequest {
    let request = &failure.request;
    let kind = match request.kind {
        Kind::Short => "GET /",
        Kind::Slow => "GET /slow",
        Kind::Stream => "GET /stream",
        Kind::Post => "POST /",
        Kind::WebSocket => "WebSocket",
    };
    let connection = match request.connection {
        Connection::Fresh => "fresh",
        Connection::Reused => "reused",
    };
    let reason = match request.outcome {
        Outcome::Failed(reason) => reason.words(),
        Outcome::Unsent | Outcome::Ok => "not sent, by the generator's own fault",
    };
    FailedRequest {
        id: request.id,
        at_ms: request.scheduled_us / 1_000,
        took_ms: request.latency_us() / 1_000,
        kind: kind.to_owned(),
        connection: connection.to_owned(),
        status: request.status,
        version: request.version.as_deref().map(str::to_owned),
        why: reason.to_owned(),
        detail: failure.detail.clone(),
    }
}
