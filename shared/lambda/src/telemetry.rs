//! Logs: one JSON object a line on stdout, with the keys that Powertools for AWS Lambda uses.

use crate::about::About;
use serde_json::{Map, Value};
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// What every line of one invocation carries.
struct Invocation {
    request_id: String,
    trace_id: Option<String>,
    about: About,
}

/// The invocation that goes on, or the last one: a process has one at a time.
static INVOCATION: Mutex<Option<Invocation>> = Mutex::new(None);
/// How long a text of an ending line may get, in characters; only lists of many services do.
const MAX_TOLD: usize = 4_000;
/// Whether no invocation has ended yet in this process.
static COLD: AtomicBool = AtomicBool::new(true);
/// Whether any invocation has begun.
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Starts logging for a function. `LOG_LEVEL` says how much; `info` without it.
pub(crate) fn start(service: &'static str) {
    let level =
        std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry().with(Lines { service }.with_filter(level));
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logging had been started before");
    }
}

/// Says that an invocation begins, and with what input.
pub(crate) fn begin(request_id: &str, trace_id: Option<&str>, input: &Value) {
    COLD.store(!BEGUN.swap(true, Ordering::Relaxed), Ordering::Relaxed);
    let mut invocation = INVOCATION.lock().unwrap_or_else(PoisonError::into_inner);
    *invocation = Some(Invocation {
        request_id: request_id.to_owned(),
        trace_id: trace_id.map(str::to_owned),
        about: About::of(input),
    });
}

/// Says how an invocation ended that has an answer: one line for each.
pub(crate) fn answered(answer: &Value) {
    if let Some(invocation) = &mut *INVOCATION.lock().unwrap_or_else(PoisonError::into_inner) {
        invocation.about = std::mem::take(&mut invocation.about).or_better(About::of(answer));
    }
    let text = |key: &str| told(answer.get(key)?);
    let wait_seconds = answer.get("wait_seconds").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
    tracing::info!(
        verdict = text("verdict"),
        wait_seconds,
        outcome = text("outcome"),
        note = text("note"),
        reason = text("reason"),
        followed_by = text("followed_by"),
        started = text("started"),
        passed_over = text("passed_over"),
        "the step has answered"
    );
}

/// A text of an answer, or a list of texts; nothing if it is empty.
fn told(value: &Value) -> Option<String> {
    let whole = match value {
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        _ => return None,
    };
    let short: String = whole.chars().take(MAX_TOLD).collect();
    Some(short).filter(|text| !text.is_empty())
}

struct Lines {
    service: &'static str,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // What our own crates say; what libraries say only when it is a warning.
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN && !is_ours(metadata.target()) {
            return;
        }
        let mut line = Fields(Map::new());
        event.record(&mut line);
        let mut put = |key: &str, value: Value| line.0.insert(key.to_owned(), value);
        put("level", metadata.level().as_str().into());
        put("location", format!("{}:{}", metadata.target(), metadata.line().unwrap_or(0)).into());
        put("timestamp", crate::Clock::SYSTEM.now().to_string().into());
        put("service", self.service.into());
        put("cold_start", COLD.load(Ordering::Relaxed).into());
        if let Some(invocation) = &*INVOCATION.lock().unwrap_or_else(PoisonError::into_inner) {
            put("function_request_id", invocation.request_id.as_str().into());
            put("xray_trace_id", invocation.trace_id.clone().into());
            invocation.about.fill(&mut line.0);
        }
        // A log that cannot be written has nowhere to say so.
        let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(line.0));
    }
}

fn is_ours(target: &str) -> bool {
    const LIBRARIES: [&str; 8] = ["aws_", "hyper", "rustls", "h2", "lambda_", "tower", "tokio", "serde"];
    !LIBRARIES.iter().any(|library| target.starts_with(library))
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_and_lists_of_texts_are_told_and_nothing_too_long() {
        assert_eq!(told(&json!("4 tasks are healthy")).as_deref(), Some("4 tasks are healthy"));
        assert_eq!(told(&json!(["main/web", "main/api"])).as_deref(), Some("main/web; main/api"));
        assert_eq!((told(&json!("")), told(&json!([])), told(&json!({"a": 1}))), (None, None, None));
        let many: Vec<String> = (0..1_000).map(|number| format!("service-{number}")).collect();
        assert_eq!(told(&json!(many)).map(|text| text.chars().count()), Some(MAX_TOLD));
    }
}
