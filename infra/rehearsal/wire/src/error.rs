//! What an API answers when it refuses: AWS's code, message and status.

use serde_json::{Map, Value};

/// An AWS error answer, before it is put into a protocol's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// The error's shape name, as SDKs match it, such as `ServiceNotFoundException`.
    pub code: String,
    /// What the caller reads.
    pub message: String,
    /// HTTP status; 400 unless said otherwise.
    pub status: u16,
    /// Further members of the error's shape, such as `CancellationReasons` of DynamoDB.
    pub fields: Map<String, Value>,
}

impl ApiError {
    /// An error with status 400 and no further members.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400, fields: Map::new() }
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with one more member.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: Value) -> Self {
        self.fields.insert(name.into(), value);
        self
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for ApiError {}
