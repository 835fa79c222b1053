//! The `rollback` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("rollback", rollback::run)
}
