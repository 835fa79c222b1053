//! The web application as a process: options from the command line, SIGTERM and Ctrl-C to stop, lines on standard output, and
//! what ends it on standard error.

use clap::Parser as _;
use sample_webapp::{Options, hook, run};
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    if !options.hook.is_empty() {
        return answer(&options.hook);
    }
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let listening = signal(SignalKind::terminate()).and_then(|terminate| {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok((terminate, interrupt))
    });
    let ran = match listening {
        Ok((mut terminate, mut interrupt)) => {
            tokio::spawn(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                asked.cancel();
            });
            run(options, stop, Arc::new(say)).await
        }
        Err(error) => Err(error),
    };
    match ran {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("sample-webapp: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers as the function of a hook.
fn answer(statuses: &[String]) -> ExitCode {
    let mut event = Vec::new();
    let read = std::io::stdin().read_to_end(&mut event).map_err(|error| error.to_string());
    match read.and_then(|_| hook(statuses, &event)) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("sample-webapp: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What ends the process goes to standard error.
const FATAL: &str = "FATAL ";

fn say(lines: &str) {
    if lines.contains(FATAL) {
        eprintln!("{lines}");
    } else {
        println!("{lines}");
    }
}
