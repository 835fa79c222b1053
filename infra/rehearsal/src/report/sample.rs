//! A report made up for tests: one scenario that went well, one in which a broken image was caught.

use super::*;
use std::collections::BTreeMap;

/// The version that served before.
const OLD: &str = "v1";
/// The version that is pushed.
const NEW: &str = "v2";

/// The report.
pub fn report() -> Report {
    Report {
        written_at: "2026-01-02T03:04:05Z".to_owned(),
        held: false,
        scenarios: vec![good_push(), bad_under_traffic(), careless()],
    }
}

fn good_push() -> Scenario {
    let states = [
        (3_000, "Plan", "push of prod-2, digest sha256:9f2c…"),
        (3_400, "RegisterRevision", "web:8"),
        (3_800, "UpdateService", "green starts 3 tasks"),
        (4_200, "CheckHealth", "0 of 3 tasks running"),
        (8_200, "WaitForHealth", ""),
        (10_200, "CheckHealth", "3 of 3 healthy, 3 readings in a row"),
        (12_400, "Swap", "blue 90, green 10"),
        (12_900, "Bake", "green 10 %"),
        (22_900, "Swap", "blue 50, green 50"),
        (23_400, "Bake", "green 50 %"),
        (33_400, "Swap", "blue 0, green 100"),
        (33_900, "Bake", "green 100 %"),
        (43_900, "Drain", "blue has 41 requests in flight"),
        (52_000, "Finish", "receipt written, lease released"),
        (52_500, "Succeeded", "green serves v2"),
    ];
    let weights = [(0, 0), (12_700, 10), (23_200, 50), (33_700, 100)];
    let series = series(60, &weights, |_| 0.0);
    let mut scenario = Scenario {
        name: "good-push".to_owned(),
        about: "A good image is pushed; a pair of services changes over in three steps.".to_owned(),
        seed: 7,
        expected: "Succeeded, no failed request".to_owned(),
        outcome: "Succeeded".to_owned(),
        held: true,
        invariants: (1..=11).map(|number| (number, true)).collect(),
        series,
        timeline: timeline(&states),
        receipt: Some(receipt()),
        ..Scenario::default()
    };
    scenario.series.healthy = [
        ("blue".to_owned(), points(&[(0, 3), (50_500, 0)])),
        ("green".to_owned(), points(&[(0, 0), (8_400, 1), (9_100, 3)])),
    ]
    .into();
    total(&mut scenario);
    scenario
}

fn bad_under_traffic() -> Scenario {
    let states = [
        (3_000, "Plan", ""),
        (3_400, "RegisterRevision", ""),
        (3_900, "UpdateService", ""),
        (4_300, "CheckHealth", ""),
        (11_500, "Swap", "blue 90, green 10"),
        (12_000, "Bake", "green 10 %"),
        (19_000, "Rollback", "5xx share of green is 29.8 %, of blue 0 %"),
        (27_000, "Finish", ""),
        (27_600, "RolledBack", "blue serves v1"),
    ];
    let weights = [(0, 0), (11_700, 10), (19_300, 0)];
    let mut scenario = Scenario {
        name: "bad-under-traffic".to_owned(),
        about: "The image is healthy, but answers 30 % of real requests with 500.".to_owned(),
        seed: 7,
        expected: "RolledBack, failures only on the new side".to_owned(),
        outcome: "RolledBack".to_owned(),
        reason: Some("5xx share of green is 29.8 %, of blue 0 %".to_owned()),
        held: true,
        invariants: [1, 2, 3, 5, 6, 7, 9, 10, 11].map(|number| (number, true)).into(),
        series: series(36, &weights, |share| share * 0.3),
        timeline: timeline(&states),
        receipt: Some(receipt()),
        ..Scenario::default()
    };
    scenario.series.healthy = [
        ("blue".to_owned(), points(&[(0, 3)])),
        ("green".to_owned(), points(&[(0, 0), (8_400, 3), (26_000, 0)])),
    ]
    .into();
    scenario.failed_requests = failed(20);
    total(&mut scenario);
    scenario
}

fn careless() -> Scenario {
    let mut scenario = Scenario {
        name: "careless".to_owned(),
        about: "The control: <b>someone</b> flips the weights & stops the old tasks at once.".to_owned(),
        seed: 7,
        expected: "Requests are lost".to_owned(),
        outcome: "no deployment".to_owned(),
        broken: vec!["It lost no request, so the rehearsal cannot tell a careless deployment.".to_owned()],
        invariants: [(1, false)].into(),
        series: series(12, &[(0, 0), (5_000, 100)], |_| 0.0),
        ..Scenario::default()
    };
    total(&mut scenario);
    scenario
}

fn timeline(states: &[(u64, &str, &str)]) -> Vec<Moment> {
    let moment = |(at_ms, state, note): &(u64, &str, &str)| Moment {
        at_ms: *at_ms,
        state: (*state).to_owned(),
        note: (*note).to_owned(),
    };
    states.iter().map(moment).collect()
}

fn points(points: &[(u64, u32)]) -> Vec<Point> {
    points.iter().map(|(at_ms, value)| Point { at_ms: *at_ms, value: *value }).collect()
}

/// Traffic that follows the new side's weight, of which a share of what the new side gets fails.
fn series(seconds: u64, weights: &[(u64, u32)], failing: fn(f64) -> f64) -> Series {
    let second = |at: u64| {
        let weight = weights.iter().rev().find(|(from, _)| *from < at * 1_000 + 500).map_or(0, |(_, to)| *to);
        let share = f64::from(weight) / 100.0;
        // Some unevenness, the same in every run.
        let total = 196.0 + (at * 37 % 11) as f64;
        let new = (total * share).round();
        let failed = (total * failing(share)).round();
        let latency = 2.0 + (at * 13 % 7) as f64 / 5.0;
        let counted = |ok: f64, failed: f64, slower: f64| SecondVersion {
            ok: ok as u64,
            failed: failed as u64,
            p50_ms: Some((latency * slower * 100.0).round() / 100.0),
            p99_ms: Some((latency * 300.0 * slower).round() / 100.0),
        };
        let mut by_version = BTreeMap::new();
        if total > new {
            by_version.insert(OLD.to_owned(), counted(total - new, 0.0, 1.0));
        }
        if new > 0.0 {
            by_version.insert(NEW.to_owned(), counted(new - failed, failed, 1.3));
        }
        Second { at_ms: at * 1_000, by_version }
    };
    let new = points(weights);
    let old = new.iter().map(|point| Point { value: 100 - point.value, ..*point }).collect();
    Series {
        seconds: (0..seconds).map(second).collect(),
        weights: [("blue".to_owned(), old), ("green".to_owned(), new)].into(),
        healthy: BTreeMap::new(),
    }
}

/// Each second in four parts.
fn quarters(series: &Series) -> Vec<Sample> {
    let at = |points: &[Point], at_ms: u64| {
        points.iter().rev().find(|point| point.at_ms < at_ms).map_or(0, |point| point.value)
    };
    let quarter = |second: &Second, place: u64| {
        let at_ms = second.at_ms + place * 250;
        let part = |of: u64| of / 4 + u64::from(place < of % 4);
        let requests = second.by_version.iter().map(|(name, counted)| {
            let counted = SampleRequests { ok: part(counted.ok), failed: part(counted.failed) };
            (name.clone(), counted)
        });
        let now = |sides: &BTreeMap<String, Vec<Point>>| {
            sides.iter().map(|(side, points)| (side.clone(), at(points, at_ms + 250))).collect()
        };
        let (weights, healthy) = (now(&series.weights), now(&series.healthy));
        Sample { at_ms, for_ms: 250, requests: requests.collect(), weights, healthy }
    };
    series.seconds.iter().flat_map(|second| (0..4).map(move |place| quarter(second, place))).collect()
}

/// Adds the sums and the verdict.
fn total(scenario: &mut Scenario) {
    scenario.samples = quarters(&scenario.series);
    let requests = &mut scenario.requests;
    requests.rate = 200.0;
    for (name, counted) in scenario.series.seconds.iter().flat_map(|second| &second.by_version) {
        requests.total += counted.ok + counted.failed;
        requests.failed += counted.failed;
        let version = requests.by_version.entry(name.clone()).or_default();
        version.ok += counted.ok;
        version.failed += counted.failed;
        version.p50_ms = counted.p50_ms;
        version.p99_ms = counted.p99_ms;
    }
    requests.retried = 2;
    scenario.verdict = verdict(scenario);
}

fn failed(count: u64) -> Vec<FailedRequest> {
    let request = |place: u64| FailedRequest {
        id: 2_400 + place * 61,
        at_ms: 12_000 + place * 320,
        took_ms: 3,
        kind: "GET /".to_owned(),
        connection: "reused".to_owned(),
        status: Some(500),
        version: Some(NEW.to_owned()),
        why: "server error".to_owned(),
        detail: "v2 failed on purpose".to_owned(),
    };
    (0..count).map(request).collect()
}

fn receipt() -> Receipt {
    let state = |state: &str, entered, ms| StateTime { state: state.to_owned(), entered, ms };
    let function = |invocations, ms, init_ms| FunctionUse {
        invocations,
        ms,
        init_ms,
        billed_ms: ms + init_ms + invocations,
        memory_mb: 256,
        peak_memory_mb: Some(21),
    };
    let names = ["plan", "register-revision", "update-service", "check-health", "swap", "drain", "finish"];
    let by_function = names.iter().zip([1, 1, 1, 14, 3, 5, 1]);
    let lambda =
        LambdaUse::of(by_function.map(|(name, n)| ((*name).to_owned(), function(n, n * 42, 9))).collect());
    let usage = Usage { transitions: 57, lambda, dynamodb_writes: 41, dynamodb_reads: 33, metrics: 36 };
    Receipt {
        wall_ms: 49_500,
        waiting: Waiting {
            ecs_ms: 5_300,
            health_ms: 3_900,
            bake_ms: 30_000,
            drain_ms: 8_100,
            overhead_ms: 2_200,
        },
        states: vec![
            state("Plan", 1, 400),
            state("RegisterRevision", 1, 400),
            state("UpdateService", 1, 400),
            state("CheckHealth", 6, 8_200),
            state("Swap", 3, 1_500),
            state("Bake", 9, 30_000),
            state("Drain", 4, 8_100),
            state("Finish", 1, 500),
        ],
        cost: price::cost(&usage),
        transitions: usage.transitions,
        lambda: usage.lambda,
        aws_calls: [
            ("dynamodb:UpdateItem", 41),
            ("ecs:DescribeServices", 15),
            ("ecs:DescribeTasks", 14),
            ("elasticloadbalancing:DescribeTargetHealth", 17),
            ("elasticloadbalancing:ModifyRule", 3),
        ]
        .map(|(name, times)| (name.to_owned(), times))
        .into(),
        throttled: 2,
        retries: 1,
    }
}
