//! The environment variables Lambda gives a function.

use crate::function::{Config, Function};

/// The only version there is.
pub(crate) const VERSION: &str = "$LATEST";

/// Everything the process gets to see; nothing of the rehearsal's own environment is among it.
/// The platform's variables come last: a function's configuration cannot take their place in AWS either.
pub(crate) fn variables(
    config: &Config,
    function: &Function,
    runtime_api: &str,
    log_stream: &str,
) -> Vec<(String, String)> {
    let root = function.binary.parent().map(|path| path.display().to_string()).unwrap_or_default();
    let mut all = function.environment.clone();
    if let Some(url) = &config.endpoint_url {
        all.push(("AWS_ENDPOINT_URL".to_owned(), url.clone()));
    }
    let memory = function.memory_mb.to_string();
    let group = format!("/aws/lambda/{}", function.name);
    let platform: [(&str, &str); 20] = [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", VERSION),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_REGION", &config.region),
        ("AWS_DEFAULT_REGION", &config.region),
        ("AWS_ACCESS_KEY_ID", &function.credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", &function.credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", &function.credentials.session_token),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("_HANDLER", &function.handler),
        ("LAMBDA_TASK_ROOT", &root),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("TZ", ":UTC"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
    ];
    all.extend(platform.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}
