//! Lines in, lines out.

use changeover_judge::{MAX_LINE, Tally, judge};
use serde_json::{Value, json};

fn judged(lines: &str) -> (Tally, Vec<Value>, Vec<String>) {
    let (mut output, mut refusals) = (Vec::new(), Vec::new());
    let tally = judge(lines.as_bytes(), &mut output, &mut refusals).unwrap();
    let answers =
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (tally, answers, String::from_utf8(refusals).unwrap().lines().map(str::to_owned).collect())
}

fn line(series: &str, next: (u64, u64), live: (u64, u64)) -> Value {
    json!({"series": series, "strategy": "blue-green", "seconds": 60,
        "next": {"requests": next.0, "errors": next.1}, "live": {"requests": live.0, "errors": live.1}})
}

fn text(lines: impl IntoIterator<Item = Value>) -> String {
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

fn history(series: &str) -> impl Iterator<Item = Value> {
    (0..6).map(move |_| line(series, (0, 0), (12_000, 12)))
}

fn verdicts(answers: &[Value], series: &str) -> Vec<String> {
    let of = |answer: &&Value| answer["series"] == series;
    answers.iter().filter(of).map(|answer| answer["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn interleaved_series_do_not_meet() {
    let good = history("good").chain((0..4).map(|_| line("good", (1_200, 1), (10_800, 11))));
    let bad = history("bad").chain((0..4).map(|_| line("bad", (1_200, 400), (10_800, 11))));
    let both = good.zip(bad).flat_map(|(good, bad)| [good, bad]);
    let (tally, answers, refusals) = judged(&text(both));
    assert_eq!((tally, refusals), (Tally { judged: 20, refused: 0 }, vec![]));
    assert_eq!(verdicts(&answers, "good")[6..].last().unwrap(), "ready");
    assert_eq!(verdicts(&answers, "bad")[..6], ["wait"; 6]);
    assert_eq!(verdicts(&answers, "bad")[6..], ["failed"; 4]);
    assert_eq!(answers.last().unwrap()["period"], 10);
    assert!(answers.last().unwrap()["why"].as_str().unwrap().contains("went back in period 7"));
}

#[test]
fn what_passed_goes_back_when_it_does_harm() {
    let lines = history("a")
        .chain((0..20).map(|_| line("a", (6_000, 6), (6_000, 6))))
        .chain((0..3).map(|_| line("a", (12_000, 4_000), (0, 0))));
    let (_, answers, _) = judged(&text(lines));
    assert_eq!(answers[25]["verdict"], "ready", "{}", answers[25]);
    assert_eq!(answers[26]["verdict"], "failed", "{}", answers[26]);
}

#[test]
fn a_wrong_line_is_refused_with_its_number_and_the_others_go_on() {
    let mut lines: Vec<String> = text(history("a")).lines().map(str::to_owned).collect();
    lines.insert(2, "{".to_owned());
    lines.insert(4, line("a", (10, 12), (10, 0)).to_string());
    lines.insert(6, format!("{{\"series\":\"{}\"}}", "x".repeat(MAX_LINE * 3)));
    let (tally, answers, refusals) = judged(&lines.join("\r\n"));
    assert_eq!(tally, Tally { judged: 6, refused: 3 });
    assert_eq!(answers.last().unwrap()["period"], 6, "refused lines do not count");
    let numbers: Vec<&str> = refusals.iter().filter_map(|refusal| refusal.split(' ').nth(1)).collect();
    assert_eq!(numbers, ["3", "5", "7"], "{refusals:#?}");
}

#[test]
fn the_first_lines_settings_count() {
    let with = |settings: Value| {
        let mut lines: Vec<Value> = history("a").collect();
        lines[0]["settings"] = settings;
        lines.extend((0..12).map(|_| line("a", (1_200, 1), (10_800, 11))));
        judged(&text(lines))
    };
    let (_, answers, _) = with(json!({"bake": "10m"}));
    assert_eq!(verdicts(&answers, "a")[6..15], ["wait"; 9]);
    assert_eq!(verdicts(&answers, "a")[15], "ready");
    let (_, answers, _) = with(json!({"bake": 600, "certainty": 99.9, "tolerated-errors": "0.5 %"}));
    assert!(answers[15]["why"].as_str().unwrap().contains("99.9 %"), "{}", answers[15]);
    let (tally, _, refusals) = with(json!({"bake": "600", "cake": "1"}));
    assert_eq!(tally.judged, 0);
    assert!(refusals[0].contains("bake") && refusals[0].contains("cake"), "{}", refusals[0]);
}

#[test]
fn rolling_is_judged_by_its_own_history() {
    let rolling = |next: Value, live: Value| json!({"series": "r", "strategy": "rolling", "seconds": 60, "next": next, "live": live});
    let none = json!({"requests": 0, "errors": 0});
    let lines = (0..6)
        .map(|_| rolling(none.clone(), json!({"requests": 1_200, "errors": 1})))
        .chain((0..3).map(|_| rolling(json!({"requests": 1_200, "errors": 300}), Value::Null)));
    let (_, answers, _) = judged(&text(lines));
    assert_eq!(answers[6]["verdict"], "failed", "{}", answers[6]);
    assert!(answers[6]["why"].as_str().unwrap().contains("against what is usual"));
}

#[test]
fn nothing_that_is_a_number_breaks_it() {
    let most = 1_000_000_000_000_u64;
    let sides = [(0, 0), (1, 1), (most, most), (most, 0), (3, 0)];
    let pairs = sides.iter().flat_map(|next| sides.iter().map(move |live| line("a", *next, *live)));
    let (tally, answers, _) = judged(&text(pairs));
    assert_eq!(tally, Tally { judged: 25, refused: 0 });
    assert!(answers.iter().all(|answer| answer["bound"].is_number() && answer["evidence"].is_number()));
}

#[test]
fn a_first_line_with_wrong_counts_still_gives_the_settings() {
    let mut lines: Vec<Value> = history("a").collect();
    lines[0] = line("a", (10, 12), (10, 0));
    lines[0]["settings"] = json!({"bake": "10m"});
    lines.extend((0..11).map(|_| line("a", (1_200, 1), (10_800, 11))));
    let (tally, answers, _) = judged(&text(lines));
    assert_eq!(tally, Tally { judged: 16, refused: 1 });
    assert_eq!(verdicts(&answers, "a")[..14], ["wait"; 14], "as long as the refused line says");
    assert_eq!(verdicts(&answers, "a")[14], "ready");
    let mut wrong = line("b", (10, 12), (10, 0));
    wrong["settings"] = json!({"cake": "10m"});
    let (_, _, refusals) = judged(&text([wrong]));
    assert!(refusals[0].contains("cake") && refusals[0].contains("next.errors is 12"), "{}", refusals[0]);
}

#[test]
fn no_settings_and_empty_ones_are_the_same() {
    let mut lines: Vec<Value> = history("a").collect();
    lines[3]["settings"] = json!({});
    assert_eq!(judged(&text(lines)).0, Tally { judged: 6, refused: 0 });
}

#[test]
fn more_limits_than_are_followed_are_refused_and_not_left_out() {
    let with = |limits: std::ops::Range<u32>| {
        let slow: Value =
            limits.map(|n| (format!("0.{n}"), json!(0))).collect::<serde_json::Map<_, _>>().into();
        let mut line = line("a", (10, 0), (10, 0));
        line["next"]["slow"] = slow.clone();
        line["live"]["slow"] = slow;
        line
    };
    let (tally, _, refusals) = judged(&text([with(1..5), with(3..7), with(3..8), with(1..5)]));
    assert_eq!(tally, Tally { judged: 3, refused: 1 });
    assert!(refusals[0].starts_with("line 3") && refusals[0].contains("slow has 0.7"), "{}", refusals[0]);
}

#[test]
fn slow_answers_that_only_one_side_counted_say_nothing() {
    let lines = (0..9).map(|n| {
        let mut line = line("a", (if n < 3 { 0 } else { 600 }, 0), (600, 0));
        line["next"]["slow"] = json!({"0.25": if n < 3 { 0 } else { 600 }});
        line
    });
    let (_, answers, _) = judged(&text(lines));
    assert_eq!(verdicts(&answers, "a").last().unwrap(), "ready", "{answers:#?}");
}
