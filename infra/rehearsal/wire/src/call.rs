//! A decoded request.

use serde_json::Value;

use crate::service::Service;

/// What a caller asks for, whatever protocol it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The service asked.
    pub service: Service,
    /// The operation's name, such as `DescribeServices`; always one that the service's model has.
    pub operation: String,
    /// The input, under the model's member names: timestamps are seconds since the epoch, blobs are base64.
    pub input: Value,
    /// The access key id it is signed with, if it is signed.
    pub access_key: Option<String>,
    /// The region it is signed for.
    pub region: String,
    /// The trace that it is part of, as `X-Amzn-Trace-Id` has it.
    pub trace: Option<String>,
}
