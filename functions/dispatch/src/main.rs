//! The `dispatch` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("dispatch", dispatch::run)
}
