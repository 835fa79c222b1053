//! Every scenario of the catalogue, with real processes and real traffic: what is expected happens, and every
//! invariant of the design holds. The control shows that this could be otherwise.

use rehearsal::binaries::Binaries;
use rehearsal::report;
use rehearsal::scenario::{self, CATALOGUE, Listener, Options, Play};
use rehearsal::stage::Pace;
use std::sync::OnceLock;
use tokio::sync::Semaphore;

/// As many at a time as leave the traffic generator room to keep its schedule.
static TURNS: Semaphore = Semaphore::const_new(5);
static BINARIES: OnceLock<Binaries> = OnceLock::new();

struct Silent;

impl Listener for Silent {
    fn now(&mut self, _: &Play) {}
}

async fn play(name: &str) -> report::Scenario {
    let _turn = TURNS.acquire().await.expect("never closed");
    let binaries = BINARIES.get_or_init(|| Binaries::build().expect("the functions build"));
    let scenario = scenario::find(name).expect("it is in the catalogue");
    let options = Options { seed: 7, rate: 100.0, pace: Pace::AWS };
    scenario::play(binaries, scenario, options, &mut Silent).await.expect("the stage is set")
}

async fn holds(name: &str) -> report::Scenario {
    let told = play(name).await;
    assert!(
        told.held,
        "{name} (seed {}): {:#?}\n{:#?}\n{:#?}",
        told.seed, told.broken, told.failed_requests, told.timeline
    );
    assert!(told.requests.total > 500, "{name} had hardly any traffic: {}", told.requests.total);
    assert_eq!(told.requests.unsent, 0, "{name}: this machine was too busy to make the traffic");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn good_push() {
    let told = holds("good-push").await;
    assert_eq!(told.requests.failed, 0);
    let green: Vec<u32> = told.series.weights["green"].iter().map(|point| point.value).collect();
    assert_eq!(green, [0, 10, 50, 100], "the steps that users were shown");
    assert!(told.requests.by_version["v2"].ok > 100, "the new version served");
    let receipt = told.receipt.expect("a receipt");
    let waiting = &receipt.waiting;
    let whole = waiting.ecs_ms + waiting.health_ms + waiting.bake_ms + waiting.drain_ms + waiting.overhead_ms;
    assert_eq!(whole, receipt.wall_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_under_traffic() {
    let told = holds("bad-under-traffic").await;
    assert_eq!(told.requests.by_version["v1"].failed, 0, "the old side never failed");
    assert!(told.requests.by_version["v2"].failed > 0, "the new side did, or nothing was shown");
    let most = told.series.weights["green"].iter().map(|point| point.value).max();
    assert_eq!(most, Some(10), "it never got more than the first step");
    assert!(told.requests.failed_for_ms.is_some(), "how long users noticed is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_push() {
    let told = holds("hanging-push").await;
    for version in ["v1", "v2"] {
        assert_eq!(told.requests.by_version[version].failed, 0, "what {version} answered it answered well");
    }
    assert!(told.requests.by_version["none"].failed > 0, "some were not answered, or nothing was shown");
    let most = told.series.weights["green"].iter().map(|point| point.value).max();
    assert_eq!(most, Some(10), "it never got more than the first step");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_push() {
    let told = holds("slow-push").await;
    assert_eq!(told.requests.failed, 0);
    let most = told.series.weights["green"].iter().map(|point| point.value).max();
    assert!(most < Some(100), "it never got everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn rolling_push() {
    assert_eq!(holds("rolling-push").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn crashing_push() {
    assert_eq!(holds("crashing-push").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unhealthy_push() {
    assert_eq!(holds("unhealthy-push").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_room() {
    let told = holds("no-room").await;
    let running = told.series.healthy["green"].iter().map(|point| point.value).max();
    assert_eq!(running, Some(0), "nothing was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn make_room() {
    let told = holds("make-room").await;
    assert_eq!(told.requests.failed, 0);
    let notes: Vec<&str> = told.timeline.iter().map(|moment| moment.note.as_str()).collect();
    for part in ["there is room for 0 of 4 new tasks", "the room that was made is given back"] {
        assert!(notes.iter().any(|note| note.contains(part)), "{part} in {notes:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn room_vanishes() {
    holds("room-vanishes").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn console() {
    let told = holds("console").await;
    let green: Vec<u32> = told.series.weights["green"].iter().map(|point| point.value).collect();
    assert_eq!(green, [0, 50, 100], "the steps of the execution's input, not those of the tags");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarm_rises() {
    let told = holds("alarm-rises").await;
    assert_eq!(told.requests.failed, 0);
    let most = told.series.weights["green"].iter().map(|point| point.value).max();
    assert!(most > Some(0), "users met it before the alarm rose");
}

#[tokio::test(flavor = "multi_thread")]
async fn alarm_was_red() {
    assert_eq!(holds("alarm-was-red").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn frozen() {
    assert_eq!(holds("frozen").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_grew() {
    assert_eq!(holds("traffic-grew").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled() {
    assert_eq!(holds("scheduled").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tag_moved() {
    assert_eq!(holds("tag-moved").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn revision_gone() {
    assert_eq!(holds("revision-gone").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn image_gone() {
    assert_eq!(holds("image-gone").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unfit() {
    assert_eq!(holds("unfit").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn repair() {
    assert_eq!(holds("repair").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift() {
    assert_eq!(holds("drift").await.requests.failed, 0);
}

/// The load balancer is content, the container's own health check is not.
#[tokio::test(flavor = "multi_thread")]
async fn unsound_push() {
    assert_eq!(holds("unsound-push").await.requests.failed, 0);
}

/// An application that AWS would punish is punished, and the report says for what.
#[tokio::test(flavor = "multi_thread")]
async fn short_keep_alive() {
    let told = holds("short-keep-alive").await;
    assert!(told.requests.by_version["none"].failed > 0);
    assert_eq!(told.requests.by_version["v1"].failed, 0, "the old server keeps connections for long enough");
    assert!(told.advice[0].starts_with("green's server"), "{:?}", told.advice);
}

#[tokio::test(flavor = "multi_thread")]
async fn promoted() {
    assert_eq!(holds("promoted").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn signed() {
    let told = holds("signed").await;
    assert!(told.requests.by_version["v2"].ok > 100, "the new version served");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicated() {
    assert_eq!(holds("replicated").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistyped() {
    let told = holds("mistyped").await;
    assert_eq!(told.outcome, report::NO_DEPLOYMENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_repository() {
    assert_eq!(holds("wrong-repository").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sticky_clients() {
    let told = holds("sticky-clients").await;
    assert_eq!(told.requests.failed, 0, "nobody who kept clicking was left with tasks that are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn sticky_rollback() {
    let told = holds("sticky-rollback").await;
    assert_eq!(told.requests.by_version["v1"].failed, 0, "the old side never failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn spot_interrupted() {
    let told = holds("spot-interrupted").await;
    assert!(told.requests.by_version["v2"].ok > 100, "the new version served");
}

#[tokio::test(flavor = "multi_thread")]
async fn approve() {
    assert_eq!(holds("approve").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_times_out() {
    assert_eq!(holds("approve-times-out").await.requests.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn promote_early() {
    assert_eq!(holds("promote-early").await.requests.failed, 0);
}

/// A window of half an hour does not keep a push waiting.
#[tokio::test(flavor = "multi_thread")]
async fn window_then_push() {
    let told = holds("window-then-push").await;
    assert_eq!(told.requests.failed, 0);
    assert!(told.requests.by_version["v3"].ok > 100, "the newer image serves");
    let ends = told.timeline.iter().any(|moment| moment.note.contains("which ends the rollback window"));
    assert!(ends, "{:#?}", told.timeline);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks() {
    let told = holds("hooks").await;
    let said = |part: &str| told.timeline.iter().any(|moment| moment.note.contains(part));
    for part in ["task --once 1s ended with exit code 0", "lambda smoke succeeded", "lambda tell succeeded"] {
        assert!(said(part), "{part}: {:#?}", told.timeline);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn smoke_test_fails() {
    let told = holds("smoke-test-fails").await;
    assert_eq!(told.requests.by_version.get("v2").map_or(0, |version| version.ok), 0, "users never met it");
}

#[tokio::test(flavor = "multi_thread")]
async fn migration_fails() {
    let told = holds("migration-fails").await;
    assert_eq!(told.requests.by_version.get("v2").map_or(0, |version| version.ok), 0, "nothing new ran");
}

/// Every user who was told to be one is there in the end: the play counts them row by row.
#[tokio::test(flavor = "multi_thread")]
async fn expand() {
    let told = holds("expand").await;
    assert_eq!(told.requests.failed, 0);
    for version in ["v1", "v2"] {
        assert!(told.requests.by_version[version].ok > 100, "{version} had the database");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contract_too_early() {
    let told = holds("contract-too-early").await;
    assert_eq!(told.requests.failed, 0, "the migration never ran");
}

/// What the guard is for.
#[tokio::test(flavor = "multi_thread")]
async fn contract_all_the_same() {
    let told = holds("contract-all-the-same").await;
    assert!(told.requests.by_version["v1"].failed > 100, "the old version lost its column");
    assert_eq!(told.requests.by_version.get("v2").map_or(0, |version| version.ok), 0, "users never met it");
}

/// The old tasks fail from the migration on, and serve again once it is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn migration_hurts_old() {
    let told = holds("migration-hurts-old").await;
    assert!(told.requests.by_version["v1"].failed > 100, "the old version lost its column");
    assert_eq!(told.requests.by_version.get("v2").map_or(0, |version| version.ok), 0, "users never met it");
    let well = told.timeline.iter().any(|moment| moment.note.contains("the old tasks are well"));
    assert!(well, "{:#?}", told.timeline);
}

/// The rehearsal can say no: the same cloud and traffic lose requests when someone is careless, and the witness sees
/// which invariants that broke.
#[tokio::test(flavor = "multi_thread")]
async fn careless_loses_requests() {
    let told = holds("careless").await;
    assert!(told.requests.failed > 0);
    assert!(!told.invariants[&3] && !told.invariants[&11], "{:?}", told.invariants);
}

#[test]
fn every_scenario_is_tested_here() {
    let text = include_str!("scenarios.rs");
    for scenario in &CATALOGUE {
        assert!(text.contains(&format!("(\"{}\")", scenario.name)), "{} is not", scenario.name);
    }
}
