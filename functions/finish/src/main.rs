//! The `finish` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("finish", finish::run)
}
