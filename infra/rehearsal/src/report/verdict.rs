//! What happened, in plain words.

use super::fact::{NO_DEPLOYMENT, Report, Requests, Scenario, UNFINISHED};
use super::page::words::count;

/// The verdict of a scenario, from its facts: what became of the service, and what users saw of it.
pub fn verdict(scenario: &Scenario) -> String {
    let service = match scenario.outcome.as_str() {
        "Succeeded" => "The service changed over to the new image",
        "RolledBack" => "The new image was taken back and the service runs what it ran before",
        "Refused" => "The deployment was refused before anything was changed",
        "Superseded" => "The deployment gave way to a newer image",
        "NeedsHuman" => {
            "Neither side is well; traffic was left where it is served best, and a person is needed"
        }
        NO_DEPLOYMENT => "The service was changed by hand, without a deployment",
        UNFINISHED => "The deployment reached no outcome in time",
        other => &format!("The deployment ended as {other}"),
    };
    let reason = scenario.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let because = reason.map(|reason| format!(" ({})", reason.trim_end_matches('.'))).unwrap_or_default();
    format!("{service}{because}. {}", users(&scenario.requests))
}

/// The verdict of all scenarios in a few words.
pub fn headline(report: &Report) -> String {
    let broken = report.scenarios.iter().filter(|scenario| !scenario.held).count();
    match (report.scenarios.len(), broken) {
        (0, _) => "Nothing was rehearsed".to_owned(),
        (1, 0) => "Everything held".to_owned(),
        (all, 0) => format!("Everything held in all {all} scenarios"),
        (1, _) => "What was expected did not hold".to_owned(),
        (all, broken) => format!("{broken} of {all} scenarios did not hold"),
    }
}

fn users(requests: &Requests) -> String {
    let Requests { total, failed, unsent, .. } = *requests;
    let seen = match (total, failed) {
        (0, _) => return "There was no traffic.".to_owned(),
        (1, 0) => "Users noticed nothing: the only request was answered.".to_owned(),
        (_, 0) => format!("Users noticed nothing: {} requests, none failed.", count(total)),
        (1, 1) => "The only request failed.".to_owned(),
        (_, 1) => format!("One of {} requests failed.", count(total)),
        _ => format!("{} of {} requests failed ({}).", count(failed), count(total), share(failed, total)),
    };
    let seen = match requests.failed_for_ms {
        Some(span) if failed > 1 => {
            format!("{seen} From the first to the last of them it took {:.1} s.", span as f64 / 1_000.0)
        }
        _ => seen,
    };
    match unsent {
        0 => seen,
        _ => format!("{seen} {} more could not be sent, so the record proves nothing.", count(unsent)),
    }
}

fn share(part: u64, of: u64) -> String {
    let percent = part as f64 * 100.0 / of as f64;
    if percent < 0.01 { "under 0.01 %".to_owned() } else { format!("{percent:.2} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(outcome: &str, reason: Option<&str>, total: u64, failed: u64, unsent: u64) -> String {
        verdict(&Scenario {
            outcome: outcome.to_owned(),
            reason: reason.map(str::to_owned),
            requests: Requests { total, failed, unsent, ..Requests::default() },
            ..Scenario::default()
        })
    }

    #[test]
    fn says_what_became_of_the_service_and_what_users_saw() {
        assert_eq!(
            scenario("Succeeded", None, 24_310, 0, 0),
            "The service changed over to the new image. Users noticed nothing: 24,310 requests, none failed."
        );
        assert_eq!(
            scenario("RolledBack", Some("30 % of answers were 500."), 10_000, 31, 0),
            "The new image was taken back and the service runs what it ran before (30 % of answers were 500). \
             31 of 10,000 requests failed (0.31 %)."
        );
        for (outcome, words) in [
            ("Superseded", "gave way to a newer image"),
            ("NeedsHuman", "a person is needed"),
            (NO_DEPLOYMENT, "by hand, without a deployment"),
            (UNFINISHED, "reached no outcome in time"),
            ("Odd", "ended as Odd"),
        ] {
            assert!(scenario(outcome, None, 1, 0, 0).contains(words), "{outcome}");
        }
        assert!(scenario("Refused", None, 1, 1, 0).starts_with("The deployment was refused before anything"));
        assert!(scenario("Refused", None, 1, 1, 0).ends_with("The only request failed."));
        assert!(scenario("Refused", None, 50, 1, 0).ends_with("One of 50 requests failed."));
        assert!(scenario("careless", None, 50, 0, 2).ends_with("so the record proves nothing."));
        assert!(scenario("Succeeded", None, 0, 0, 0).ends_with("There was no traffic."));
    }
}
