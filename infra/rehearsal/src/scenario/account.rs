//! The receipt of what a play's executions took: time, functions, calls, money.

use crate::report::{self, Invocation, LambdaUse, Point, Receipt, Span, Usage, Visit};
use crate::stage::{Sample, Stage};
use crate::story::{Parts, Story, ms, waits};
use crate::witness::Track;
use changeover_domain::span::Seconds;
use rehearsal_cloud::Calls;
use std::time::{Duration, UNIX_EPOCH};

/// Metrics of a target group that one GetMetricData asks for: requests, errors, refused connections, latency.
const METRICS_A_CALL: u64 = 4;
/// DynamoDB operations that read, and those that write.
const READS: [&str; 2] = ["dynamodb:GetItem", "dynamodb:Query"];
const WRITES: [&str; 2] = ["dynamodb:PutItem", "dynamodb:UpdateItem"];

/// What is known of a play.
pub(super) struct Known<'a> {
    pub(super) stage: &'a Stage,
    pub(super) sample: &'a Sample,
    pub(super) track: &'a Track,
    pub(super) stories: &'a [Story],
    /// The calls since the play began.
    pub(super) calls: Calls,
    /// When the play began, in epoch milliseconds.
    pub(super) began_epoch: u64,
    /// The settings that were used, by tag.
    pub(super) settings: Vec<(String, String)>,
}

/// The receipt, if there was an execution.
pub(super) fn receipt(known: &Known<'_>) -> Option<Receipt> {
    // The deployment itself: the longest of the executions.
    let length = |story: &&Story| ms(story.stopped.unwrap_or(story.started)) - ms(story.started);
    let story = known.stories.iter().max_by_key(length)?;
    let whole = Span { from_ms: ms(story.started), to_ms: ms(story.stopped.unwrap_or(story.started)) };
    let visits: Vec<Visit> = story
        .visits
        .iter()
        .map(|visit| Visit {
            state: visit.state.clone(),
            span: Span { from_ms: ms(visit.entered), to_ms: ms(visit.left.unwrap_or(visit.entered)) },
        })
        .collect();
    let lambda = functions(known);
    let transitions = known.stories.iter().map(|story| story.transitions).sum();
    let aws_calls = known.calls.by_name();
    let sum = |names: &[&str]| names.iter().filter_map(|name| aws_calls.get(*name)).sum();
    let usage = Usage {
        transitions,
        lambda: lambda.clone(),
        dynamodb_reads: sum(&READS),
        dynamodb_writes: sum(&WRITES),
        metrics: sum(&["cloudwatch:GetMetricData"]) * METRICS_A_CALL,
    };
    let retries =
        known.stories.iter().flat_map(|story| &story.visits).map(|visit| visit.tries.saturating_sub(1));
    Some(Receipt {
        wall_ms: whole.to_ms - whole.from_ms,
        waiting: report::budget(whole, &waits(story, &parts(known))),
        states: report::states(&visits),
        lambda,
        transitions,
        throttled: known.calls.counts.iter().map(|count| count.throttled).sum(),
        retries: retries.sum(),
        cost: report::price::cost(&usage),
        aws_calls,
    })
}

/// The functions' invocations since the play began.
fn functions(known: &Known<'_>) -> LambdaUse {
    let stack = known.stage.cloud.stack();
    let records = known.stage.cloud.lambda().records();
    let began = UNIX_EPOCH + Duration::from_millis(known.began_epoch);
    LambdaUse::sum(records.into_iter().filter(|record| record.began >= began).map(|record| {
        let function = stack.functions.iter().find(|function| function.name == record.function);
        Invocation {
            function: function.and_then(|found| found.binary.clone()).unwrap_or(record.function),
            duration: record.duration,
            init: record.init,
            billed_ms: record.billed_ms,
            memory_mb: u64::from(record.memory_mb),
            peak_memory_mb: record.peak_memory_kib.map(|kib| kib / 1024),
        }
    }))
}

fn parts(known: &Known<'_>) -> Parts {
    let sides: Vec<String> = known.sample.members.iter().map(|member| known.sample.side(member)).collect();
    let epoch = |points: Option<&Vec<Point>>| -> Vec<Point> {
        let points = points.into_iter().flatten();
        points.map(|point| Point { at_ms: point.at_ms + known.began_epoch, ..*point }).collect()
    };
    let next = sides.last().cloned().unwrap_or_default();
    let setting =
        |name: &str| known.settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let readings: u64 = setting("healthy-checks").and_then(|value| value.parse().ok()).unwrap_or(3);
    let bake = setting("bake").and_then(|value| Seconds::parse(value).ok()).unwrap_or(Seconds(60));
    let parameter = |name: &str| -> u64 {
        let found = known.stage.cloud.stack().parameters.get(name);
        found.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(0)
    };
    // A bake's numbers are complete one period and the delay after its end.
    let complete = parameter("MetricPeriodSeconds") + parameter("MetricDelaySeconds");
    let tasks = known.stage.cloud.ecs().snapshot();
    let stopped = tasks.tasks.iter().filter_map(|task| task.stopped_at).fold(0.0_f64, f64::max);
    Parts {
        running: epoch(known.track.running.get(&next)),
        healthy: epoch(known.track.healthy.get(&next)),
        tasks: known.track.most_desired,
        readings_ms: readings.saturating_sub(1) * 1000 * u64::from(known.stage.pace.check_interval_seconds),
        bake_ms: (bake.0 + complete) * 1000,
        gone_at_ms: (stopped > 0.0).then(|| ms(stopped)),
    }
}
