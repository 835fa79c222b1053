//! The binary of the command line; everything is in the library, so that tests can hold the documents to it.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    changeover_cli::main().await
}
