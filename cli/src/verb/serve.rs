//! `changeover serve`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::page;
use crate::session::Session;
use clap::Args;
use serde_json::json;

/// Where.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  changeover serve\n  changeover serve --port 0")]
pub struct Options {
    /// The port on this machine; 0 for any that is free.
    #[arg(long, default_value_t = 8117, value_name = "PORT")]
    port: u16,
}

/// Serves the page until it is stopped.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let (screen, stack) = (session.screen, session.stack.name.clone());
    page::serve(session, options.port, |address| {
        screen.answer(&json!({ "address": address, "stack": stack }), || {
            format!(
                "{address}\nThe page of {stack}. The address lets in whoever has it: it gives orders with your credentials. Stop with Ctrl-C."
            )
        });
    })
    .await?;
    Ok(Exit::Good)
}
