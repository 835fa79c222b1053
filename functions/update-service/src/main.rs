//! The `update-service` function as Lambda runs it.

fn main() -> std::process::ExitCode {
    changeover_lambda::serve("update-service", update_service::run)
}
