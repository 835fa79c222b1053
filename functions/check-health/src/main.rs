//! The `check-health` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("check-health", check_health::run)
}
