//! Tests of which target is next.

use super::*;
use crate::metrics::GroupMetrics;
use crate::routing::{ALGORITHM, SLOW_START, STICKY, STICKY_SECONDS};
use crate::target::GroupRuntime;
use tokio_util::sync::CancellationToken;

fn group(attributes: &[(&str, &str)]) -> Arc<GroupRuntime> {
    let group = GroupRuntime::new("group", GroupMetrics::new(Duration::from_secs(1)));
    let pairs = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    group.routing.store(Arc::new(Routing::of(&pairs.collect())));
    Arc::new(group)
}

fn view(group: &Arc<GroupRuntime>, healthy: &[u16], unhealthy: &[u16]) -> GroupView {
    let target =
        |port: &u16| Arc::new(Target::new(Arc::clone(group), "127.0.0.1", ([127, 0, 0, 1], *port).into(), 1));
    GroupView {
        healthy: healthy.iter().map(|port| Healthy { target: target(port), slow_since: None }).collect(),
        unhealthy: unhealthy.iter().map(target).collect(),
        ..GroupView::default()
    }
}

fn ports(view: &GroupView, times: usize, draw: impl Fn(u32) -> u32) -> Vec<u16> {
    (0..times).filter_map(|_| view.next(None, &draw).map(|taken| taken.target.port)).collect()
}

#[test]
fn turns_go_round_the_healthy() {
    assert_eq!(ports(&view(&group(&[]), &[1, 2], &[3]), 4, |_| 0), [1, 2, 1, 2]);
    assert!(ports(&view(&group(&[]), &[], &[]), 1, |_| 0).is_empty());
}

#[test]
fn with_too_few_healthy_ones_all_get_requests() {
    let open = view(&group(&[]), &[], &[1, 2]);
    assert_eq!(ports(&open, 2, |_| 0), [1, 2]);
    assert!(open.next(None, |_| 0).is_some_and(|taken| taken.fail_open));
    let threshold = [(crate::routing::ROUTE_COUNT, "2")];
    assert_eq!(ports(&view(&group(&threshold), &[1], &[2]), 2, |_| 0), [1, 2]);
    assert_eq!(ports(&view(&group(&threshold), &[1, 3], &[2]), 2, |_| 0), [1, 3]);
}

#[test]
fn the_least_busy_target_is_next() {
    let group = group(&[(ALGORITHM, "least_outstanding_requests")]);
    let view = view(&group, &[1, 2, 3], &[]);
    let busy = [0, 2].map(|place| view.healthy[place].target.enter(&CancellationToken::new()));
    assert_eq!(ports(&view, 3, |_| 0), [2, 2, 2]);
    drop(busy);
    let mut all = ports(&view, 3, |_| 0);
    all.sort_unstable();
    assert_eq!(all, [1, 2, 3], "with equal ones turns go round");
}

#[test]
fn a_random_target_is_the_one_drawn() {
    let view = view(&group(&[(ALGORITHM, "weighted_random")]), &[1, 2, 3], &[]);
    assert_eq!(ports(&view, 2, |bound| bound - 1), [3, 3]);
}

#[test]
fn a_slow_starter_lets_others_go_first_until_its_time_is_over() {
    let mut view = view(&group(&[(SLOW_START, "30")]), &[1, 2], &[]);
    let drawn = |_| FULL_SHARE / 2;
    let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds));
    view.healthy[1].slow_since = ago(0);
    assert_eq!(ports(&view, 3, drawn), [1, 1, 1]);
    view.healthy[1].slow_since = ago(16);
    assert!(ports(&view, 2, drawn).contains(&2), "half of its time is over");
    view.healthy[1].slow_since = ago(30);
    assert!(ports(&view, 2, |bound| bound - 1).contains(&2));
}

#[test]
fn a_pinned_client_stays_with_a_target_that_is_healthy() {
    let sticky = [(STICKY, "true"), (STICKY_SECONDS, "60")];
    let view = view(&group(&sticky), &[1, 2], &[3]);
    let pin = |place: usize| Some(view.healthy[place].target.mark());
    for _ in 0..3 {
        let taken = view.next(pin(1), |_| 0).expect("a target");
        assert_eq!((taken.target.port, taken.stickiness), (2, Some(Duration::from_secs(60))));
    }
    let lost = view.next(Some(view.unhealthy[0].mark()), |_| 0).expect("a target");
    assert_ne!(lost.target.port, 3, "its own is not healthy any more");
}
