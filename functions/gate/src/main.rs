//! The `gate` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("gate", gate::run)
}
