//! Tests of the whole view: as a pipe gets it, and as a terminal shows it.

use super::screen::Wish;
use super::*;
use crate::report::sample;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// How wide the terminal of the tests is.
const WIDTH: u16 = 120;

/// A stream that can be read while it is written.
#[derive(Debug, Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Stream {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("text")
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a terminal shows that got this stream.
fn seen_on(stream: &Stream) -> Vec<String> {
    let mut terminal = vt100::Parser::new(60, WIDTH, 0);
    // A terminal driver sends the cursor to the left for each new line.
    terminal.process(stream.text().replace('\n', "\r\n").as_bytes());
    terminal.screen().contents().lines().map(str::to_owned).collect()
}

/// A frame of a scenario at a moment of its timeline.
fn frame(scenario: &Scenario, moments: usize) -> Frame {
    let so_far = scenario.timeline[..moments].to_vec();
    let last = so_far.last().cloned().unwrap_or_default();
    let side = |name: &str, weight| Side {
        name: name.to_owned(),
        weight,
        healthy: 3,
        running: 3,
        ..Side::default()
    };
    Frame {
        scenario: scenario.name.clone(),
        elapsed_ms: last.at_ms,
        state: last.state,
        note: last.note,
        sides: vec![side("blue", 90), side("green", 10)],
        rate: 200.0,
        total: 2_400,
        moments: so_far,
        ..Frame::default()
    }
}

fn rehearse(terminal: &mut Terminal, report: &Report) {
    for scenario in &report.scenarios {
        terminal.begin(&scenario.name, &scenario.about);
        for moments in 0..=scenario.timeline.len() {
            // Each frame comes several times, as it does several times a second.
            (0..3).for_each(|_| terminal.frame(&frame(scenario, moments)));
        }
        terminal.end(scenario);
    }
    terminal.close(report, Path::new("target/rehearsal/report.html"));
}

const PIPED: &str = "
bad-under-traffic  The image is healthy, but answers 30 % of real requests with 500.
   0:03.0  Plan              
   0:03.4  RegisterRevision  
   0:03.9  UpdateService     
   0:04.3  CheckHealth       
   0:11.5  Swap              blue 90, green 10
   0:12.0  Bake              green 10 %
   0:19.0  Rollback          5xx share of green is 29.8 %, of blue 0 %
   0:27.0  Finish            
   0:27.6  RolledBack        blue serves v1
✓ Held: The new image was taken back and the service runs what it ran before (5xx share of green is 29.8 %, of \
blue 0 %). 42 of 7,233 requests failed (0.58 %).

careless  The control: <b>someone</b> flips the weights & stops the old tasks at once.
✗ Did not hold: The service was changed by hand, without a deployment. Users noticed nothing: 2,407 requests, none \
failed.
  Expected: Requests are lost
  - It lost no request, so the rehearsal cannot tell a careless deployment.
  Again: cargo rehearse run careless --seed 7

  scenario           outcome        requests  failed       cost
✓ bad-under-traffic  RolledBack        7,233      42  $0.001824
✗ careless           no deployment     2,407       0          –

1 of 2 scenarios did not hold.
Report: target/rehearsal/report.html
";

fn two() -> Report {
    let mut report = sample::report();
    report.scenarios.remove(0);
    report
}

#[test]
fn a_pipe_gets_a_line_for_each_thing_that_happens_and_the_verdicts() {
    let stream = Stream::default();
    rehearse(&mut Terminal::plain(Box::new(stream.clone())), &two());
    let expected: String = PIPED.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(stream.text(), expected);
}

#[test]
fn nothing_in_a_pipe_moves_a_cursor_whatever_an_application_logs() {
    let stream = Stream::default();
    let mut terminal = Terminal::plain(Box::new(stream.clone()));
    let hostile = "\u{1b}[31mpanic\r\n\u{1b}]0;title\u{7}\u{9b}2J";
    terminal.begin(hostile, hostile);
    let moment = Moment { at_ms: 1, state: hostile.to_owned(), note: hostile.to_owned() };
    terminal.frame(&Frame { moments: vec![moment], ..Frame::default() });
    let mut scenario =
        Scenario { name: hostile.to_owned(), expected: hostile.to_owned(), ..Scenario::default() };
    (scenario.verdict, scenario.broken) = (hostile.to_owned(), vec![hostile.to_owned()]);
    terminal.end(&scenario);
    terminal.close(&Report::new(vec![scenario]), Path::new(hostile));
    let text = stream.text();
    assert!(text.contains("panic"));
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn a_poll_loop_is_said_once() {
    let stream = Stream::default();
    let mut terminal = Terminal::plain(Box::new(stream.clone()));
    let happened = [
        ("CheckHealth", "0 of 3 healthy"),
        ("WaitForHealth", ""),
        ("CheckHealth", "0 of 3 healthy"),
        ("Healthy?", ""),
        ("CheckHealth", "3 of 3 healthy"),
    ];
    let moment =
        |(state, note): (&str, &str)| Moment { at_ms: 0, state: state.to_owned(), note: note.to_owned() };
    terminal.frame(&Frame { moments: happened.map(moment).to_vec(), ..Frame::default() });
    assert_eq!(stream.text().lines().count(), 2, "{}", stream.text());
}

#[test]
fn on_a_terminal_the_view_stays_below_what_happened_and_goes_in_the_end() {
    let stream = Stream::default();
    let wish = Wish { live: true, painted: true };
    let width = Box::new(|| usize::from(WIDTH));
    let mut terminal = Terminal::on(Screen::new(Box::new(stream.clone()), wish, width));
    let report = two();
    let scenario = &report.scenarios[0];
    terminal.begin(&scenario.name, &scenario.about);
    for moments in 0..=6 {
        terminal.frame(&frame(scenario, moments));
    }
    let seen = seen_on(&stream);
    let place = |part: &str| {
        let found: Vec<usize> = (0..seen.len()).filter(|at| seen[*at].contains(part)).collect();
        assert_eq!(found.len(), 1, "{part:?} is not there once: {seen:#?}");
        found[0]
    };
    assert!(place("UpdateService") < place("Swap"));
    assert!(place("0:12.0  Bake") < place("bad-under-traffic  Bake · green 10 %"));
    assert!(place("200 requests a second") == seen.len() - 1);
    terminal.end(scenario);
    terminal.close(&report, Path::new("report.html"));
    drop(terminal);
    let seen = seen_on(&stream);
    assert!(!seen.iter().any(|line| line.contains("requests a second")), "the view is gone: {seen:#?}");
    assert_eq!(seen.iter().filter(|line| line.contains("Swap")).count(), 1);
    assert_eq!(seen.last().expect("a line"), "Report: report.html");
}

/// Rehearses the sample on standard output, so that people can see it.
#[tokio::test]
#[ignore = "for people: cargo test -p rehearsal view_can_be_looked_at -- --ignored --nocapture"]
async fn the_view_can_be_looked_at() {
    let (mut terminal, report) = (Terminal::stdout(), sample::report());
    for scenario in &report.scenarios {
        terminal.begin(&scenario.name, &scenario.about);
        for moments in 0..=scenario.timeline.len() {
            terminal.frame(&frame(scenario, moments));
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        terminal.end(scenario);
        assert_eq!(terminal.said, scenario.timeline.len(), "everything was said");
    }
    terminal.close(&report, Path::new("target/rehearsal/report.html"));
}
