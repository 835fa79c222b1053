//! `changeover`: start deployments, watch them, give them orders, find out why. Talks to AWS with the credentials of whoever
//! types; everything that it knows is in AWS.
//!
//! Owns: words, documents and exit codes. Never: a decision about a deployment; those are the functions', and an order is an
//! execution's input.

mod account;
pub mod args;
mod deliver;
#[cfg(test)]
mod documents;
mod failure;
mod follow;
mod look;
mod orders;
mod page;
mod pairing;
mod proposal;
mod reasons;
mod screen;
mod service;
mod session;
mod settings;
mod stack;
mod start;
mod suggest;
mod told;
pub mod verb;
mod words;

use args::{Cli, Output, Verb};
use clap::Parser as _;
use failure::{Exit, Failure};
use std::process::ExitCode;

/// Does what the command line says.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.globals.output == Output::Json;
    let done = tokio::select! {
        done = run(cli) => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::not("Stopped watching. What is on the way goes on: `changeover abort` takes it back.")),
    };
    let exit = match done {
        Ok(exit) => exit,
        Err(Failure { words, exit }) => {
            if json {
                eprintln!("{}", serde_json::json!({ "error": words, "exit": exit.code() }));
            } else {
                eprintln!("changeover: {words}");
            }
            exit
        }
    };
    ExitCode::from(exit.code())
}

async fn run(cli: Cli) -> Result<Exit, Failure> {
    let globals = &cli.globals;
    match &cli.verb {
        Verb::Deploy(options) => verb::deploy::run(globals, options).await,
        Verb::Status(options) => verb::status::run(globals, options).await,
        Verb::Wait(options) => verb::wait::run(globals, options).await,
        Verb::History(options) => verb::history::run(globals, options).await,
        Verb::Show(options) => verb::show::run(globals, options).await,
        Verb::Plan(options) => verb::plan::run(globals, options).await,
        Verb::Rollback(options) => verb::rollback::run(globals, options).await,
        Verb::Abort(options) => verb::orders::abort(globals, options).await,
        Verb::Promote(options) => verb::orders::promote(globals, options).await,
        Verb::Pause(options) => verb::orders::pause(globals, options).await,
        Verb::Continue(options) => verb::orders::go_on(globals, options).await,
        Verb::Freeze(options) => verb::freeze::freeze(globals, options).await,
        Verb::Unfreeze(end) => verb::freeze::unfreeze(globals, end).await,
        Verb::Why(options) => verb::why::run(globals, options).await,
        Verb::Doctor(options) => verb::doctor::run(globals, options).await,
        Verb::Init(options) => verb::init::run(globals, options).await,
        Verb::Pair(options) => verb::pair::run(globals, options).await,
        Verb::Logs(options) => verb::logs::run(globals, options).await,
        Verb::Judge(options) => verb::judge::run(options),
        Verb::Serve(options) => verb::serve::run(globals, options).await,
        Verb::Completions { shell } => verb::completions::run(*shell),
        Verb::Version => verb::version::run(globals),
    }
}
