//! Imagined containers: the sample application as tasks of this process, told by the same options.

use rehearsal_ecs::{Containers, KILLED, Printed, Signal, Started};
use sample_webapp::{Options, run};
use std::io;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The exit code of a program that does not understand what it is told, as clap has it.
const MISUSED: i32 = 2;
/// The exit code of a program that cannot listen.
const FAILED: i32 = 1;

/// Runs the sample application, and nothing else.
#[derive(Debug)]
pub struct Imagined;

impl Containers for Imagined {
    fn start(
        &self,
        command: &[String],
        environment: &[(String, String)],
        printed: Printed,
    ) -> io::Result<Started> {
        if command.first().map(String::as_str) != Some(rehearsal::binaries::SAMPLE_WEBAPP) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "only the sample application can be imagined",
            ));
        }
        let (tell, exit) = watch::channel(None);
        let (stop, kill) = (CancellationToken::new(), CancellationToken::new());
        let (told, killed) = (stop.clone(), kill.clone());
        let options = Options::of(command, environment);
        tokio::spawn(async move {
            let lines = printed.clone();
            let life = async {
                let options = match options {
                    Ok(options) => options,
                    Err(why) => {
                        why.lines().for_each(|line| printed.line(line));
                        return MISUSED;
                    }
                };
                match run(options, told, Arc::new(move |line| lines.line(line))).await {
                    Ok(code) => i32::from(code),
                    Err(error) => {
                        printed.line(&format!("sample-webapp: {error}"));
                        FAILED
                    }
                }
            };
            let code = tokio::select! {
                biased;
                () = killed.cancelled() => KILLED,
                code = life => code,
            };
            tell.send_replace(Some(code));
        });
        let signal = move |signal| match signal {
            Signal::Terminate => stop.cancel(),
            Signal::Kill => kill.cancel(),
        };
        Ok(Started { exit, signal: Box::new(signal) })
    }
}
