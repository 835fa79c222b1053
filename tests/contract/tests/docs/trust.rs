//! `docs/security.md` says what each role may do, `docs/operations.md` every end and every alarm: no more and no less
//! than there is.

use crate::markdown::{code, document, headings, rows, section};
use crate::template::{Grant, grants};
use changeover_aws::ledger::{PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE};
use changeover_domain::StepError;
use changeover_domain::record::Outcome;
use contract::{stack, states};
use std::collections::BTreeSet;

#[test]
fn every_permission_is_documented_and_no_other() {
    let security = document("security.md");
    let mut documented: BTreeSet<String> = headings(&security.text).into_iter().collect();
    for (role, granted) in grants() {
        assert!(documented.remove(&role), "security.md has no heading {role}");
        let rows = rows(&section(&security, &role));
        let said: BTreeSet<Grant> = rows
            .iter()
            .flat_map(|cells| code(&cells[0]).into_iter().map(|action| (action, cells[1] == "everything")))
            .collect();
        assert_eq!(said, granted, "{role}: what is said, and what is granted");
        assert!(rows.iter().all(|cells| cells[2].len() > 10), "{role}: a permission without a reason");
    }
    let left: Vec<_> = documented.iter().filter(|heading| heading.ends_with("Role")).collect();
    assert!(left.is_empty(), "no such roles: {left:?}");
}

#[test]
fn every_end_is_documented() {
    let operations = document("operations.md");
    let headings = headings(&operations.text);
    let outcomes =
        [Outcome::Succeeded, Outcome::RolledBack, Outcome::Refused, Outcome::Superseded, Outcome::NeedsHuman];
    for outcome in outcomes {
        assert!(headings.contains(&outcome.to_string()), "operations.md has no heading {outcome}");
    }
    let words = code(&operations.text);
    for (state, _) in states("Fail").into_iter().chain(states("Succeed")) {
        assert!(words.contains(&state) || headings.contains(&state), "operations.md does not name {state}");
    }
    for error in StepError::NAMES {
        assert!(words.contains(&error.to_owned()), "operations.md does not name {error}");
    }
}

#[test]
fn every_alarm_is_documented_and_no_other() {
    let there: BTreeSet<String> = stack().alarms.into_iter().map(|alarm| alarm.logical_id).collect();
    let rows = rows(&section(&document("operations.md"), "Alarms"));
    assert!(rows.iter().all(|cells| cells[3].len() > 10), "an alarm with nothing to do");
    let said: BTreeSet<String> = rows.iter().flat_map(|cells| code(&cells[0])).collect();
    assert_eq!(said, there, "the ids in the first column, and the template's alarms");
}

#[test]
fn every_alarm_points_to_what_there_is_to_read() {
    let headings = headings(&document("operations.md").text);
    for alarm in stack().alarms {
        let description = alarm.properties["AlarmDescription"].as_str().unwrap_or_default().to_owned();
        let place =
            description.split_once("(docs/operations.md, ").and_then(|(_, rest)| rest.split_once(')'));
        let (place, _) =
            place.unwrap_or_else(|| panic!("{} points nowhere: {description}", alarm.logical_id));
        assert!(headings.contains(&place.to_owned()), "{} points to {place}", alarm.logical_id);
    }
}

#[test]
fn the_ledgers_keys_are_the_codes() {
    let operations = document("operations.md");
    for key in [PARTITION_KEY, SORT_KEY] {
        assert!(operations.text.contains(&format!("\"{key}\"")), "operations.md queries without {key}");
    }
    assert!(document("security.md").text.contains(&format!("`{TTL_ATTRIBUTE}`")));
}
