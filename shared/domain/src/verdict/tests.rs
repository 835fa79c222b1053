//! Cases from the field, each with the verdict that it must have.

use super::counts::{Counted, Period, Slow};
use super::{Asked, Proof, Ruling, Whose, gross, rule};
use crate::judging::{Judging, Unproven};
use crate::span::Seconds;
use crate::state::Verdict;

const LENGTH: u64 = 60;

pub(super) fn side(requests: u64, errors: u64) -> Counted {
    Counted { requests, errors, answers: requests, ..Counted::default() }
}

fn period(next: Counted, live: Option<Counted>) -> Period {
    Period { seconds: LENGTH, next, live, rest: None }
}

struct Course {
    proof: Proof,
    asked: Asked,
    at: i64,
}

impl Course {
    /// A pair after ten minutes in which the live side did this in each.
    fn after(live: &Counted) -> Self {
        let asked = Asked {
            tolerated: Judging::default().tolerated(),
            side_by_side: true,
            watched: Seconds(0),
            bake: Seconds(60),
            patience: Seconds(1800),
            unproven: Unproven::AsQuiet,
            minimum_requests: 20,
            whose: Whose::New,
        };
        let mut course = Self { proof: Proof::default(), asked, at: 0 };
        (0..10).for_each(|_| course.history(live));
        course
    }

    fn rolling(live: &Counted) -> Self {
        let course = Self::after(live);
        Self { asked: Asked { side_by_side: false, ..course.asked }, ..course }
    }

    fn history(&mut self, live: &Counted) {
        self.at += 60;
        self.proof.before(self.at, live, None);
    }

    fn sees(&mut self, period: &Period) -> Ruling {
        self.at += 60;
        self.proof.observe(self.at, period, &self.asked.tolerated);
        self.asked.watched = Seconds(self.proof.watched());
        rule(&self.proof, &self.asked)
    }

    fn pair(&mut self, next: (u64, u64), live: (u64, u64)) -> Ruling {
        self.sees(&period(side(next.0, next.1), Some(side(live.0, live.1))))
    }

    fn alone(&mut self, requests: u64, errors: u64) -> Ruling {
        self.sees(&period(side(requests, errors), None))
    }
}

#[test]
fn what_both_sides_suffer_in_the_same_minute_is_no_ones_fault() {
    let mut course = Course::after(&side(12_000, 12));
    let ruling = course.pair((1_200, 700), (10_800, 6_480));
    assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    let ruling = (0..4).map(|_| course.pair((1_200, 1), (10_800, 11))).last().unwrap();
    assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
}

#[test]
fn long_standing_errors_are_no_reason_to_go_back() {
    let mut course = Course::after(&side(1_800, 90));
    let ruling = (0..6).map(|_| course.pair((180, 9), (1_620, 81))).last().unwrap();
    assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
}

#[test]
fn a_fix_that_fails_altogether_goes_back_at_once() {
    let mut course = Course::after(&side(1_800, 1_260));
    let ruling = course.pair((900, 900), (900, 630));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    assert!(ruling.harmful && ruling.why.contains("70 %"), "{ruling:?}");
}

#[test]
fn another_versions_incident_is_no_baseline() {
    let mut course = Course::rolling(&side(1_200, 1));
    (0..6).for_each(|_| course.history(&side(1_200, 500)));
    (0..2).for_each(|_| course.history(&side(1_200, 0)));
    let ruling = course.alone(1_200, 300);
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn what_was_slow_before_the_new_tasks_came_is_not_their_fault() {
    let slow = |slow| Counted { slow: vec![Slow { limit: 0.25, answers: slow }], ..side(1_200, 0) };
    for (before, after) in [(1_100, 1_110), (1_200, 1_200)] {
        let mut course = Course::rolling(&slow(3));
        course.history(&slow(before));
        let ruling = (0..30).map(|_| course.sees(&period(slow(after), None))).last().unwrap();
        assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    }
    let mut course = Course::rolling(&slow(3));
    let ruling = course.sees(&period(slow(1_110), None));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn a_version_that_knows_no_page_goes_back_in_its_first_period() {
    let live = |requests| Counted { client_errors: requests / 50, ..side(requests, 0) };
    let mut course = Course::after(&live(600));
    let ruling = course.sees(&period(Counted { client_errors: 60, ..side(60, 0) }, Some(live(540))));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    assert!(ruling.why.contains("4xx"), "{ruling:?}");
    let drift = |requests| Counted { client_errors: requests / 3, ..side(requests, 0) };
    let mut course = Course::after(&live(600));
    let ruling = course.sees(&period(drift(60), Some(drift(540))));
    assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn slow_answers_go_back_although_they_are_below_a_quarter_of_a_second() {
    let slow = |requests, slow| Counted {
        slow: vec![Slow { limit: 0.055, answers: slow }, Slow { limit: 0.1, answers: slow }],
        ..side(requests, 0)
    };
    let mut course = Course::after(&slow(600, 3));
    let ruling = course.sees(&period(slow(60, 60), Some(slow(540, 2))));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    assert!(ruling.why.contains("0.055 s") || ruling.why.contains("0.1 s"), "{ruling:?}");
}

#[test]
fn harm_after_all_bakes_takes_the_traffic_back() {
    let mut course = Course::after(&side(1_200, 1));
    (0..20).for_each(|_| drop(course.pair((600, 0), (600, 1))));
    (0..5).for_each(|_| drop(course.pair((1_200, 1), (0, 0))));
    let ruling = course.pair((1_200, 400), (0, 0));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn who_never_met_the_new_version_cannot_have_tried_it() {
    let mut course = Course::after(&side(3_000, 0));
    for _ in 0..30 {
        let ruling = course.pair((0, 0), (3_000, 0));
        assert_eq!(ruling.verdict, Verdict::Wait, "{ruling:?}");
    }
    let ruling = course.pair((6, 0), (3_000, 0));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    assert!(!ruling.harmful && ruling.why.contains("had 6 requests"), "{ruling:?}");
}

#[test]
fn a_quiet_night_passes_on_health_and_says_so() {
    for (next, live) in [((0, 0), (0, 0)), ((3, 0), (10, 0))] {
        let ruling = Course::after(&side(10, 0)).pair(next, live);
        assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
        assert!(ruling.why.contains("quiet"), "{ruling:?}");
    }
    let mut strict = Course::after(&side(10, 0));
    strict.asked.unproven = Unproven::RollBack;
    let last = (0..31).map(|_| strict.pair((1, 0), (5, 0))).last().unwrap();
    assert_eq!(last.verdict, Verdict::Failed, "{last:?}");
}

#[test]
fn one_in_a_hundred_against_one_in_a_thousand_takes_two_minutes() {
    let mut course = Course::after(&side(12_000, 12));
    assert_eq!(course.pair((1_200, 12), (10_800, 11)).verdict, Verdict::Wait);
    assert_eq!(course.pair((1_200, 12), (10_800, 11)).verdict, Verdict::Failed);
}

#[test]
fn one_clients_burst_is_not_the_version() {
    for (before, errors) in [(0, 20), (3, 20), (12, 12), (12, 20)] {
        let mut course = Course::after(&side(12_000, before));
        let ruling = course.pair((1_200, errors), (10_800, before));
        assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
        let ruling = (0..9).map(|_| course.pair((1_200, before / 9), (10_800, before))).last().unwrap();
        assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
    }
}

#[test]
fn a_pass_says_what_is_proven() {
    let mut course = Course::after(&side(12_000, 12));
    let ruling = (0..10).map(|_| course.pair((1_200, 1), (10_800, 11))).last().unwrap();
    assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
    assert!(ruling.why.starts_with("at most 0.2"), "{ruling:?}");
    assert!(ruling.why.contains("99 % certainty; 10 of 12,000 requests failed"), "{ruling:?}");
}

#[test]
fn a_repeated_look_changes_nothing() {
    let mut course = Course::after(&side(12_000, 12));
    course.pair((1_200, 12), (10_800, 11));
    let once = course.proof.clone();
    let seen = period(side(1_200, 12), Some(side(10_800, 11)));
    course.proof.observe(course.at, &seen, &course.asked.tolerated);
    course.proof.before(course.at - 60, &side(1, 1), None);
    assert_eq!(course.proof, once);
}

#[test]
fn gross_harm_shows_before_a_period_is_complete() {
    let course = Course::after(&side(12_000, 12));
    let partial = |errors| period(side(100, errors), Some(side(900, 1)));
    assert!(gross(&course.proof, &partial(90), &course.asked).is_some());
    assert!(gross(&course.proof, &partial(20), &course.asked).is_none(), "one client may do that");
    let both = period(side(100, 90), Some(side(900, 800)));
    assert!(gross(&course.proof, &both, &course.asked).is_none());
}

#[test]
fn what_is_kept_is_small_and_comes_back_as_it_was() {
    let mut course = Course::after(&side(12_000, 12));
    (0..30).for_each(|_| drop(course.pair((1_200, 2), (10_800, 11))));
    let json = serde_json::to_string(&course.proof).unwrap();
    assert!(json.len() < 4_000, "{}", json.len());
    assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), course.proof);
    assert_eq!(serde_json::from_str::<Proof>("{}").unwrap(), Proof::default());
}

#[test]
fn a_billion_requests_are_no_trouble() {
    let mut course = Course::after(&side(1_000_000_000, 1_000_000));
    let ruling = course.pair((1_000_000_000, 1_000_000), (1_000_000_000, 1_000_000));
    assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
    let ruling = course.pair((1_000_000_000, 900_000_000), (1_000_000_000, 1_000_000));
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn what_the_rest_of_the_balancer_suffers_speaks_for_a_rolling_service() {
    let (well, ill) = (side(5_000, 5), side(5_000, 2_000));
    let mut course = Course::rolling(&side(1_200, 1));
    for _ in 0..3 {
        course.at += 60;
        course.proof.before(course.at, &side(1_200, 1), Some(&well));
    }
    let mut both = course.proof.clone();
    let seen = |rest: &Counted| Period { rest: Some(rest.clone()), ..period(side(1_200, 400), None) };
    both.observe(course.at + 60, &seen(&ill), &course.asked.tolerated);
    assert_ne!(rule(&both, &course.asked).verdict, Verdict::Failed);
    assert_eq!(course.sees(&seen(&well)).verdict, Verdict::Failed);
}

#[test]
fn who_wants_to_wait_for_no_requests_does_not() {
    for (next, verdict) in [((0, 0), Verdict::Ready), ((7, 0), Verdict::Ready), ((60, 60), Verdict::Failed)] {
        let mut course = Course::after(&side(3_000, 0));
        course.asked.minimum_requests = 0;
        let ruling = course.pair(next, (3_000, 0));
        assert_eq!(ruling.verdict, verdict, "{ruling:?}");
    }
}

#[test]
fn a_minute_that_few_old_tasks_requests_share_takes_nothing_back() {
    for (next, live) in
        [((290, 290), (3, 2)), ((290, 170), (0, 0)), ((290, 58), (3, 0)), ((1_170, 200), (30, 4))]
    {
        let mut course = Course::after(&side(300, 0));
        (0..5).for_each(|_| drop(course.pair((295, 0), (5, 0))));
        let ruling = course.pair(next, live);
        assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
        (0..3).for_each(|_| assert_ne!(course.pair((295, 0), (5, 0)).verdict, Verdict::Failed));
    }
}

#[test]
fn harm_that_lasts_shows_beside_few_requests_of_old_tasks() {
    let mut course = Course::after(&side(300, 0));
    (0..5).for_each(|_| drop(course.pair((295, 0), (5, 0))));
    let ruling = (0..6).map(|_| course.pair((295, 90), (5, 0))).last().unwrap();
    assert_eq!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn bursts_that_come_again_on_a_rolling_service_are_not_the_version() {
    let mut course = Course::rolling(&side(300, 0));
    for _ in 0..5 {
        let ruling =
            [course.alone(320, 20), course.alone(300, 0), course.alone(300, 0), course.alone(300, 0)];
        assert!(ruling.iter().all(|ruling| ruling.verdict != Verdict::Failed), "{ruling:?}");
    }
}

#[test]
fn without_a_history_the_old_tasks_clumps_are_seen_as_soon_as_they_come() {
    let mut course = Course::after(&side(0, 0));
    for (next, live) in [(20, 0), (40, 60), (0, 100), (20, 20), (40, 60)] {
        let ruling = course.pair((1_200 + next, next), (10_800 + live, live));
        assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    }
}

/// Outages begin and end in the midst of periods.
#[test]
fn an_outage_that_was_about_to_end_excuses_nobody() {
    let mut course = Course::rolling(&side(1_200, 1));
    course.history(&side(1_200, 700));
    course.history(&side(1_200, 240));
    assert_eq!(course.alone(1_200, 300).verdict, Verdict::Failed);
    let mut good = Course::rolling(&side(1_200, 1));
    good.history(&side(1_200, 150));
    let ruling = [good.alone(1_200, 900), good.alone(1_200, 1)];
    assert!(ruling.iter().all(|ruling| ruling.verdict != Verdict::Failed), "{ruling:?}");
}

#[test]
fn nobody_passes_while_what_had_begun_before_hides_how_he_does() {
    let mut course = Course::rolling(&side(1_200, 1));
    (0..2).for_each(|_| course.history(&side(1_200, 600)));
    for _ in 0..20 {
        let ruling = course.alone(1_200, 610);
        assert_eq!(ruling.verdict, Verdict::Wait, "{ruling:?}");
        assert!(ruling.why.contains("had begun before"), "{ruling:?}");
    }
}

#[test]
fn a_quiet_time_in_which_most_requests_fail_is_no_reason_to_pass_at_once() {
    let mut course = Course::after(&side(10, 0));
    let ruling = course.pair((9, 9), (10, 0));
    assert_eq!(ruling.verdict, Verdict::Wait, "{ruling:?}");
    // Nobody has to serve it for ever, either.
    let mut course = Course::after(&side(10, 0));
    course.asked.patience = Seconds(0);
    assert_eq!(course.pair((9, 9), (10, 0)).verdict, Verdict::Failed);
    course.asked.unproven = Unproven::Pass;
    assert_eq!(rule(&course.proof, &course.asked).verdict, Verdict::Ready);
    let mut course = Course::after(&side(10, 0));
    let ruling = course.pair((9, 1), (10, 0));
    assert_eq!(ruling.verdict, Verdict::Ready, "{ruling:?}");
    assert!(ruling.why.contains("9 requests, 1 of which failed"), "{ruling:?}");
}

#[test]
fn after_an_outage_of_both_one_clients_burst_is_still_one() {
    let mut course = Course::after(&side(12_000, 12));
    course.pair((1_200, 700), (10_800, 6_480));
    (0..3).for_each(|_| drop(course.pair((1_200, 1), (10_800, 11))));
    let ruling = course.pair((1_200, 19), (10_800, 11));
    assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
}

#[test]
fn what_is_not_known_is_not_told() {
    let mut course = Course::rolling(&side(0, 0));
    let ruling = course.alone(1_200, 900);
    assert!(ruling.why.contains("how the old tasks did is not known"), "{ruling:?}");
}

#[test]
fn one_clients_burst_in_the_midst_of_a_good_time_is_not_the_version() {
    for before in [1, 3, 12] {
        let mut course = Course::after(&side(12_000, before));
        (0..4).for_each(|_| drop(course.pair((1_200, 0), (10_800, before))));
        let ruling = course.pair((1_200, 20), (10_800, before));
        assert_ne!(ruling.verdict, Verdict::Failed, "{ruling:?}");
    }
}
