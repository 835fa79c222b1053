//! What the application answers, and how it misbehaves when it is told to.

use crate::support::{App, Connection, command, within};
use std::time::{Duration, Instant};

#[tokio::test]
async fn every_answer_carries_the_version() {
    let app = App::start(&["--version-name", "v2"]).await;
    for (target, status, body) in [
        ("/", 200, "v2\n"),
        ("/slow?ms=1", 200, "v2 after 1 ms\n"),
        ("/stream?ms=6&pieces=3", 200, "v2 1/3\nv2 2/3\nv2 3/3\n"),
        ("/health", 200, "v2 is healthy\n"),
        ("/slow?ms=99999", 400, "v2 ms is a number from 0 to 60000\n"),
        ("/ws", 426, "v2 speaks WebSocket 13 here\n"),
        ("/elsewhere", 404, "v2 has nothing here\n"),
    ] {
        let answer = app.get(target).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{target}");
        assert_eq!(answer.header("x-version"), Some("v2"), "{target}");
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_takes_bodies() {
    let app = App::start(&[]).await;
    let mut connection = Connection::open(&app).await;
    connection.ask("/").await;
    assert_eq!(connection.answer().await.body, "v1\n");
    connection.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello").await;
    assert_eq!(connection.answer().await.body, "v1 received 5 bytes\n");
    connection.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1048577\r\n\r\n").await;
    assert_eq!(connection.answer().await.status, 413);
}

#[tokio::test]
async fn an_idle_connection_is_closed_when_its_time_is_over_and_not_before() {
    let app = App::start(&["--keep-alive", "300ms"]).await;
    let mut connection = Connection::open(&app).await;
    for _ in 0..2 {
        connection.ask("/").await;
        assert_eq!(connection.answer().await.status, 200);
    }
    let idle = Instant::now();
    assert!(connection.closes().await);
    assert!(idle.elapsed() >= Duration::from_millis(200), "closed after {:?}", idle.elapsed());
}

#[tokio::test]
async fn the_environment_tells_it_what_flags_do() {
    let mut command = command(&[]);
    command.envs([("VERSION_NAME", "v9"), ("UNHEALTHY", "true"), ("LATENCY", "5ms")]);
    let app = App::from(command).await;
    let asked = Instant::now();
    let answer = app.get("/").await;
    assert_eq!((answer.status, answer.header("x-version")), (200, Some("v9")));
    assert!(asked.elapsed() >= Duration::from_millis(5), "no latency was added");
    let health = app.get("/health").await;
    assert_eq!((health.status, health.header("x-version")), (503, Some("v9")));
}

#[tokio::test]
async fn errors_strike_their_share_of_requests_and_never_health() {
    let statuses = |seed| async move {
        let app = App::start(&["--error-rate", "0.3", "--seed", seed]).await;
        let mut connection = Connection::open(&app).await;
        let mut statuses = Vec::new();
        for _ in 0..200 {
            connection.ask("/").await;
            let answer = connection.answer().await;
            assert_eq!(answer.header("x-version"), Some("v1"));
            statuses.push(answer.status);
            connection.ask("/health").await;
            assert_eq!(connection.answer().await.status, 200);
        }
        statuses
    };
    let first = statuses("11").await;
    assert_eq!(first, statuses("11").await, "a seed repeats its failures");
    let failed = first.iter().filter(|status| **status == 500).count();
    assert!((35..=85).contains(&failed), "{failed} of 200 failed at a rate of 0.3");
    assert!(first.iter().all(|status| [200, 500].contains(status)));
}

#[tokio::test]
async fn a_crash_says_why_and_exits_with_its_code() {
    let output = within("exit", command(&["--crash", "42", "--version-name", "v3"]).output()).await;
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(42));
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.lines().count() >= 3, "too few lines of explanation: {said}");
    assert!(said.lines().last().is_some_and(|line| line.contains("FATAL") && line.contains("v3")), "{said}");
}

#[tokio::test]
async fn it_crashes_later_and_starts_late_when_told_so() {
    let started = Instant::now();
    let app = App::start(&["--start-delay", "200ms", "--crash-after", "300ms"]).await;
    assert!(started.elapsed() >= Duration::from_millis(200), "it listened before its start delay");
    assert_eq!(app.ended().await.code(), Some(1));
    assert!(started.elapsed() >= Duration::from_millis(500), "it crashed too early");
}

#[tokio::test]
async fn bad_options_are_refused_in_words() {
    let output = within("exit", command(&["--error-rate", "30"]).output()).await.expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a share is a number from 0 to 1"));
}
