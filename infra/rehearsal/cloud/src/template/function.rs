//! Functions, as the template has them.

use super::node::Node;
use serde_json::Value;
use std::time::Duration;

/// Lambda's own bounds and defaults.
const MEMORY_MB: (u32, u32) = (128, 10_240);
const TIMEOUT_SECONDS: (u64, u64) = (1, 900);
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;

/// One function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub name: String,
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
    pub arn: String,
    /// `Metadata.BuildProperties.Binary`: which of the package's binaries it is.
    pub binary: Option<String>,
    /// Where it is built from.
    pub code_uri: String,
    /// `_HANDLER`.
    pub handler: String,
    /// What it may hold.
    pub memory_mb: u32,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// Its own variables.
    pub environment: Vec<(String, String)>,
    /// The ARN of the role it runs as.
    pub role_arn: String,
    /// That role's name in the template, if it is one of the template.
    pub role_logical_id: Option<String>,
    /// The ARN of the queue for events that it could not deal with, if it has one.
    pub dead_letters: Option<String>,
    /// Where its log lines go.
    pub log_group: String,
    /// Everything the template says of it, resolved.
    pub properties: Value,
}

/// What is given besides a resource's properties.
pub(super) struct Identity {
    pub(super) logical_id: String,
    pub(super) name: String,
    pub(super) arn: String,
}

pub(super) fn read(node: &Node<'_>, identity: Identity, metadata: &Value) -> Function {
    let Identity { logical_id, name, arn } = identity;
    let memory = node.number("MemorySize").and_then(|n| u32::try_from(n).ok()).unwrap_or(MEMORY_MB.0);
    if !(MEMORY_MB.0..=MEMORY_MB.1).contains(&memory) {
        node.wrong(format!("MemorySize is {memory}, not within {} and {}", MEMORY_MB.0, MEMORY_MB.1));
    }
    let timeout = node.number("Timeout").unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    if !(TIMEOUT_SECONDS.0..=TIMEOUT_SECONDS.1).contains(&timeout) {
        node.wrong(format!(
            "Timeout is {timeout}, not within {} and {}",
            TIMEOUT_SECONDS.0, TIMEOUT_SECONDS.1
        ));
    }
    let runtime = node.needed("Runtime");
    if !runtime.is_empty() && !runtime.starts_with("provided.") {
        node.wrong(format!("Runtime is {runtime}; the rehearsal runs binaries (provided.al2023)"));
    }
    let log_group = node.node("LoggingConfig").and_then(|logging| logging.text("LogGroup"));
    Function {
        binary: metadata.pointer("/BuildProperties/Binary").and_then(Value::as_str).map(str::to_owned),
        code_uri: node.needed("CodeUri"),
        handler: node.needed("Handler"),
        memory_mb: memory,
        timeout: Duration::from_secs(timeout),
        environment: node.node("Environment").map(|env| env.pairs("Variables")).unwrap_or_default(),
        role_arn: node.needed("Role"),
        role_logical_id: None,
        dead_letters: dead_letters(node),
        log_group: log_group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
        properties: node.value.clone(),
        logical_id,
        name,
        arn,
    }
}

fn dead_letters(node: &Node<'_>) -> Option<String> {
    let queue = node.node("DeadLetterQueue")?;
    let kind = queue.needed("Type");
    if kind != "SQS" {
        queue.wrong(format!("Type is {kind}; the rehearsal keeps dead letters in queues (SQS)"));
    }
    Some(queue.needed("TargetArn"))
}
