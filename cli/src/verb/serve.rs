//! `changeover serve`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::page;
use crate::session::Session;
use clap::Args;
use serde_json::json;
use tokio::sync::oneshot;

/// Where.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  changeover serve\n  changeover serve --port 0")]
pub struct Options {
    /// The port on this machine; 0 for any that is free.
    #[arg(long, default_value_t = 8117, value_name = "PORT")]
    port: u16,
    /// End when standard input does, so that whoever started it takes it along, however they end.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// Serves the page until it is stopped.
pub async fn run(globals: &Globals, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(globals).await?;
    let (screen, stack) = (session.screen, session.stack.name.clone());
    let served = page::serve(session, options.port, |address| {
        screen.answer(&json!({ "address": address, "stack": stack }), || {
            format!(
                "{address}\nThe page of {stack}. The address lets in whoever has it: it gives orders with your credentials. Stop with Ctrl-C."
            )
        });
    });
    tokio::select! {
        served = served => served?,
        () = stdin_ends(options.until_stdin_ends) => {}
    }
    Ok(Exit::Good)
}

/// Waits for the end of standard input; for ever, if that is no reason to end.
async fn stdin_ends(is_reason: bool) {
    let (tell, told) = oneshot::channel::<()>();
    if is_reason {
        // A thread of its own: the runtime would wait for one of its own that reads.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = tell.send(());
        });
        let _ = told.await;
    } else {
        std::future::pending::<()>().await;
    }
}
