//! Logs: one JSON object a line on stdout, with the keys that Powertools for AWS Lambda uses.

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
static INVOCATION: Mutex<Option<(String, Option<String>)>> = Mutex::new(None);
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

/// Says that an invocation begins.
pub(crate) fn begin(request_id: &str, trace_id: Option<&str>) {
    COLD.store(!BEGUN.swap(true, Ordering::Relaxed), Ordering::Relaxed);
    let mut invocation = INVOCATION.lock().unwrap_or_else(PoisonError::into_inner);
    *invocation = Some((request_id.to_owned(), trace_id.map(str::to_owned)));
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
        put("timestamp", jiff::Timestamp::now().to_string().into());
        put("service", self.service.into());
        put("cold_start", COLD.load(Ordering::Relaxed).into());
        if let Some((request, trace)) = &*INVOCATION.lock().unwrap_or_else(PoisonError::into_inner) {
            put("function_request_id", request.as_str().into());
            put("xray_trace_id", trace.clone().into());
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
