//! The `drain` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("drain", drain::run)
}
