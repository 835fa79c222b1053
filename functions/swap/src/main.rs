//! The `swap` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("swap", swap::run)
}
