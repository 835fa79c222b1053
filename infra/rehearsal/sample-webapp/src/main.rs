//! The web application that the rehearsal deploys.
//!
//! A small HTTP/1.1 server that behaves as a good one does, finishing what it has begun when it is told to
//! stop, and that can be made to misbehave in the ways real ones do. It listens on loopback only.

mod answer;
mod fault;
mod options;
mod route;
mod serve;
mod websocket;

use clap::Parser as _;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = options::Options::parse();
    match serve::run(options).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sample-webapp: {error}");
            ExitCode::FAILURE
        }
    }
}
