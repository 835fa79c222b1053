//! What comes of whole histories of looks, whatever they are: no verdict rests on luck with a single look.

use changeover_domain::Timestamp;
use changeover_domain::bearing::{Since, enough};
use changeover_domain::evidence::{EcsDeployment, SideSeen, TargetSeen, TaskSeen};
use changeover_domain::samples::watch;
use changeover_domain::settings::{Raw, read};
use changeover_domain::span::Seconds;
use changeover_domain::state::Verdict;
use check_health::{Purpose, Ruling, View, decide};
use proptest::prelude::*;

const NEEDED: u32 = 4;
const INTERVAL: u64 = 5;
const CHECKS: u32 = 3;
const BAKE: u64 = 60;
const NUMBERS_AFTER: u64 = 20;
/// When everything began.
const BEGIN: i64 = 10_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

/// As many tasks as are needed, of which so many are healthy.
fn side(healthy: u32) -> SideSeen {
    let task = TaskSeen {
        task_definition: "td:2".into(),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        ..TaskSeen::default()
    };
    let target = |number: u32| TargetSeen {
        id: number.to_string(),
        port: 80,
        state: if number < healthy { "healthy" } else { "unhealthy" }.into(),
        why: None,
    };
    let mut seen = SideSeen {
        tasks: vec![task; NEEDED as usize],
        targets: [("tg".to_owned(), (0..NEEDED).map(target).collect())].into(),
        ..SideSeen::default()
    };
    seen.service.task_definition = "td:2".into();
    seen.service.desired = NEEDED;
    seen.service.deployments = vec![EcsDeployment {
        status: "PRIMARY".into(),
        task_definition: "td:2".into(),
        ..EcsDeployment::default()
    }];
    seen
}

fn view(purpose: Purpose) -> View {
    let tags = [("repository", "web"), ("healthy-checks", "3"), ("bake", "60s"), ("health-timeout", "10m")];
    let tags: Raw = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    View {
        purpose,
        now: at(0),
        seen: side(NEEDED),
        revision: "td:2".into(),
        needed: NEEDED,
        started_at: at(0),
        watched_since: at(0),
        readings: 0,
        read_at: None,
        since: Since::default(),
        watch: (purpose == Purpose::Bake).then(|| watch(at(0), at(0), (10_000, 0), (100_000, 0))),
        old: None,
        alarms: changeover_domain::alarmed::Alarms::Quiet,
        newer: None,
        taken_back: None,
        promoted: None,
        held: false,
        more_steps: false,
        settings: read(&Raw::new(), &tags, &Raw::new()).unwrap(),
        check_interval: Seconds(INTERVAL),
        poll: Seconds(2),
        room_patience: Seconds(300),
        numbers_after: Seconds(NUMBERS_AFTER),
        data_patience: Seconds(1800),
    }
}

/// Looks at so many healthy tasks after each pause, with what went on record between, until there is a verdict.
fn told(purpose: Purpose, looks: &[(u32, i64)]) -> Vec<(i64, u32, Ruling)> {
    let (mut view, mut second, mut all) = (view(purpose), 0, Vec::new());
    for (healthy, pause) in looks {
        second += pause;
        view.now = at(second);
        view.seen = side(*healthy);
        let ruling = decide(&view);
        view.readings = ruling.readings;
        view.since = ruling.since;
        if ruling.took_reading {
            view.read_at = Some(view.now);
        }
        let is_over = ruling.verdict != Verdict::Wait;
        all.push((second, *healthy, ruling));
        if is_over {
            break;
        }
    }
    all
}

fn looks() -> impl Strategy<Value = Vec<(u32, i64)>> {
    // Mostly healthy, or hardly any history would come to a verdict.
    let healthy = prop_oneof![6 => Just(NEEDED), 1 => 0..NEEDED];
    prop::collection::vec((healthy, 1i64..9), 1..60)
}

proptest! {
    #[test]
    fn traffic_comes_only_after_enough_healthy_readings_in_a_row(looks in looks()) {
        let history = told(Purpose::Start, &looks);
        let (_, _, last) = history.last().unwrap();
        prop_assume!(last.verdict == Verdict::Ready);
        let row: Vec<_> = history.iter().rev().take_while(|(_, healthy, _)| *healthy == NEEDED).collect();
        let readings: Vec<i64> =
            row.iter().filter(|(_, _, ruling)| ruling.took_reading).map(|(second, ..)| *second).collect();
        prop_assert_eq!(readings.len(), CHECKS as usize, "no more and no fewer: {:?}", readings);
        let apart = readings.windows(2).all(|pair| pair[0] - pair[1] >= INTERVAL as i64);
        prop_assert!(apart, "a health check lies between any two: {:?}", readings);
    }

    #[test]
    fn any_unhealthy_look_starts_the_count_again(looks in looks()) {
        for (second, healthy, ruling) in told(Purpose::Start, &looks) {
            prop_assert!(healthy == NEEDED || ruling.readings == 0, "at {}: {}", second, ruling.why);
            prop_assert!(healthy == NEEDED || ruling.verdict != Verdict::Ready);
        }
    }

    #[test]
    fn what_is_healthy_at_every_look_gets_its_traffic(pauses in prop::collection::vec(5i64..9, 3..20)) {
        let looks: Vec<(u32, i64)> = pauses.into_iter().map(|pause| (NEEDED, pause)).collect();
        let history = told(Purpose::Start, &looks);
        prop_assert_eq!((history.len(), history[2].2.verdict), (CHECKS as usize, Verdict::Ready));
    }

    #[test]
    fn no_bake_passes_before_its_time_or_with_a_task_missing(looks in looks()) {
        let history = told(Purpose::Bake, &looks);
        for (second, healthy, ruling) in &history {
            if ruling.verdict == Verdict::Ready {
                prop_assert!(*second >= (BAKE + NUMBERS_AFTER) as i64, "at {}", second);
                prop_assert_eq!(*healthy, NEEDED);
            }
        }
    }

    #[test]
    fn no_bake_fails_while_enough_tasks_serve_and_none_goes_on_while_they_do_not(looks in looks()) {
        let history = told(Purpose::Bake, &looks);
        let mut served = 0;
        for (second, healthy, ruling) in &history {
            if *healthy >= enough(NEEDED) {
                prop_assert_ne!(ruling.verdict, Verdict::Failed, "at {}: {}", second, &ruling.why);
                served = *second;
            } else if second - served >= (3 * INTERVAL + 9) as i64 {
                prop_assert_eq!(ruling.verdict, Verdict::Failed, "at {}: {}", second, &ruling.why);
            }
        }
    }

    #[test]
    fn more_evidence_against_it_never_helps(
        healthy in 0..NEEDED, errors in 0u64..99, second in 0i64..200, ill in prop::option::of(0i64..200),
    ) {
        let since = Since { ill: ill.filter(|ill| *ill <= second).map(at), short: None };
        let rank = |healthy, errors| {
            let watch = Some(watch(at(0), at(second), (10_000, errors), (100_000, 0)));
            let seen = View { now: at(second), seen: side(healthy), since, watch, ..view(Purpose::Bake) };
            match decide(&seen).verdict {
                Verdict::Failed => 0,
                Verdict::Wait => 1,
                _ => 2,
            }
        };
        prop_assert!(rank(healthy, errors) <= rank(healthy + 1, errors), "one healthy task more");
        prop_assert!(rank(healthy, errors + 1) <= rank(healthy, errors), "one error more");
    }
}
