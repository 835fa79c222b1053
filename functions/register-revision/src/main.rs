//! The `register-revision` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("register-revision", register_revision::run)
}
