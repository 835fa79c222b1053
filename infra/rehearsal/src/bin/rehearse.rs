//! `cargo rehearse`

use clap::Parser as _;
use rehearsal::cli::{Cli, Command, RunOptions};
use rehearsal::command::{self, Push};
use rehearsal::scenario::MAIN;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Standard output is for what people see; everything else goes beside it, and only when asked for.
    tracing_subscriber::fmt()
        .with_max_level(if std::env::var_os("REHEARSE_LOG").is_some() {
            tracing::Level::DEBUG
        } else {
            tracing::Level::ERROR
        })
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked. False if something did not hold.
async fn dispatch(cli: Cli) -> anyhow::Result<bool> {
    if cli.imagined {
        let may = matches!(
            cli.command,
            None | Some(
                Command::Run { .. } | Command::Matrix { .. } | Command::Soak { .. } | Command::Crowd { .. }
            )
        );
        anyhow::ensure!(may, "--imagined is for run, matrix, soak and crowd");
        return command::imagined();
    }
    match cli.command {
        None => command::run(&MAIN.map(str::to_owned), &cli.run).await,
        Some(Command::Run { names, options }) => command::run(&names, &options as &RunOptions).await,
        Some(Command::List) => {
            print!("{}", command::list());
            Ok(true)
        }
        Some(Command::Judge { file }) => {
            command::judge(file.as_deref())?;
            Ok(true)
        }
        Some(Command::Serve { port, traffic_port, seed }) => {
            command::serve(port, traffic_port, seed).await?;
            Ok(true)
        }
        Some(Command::Crowd { services, seed, rate }) => command::crowd(services, seed, rate).await,
        Some(Command::Matrix { only, pairs, at_once, seed, rate, write }) => {
            let options = rehearsal::matrix::Options { seed, rate, at_once };
            command::matrix(&only, pairs, options, write.as_deref()).await
        }
        Some(Command::Soak { minutes, days, seed, rate, report }) => {
            let length = rehearsal::soak::length(minutes, days)?;
            command::soak(&rehearsal::soak::Options { length, seed, rate, report }).await
        }
        Some(Command::Push { tag, repository, port, sample, annotation: annotations, command }) => {
            println!(
                "{}",
                command::push(&Push { tag, repository, port, sample, annotations, command }).await?
            );
            Ok(true)
        }
    }
}
