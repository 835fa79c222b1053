//! The `plan` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("plan", plan::run)
}
