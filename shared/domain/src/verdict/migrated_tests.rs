//! The old tasks after a migration: when their numbers are there, and what they come to.

use super::*;
use crate::samples::{self, old_tasks};
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn settings() -> Settings {
    samples::plan().settings
}

#[test]
fn the_first_whole_period_since_counts_once_its_numbers_are_complete() {
    let mut old = old_tasks(at(600), at(600), (1_000, 1), (1_000, 1));
    (old.watch.period, old.delay) = (Seconds(60), Seconds(120));
    for (settles, shown) in [(600, 780), (601, 840), (659, 840), (660, 840)] {
        old.settles_at = at(settles);
        assert_eq!(old.shown_at(), at(shown), "{settles}");
    }
    old.settles_at = Timestamp::from_millisecond(600_500).unwrap();
    assert_eq!(old.shown_at(), at(840), "a period that has begun is no whole one");
}

#[test]
fn what_they_suffered_before_is_no_harm_of_the_migration() {
    let same = old_tasks(at(600), at(630), (1_000, 300), (1_000, 300)).judge(&settings());
    assert!(!same.ruling.harmful, "{}", same.ruling.why);
    let worse = old_tasks(at(600), at(630), (1_000, 1), (1_000, 300)).judge(&settings());
    assert!(worse.ruling.harmful && worse.ruling.why.contains("the old tasks"), "{}", worse.ruling.why);
}

proptest! {
    /// A look that is repeated, or that comes after others, comes to the same.
    #[test]
    fn looks_on_the_way_change_nothing(errors in 0_u64..200, looks in prop::collection::vec(601_i64..640, 0..6)) {
        let seen = |now, before| {
            let mut old = old_tasks(at(600), at(now), (1_000, 2), (1_000, errors));
            old.watch.before = before;
            old.judge(&settings())
        };
        let mut looks = looks;
        looks.sort_unstable();
        let once = seen(640, Watching::default());
        let mut before = Watching::default();
        for now in looks {
            before = seen(now, before).watching;
        }
        let many = seen(640, before);
        prop_assert_eq!(once.ruling.harmful, many.ruling.harmful);
        prop_assert_eq!(once.ruling.so_far, many.ruling.so_far);
    }
}
