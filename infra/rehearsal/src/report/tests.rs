//! Tests of both files, and of the way from the traffic's record to them.

use super::*;
use std::collections::BTreeSet;

fn page() -> String {
    page::render(&sample::report()).into_string()
}

#[test]
fn the_facts_survive_being_written_and_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let inside = directory.path().join("made/if/need/be");
    let html = write(&inside, &sample::report()).expect("writes");
    assert_eq!(fs::read_to_string(html).expect("reads"), page());
    let facts = fs::read_to_string(inside.join(JSON_FILE)).expect("reads");
    assert_eq!(serde_json::from_str::<Report>(&facts).expect("parses"), sample::report());
}

#[test]
fn the_facts_have_the_names_that_readers_rely_on() {
    let facts = serde_json::to_value(sample::report()).expect("serialises");
    let scenario = &facts["scenarios"][0];
    for name in
        ["name", "seed", "expected", "outcome", "held", "invariants", "requests", "receipt", "timeline"]
    {
        assert!(!scenario[name].is_null(), "no {name}");
    }
    assert_eq!(scenario["invariants"]["11"], true);
    assert!(scenario["requests"]["total"].as_u64() > Some(0));
    assert_eq!(scenario["requests"]["failed"], 0);
    assert!(scenario["requests"]["by_version"]["v2"]["ok"].as_u64() > Some(0));
    assert_eq!(scenario["requests"]["by_version"]["v2"]["failed"], 0);
    for name in ["reason", "broken", "samples", "failed_requests", "verdict"] {
        assert!(scenario.get(name).is_some(), "no {name}");
    }
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let sample = keys(&scenario["samples"][50]);
    assert_eq!(sample, ["at_ms", "for_ms", "healthy", "requests", "weights"].map(str::to_owned).into());
    assert_eq!(scenario["samples"][60]["weights"]["green"], 10);
    let failed = keys(&facts["scenarios"][1]["failed_requests"][0]);
    assert!(["at_ms", "kind", "version", "why"].iter().all(|name| failed.contains(*name)), "{failed:?}");
    let receipt = keys(&scenario["receipt"]);
    for name in
        ["wall_ms", "waiting", "states", "lambda", "transitions", "aws_calls", "throttled", "retries", "cost"]
    {
        assert!(receipt.contains(name), "no {name}");
    }
    let moment: BTreeSet<&str> =
        scenario["timeline"][0].as_object().expect("a moment").keys().map(String::as_str).collect();
    assert_eq!(moment, ["at_ms", "note", "state"].into());
}

#[test]
fn the_page_needs_nothing_else_and_runs_nothing_of_others() {
    let page = page();
    for reference in ["src=", "http://", "https://", "url(", "@import", "<link", "<iframe"] {
        assert!(!page.contains(reference), "the page refers to something else: {reference}");
    }
    assert!(page.contains("Content-Security-Policy"));
    assert!(page.contains("&lt;b&gt;someone&lt;/b&gt;") && !page.contains("<b>someone</b>"));
}

#[test]
fn the_page_says_what_held_and_what_did_not() {
    let page = page();
    assert!(page.contains("1 of 3 scenarios did not hold"));
    assert!(page.contains("so the rehearsal cannot tell a careless deployment"));
    assert_eq!(page.matches("✗ broken").count(), 2, "one in the overview, one in its section");
    assert!(page.contains("Users noticed nothing"));
    assert_eq!(page.matches("v2 failed on purpose").count(), 20, "every failed request is in the page");
    for fact in [
        "57 <span class=\"muted\">state transitions",
        "state transitions",
        "GB-seconds",
        "elasticloadbalancing:ModifyRule",
        "check-health",
    ] {
        assert!(page.contains(fact), "no {fact}");
    }
    assert!(page.contains("Calls throttled: 2. Tasks run again: 1."));
    assert!(page.contains(price::AS_OF) && page.contains(price::REGION));
    for (number, words) in invariant::INVARIANTS {
        assert!(page.contains(words), "invariant {number} is not in the page");
    }
}

#[test]
fn failures_are_drawn_and_a_run_without_any_has_none() {
    let report = sample::report();
    let drawn = |place: usize| {
        let one = Report { scenarios: vec![report.scenarios[place].clone()], ..report.clone() };
        page::render(&one).into_string().matches("<rect class=\"failure\"").count()
    };
    assert_eq!(drawn(0), 0);
    let failing = report.scenarios[1].samples.iter();
    let failing = failing.filter(|sample| sample.requests.values().any(|counted| counted.failed > 0)).count();
    assert_eq!(drawn(1), failing, "a mark for each sample with a failure");
    assert!(failing > 7);
}

#[test]
fn an_empty_report_and_an_empty_scenario_have_a_page() {
    let empty = Report::new(Vec::new());
    assert!(!empty.held, "nothing rehearsed is nothing proven");
    assert!(page::render(&empty).into_string().contains("Nothing was rehearsed"));
    let nothing = Report::new(vec![Scenario { held: true, ..Scenario::default() }]);
    assert!(page::render(&nothing).into_string().contains("Nothing was seen over time"));
}

#[test]
fn the_control_holds_though_it_breaks_invariants() {
    let control = Scenario {
        outcome: NO_DEPLOYMENT.to_owned(),
        invariants: [(1, false)].into(),
        requests: Requests { total: 900, failed: 90, ..Requests::default() },
        ..Scenario::default()
    };
    let broken = Scenario { broken: vec!["It lost nothing.".to_owned()], ..control.clone() }.conclude();
    let control = control.conclude();
    assert!(control.held && !broken.held);
    assert!(control.verdict.ends_with("90 of 900 requests failed (10.00 %)."));
    assert_eq!(headline(&Report::new(vec![control, broken])), "1 of 2 scenarios did not hold");
}

#[tokio::test]
async fn the_traffics_record_becomes_facts() {
    use rehearsal_traffic::{Config, Mix, Traffic};
    // Nobody listens on this port any more, so every request fails and says so.
    let gone =
        std::net::TcpListener::bind(("127.0.0.1", 0)).expect("binds").local_addr().expect("an address");
    let traffic = Traffic::start(Config { mix: Mix::short_only(), ..Config::new(gone) });
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while traffic.snapshot().elapsed_ms < 1_050 {
        assert!(tokio::time::Instant::now() < deadline, "the traffic does not go on");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let record = traffic.stop().await;
    let requests = requests(&record);
    let summary = record.summary;
    // They were sent over more than a second, and the last one failed at once.
    assert!(requests.failed_for_ms.is_some_and(|span| span > 900), "{requests:?}");
    assert!(requests.total > 0 && requests.failed == requests.total);
    assert_eq!(requests.by_version["none"].failed, requests.total);
    assert_eq!(seconds(&summary).len(), 1, "only whole seconds");
    let failed = failed_requests(&summary);
    assert_eq!((failed[0].why.as_str(), failed[0].kind.as_str()), ("connection refused", "GET /"));
}

#[test]
fn hostile_words_are_only_words_in_every_field() {
    const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=y>&";
    let mut facts = serde_json::to_value(sample::report()).expect("serialises");
    replace_words(&mut facts, HOSTILE);
    let report: Report = serde_json::from_value(facts).expect("parses");
    let page = page::render(&report).into_string();
    assert!(!page.contains("<script>alert") && !page.contains("<img"));
    assert!(!page.contains("\"'>"), "an attribute is left");
    assert_eq!(page.matches("<script>").count(), 1, "only our own");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

/// Puts other words into every text and every name of a side, version, function or call.
fn replace_words(facts: &mut serde_json::Value, words: &str) {
    use serde_json::Value;
    const FREE_NAMES: [&str; 6] =
        ["by_version", "weights", "healthy", "aws_calls", "by_function", "requests"];
    match facts {
        Value::String(text) => *text = words.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_words(item, words)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let has_total = field.get("total").is_some();
                if let (Value::Object(free), true) =
                    (&mut *field, FREE_NAMES.contains(&name.as_str()) && !has_total)
                {
                    let renamed = std::mem::take(free).into_iter();
                    *free = renamed.map(|(name, value)| (format!("{name}{words}"), value)).collect();
                }
                replace_words(field, words);
            }
        }
        _ => {}
    }
}

/// Writes the sample page where the environment says, to be looked at.
#[test]
#[ignore = "for people: REHEARSAL_SAMPLE_REPORT=DIR cargo test -p rehearsal sample_page -- --ignored"]
fn the_sample_page_can_be_looked_at() {
    let directory = std::env::var_os("REHEARSAL_SAMPLE_REPORT").expect("REHEARSAL_SAMPLE_REPORT is set");
    let html = write(Path::new(&directory), &sample::report()).expect("writes");
    assert!(html.is_file());
}
