//! AWS's wire protocols, and how to tell them apart. Pure.

use http::header::CONTENT_TYPE;
use http::request::Parts;

/// How a request is written; its answer is written the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS JSON 1.0.
    Json10,
    /// AWS JSON 1.1.
    Json11,
    /// AWS query: a form in, XML out.
    Query,
    /// Smithy RPC v2 CBOR.
    Cbor,
    /// REST with JSON bodies.
    RestJson,
}

impl Protocol {
    /// The protocol that the request shows, whatever service it is for.
    pub fn shown_by(parts: &Parts) -> Self {
        let content_type = header(parts, CONTENT_TYPE.as_str()).unwrap_or_default();
        let path = parts.uri.path();
        if header(parts, "smithy-protocol") == Some("rpc-v2-cbor") || cbor_path(path).is_some() {
            Self::Cbor
        } else if parts.headers.contains_key("x-amz-target") {
            if content_type.starts_with("application/x-amz-json-1.0") { Self::Json10 } else { Self::Json11 }
        } else if path == "/" {
            // Of the protocols that are left, only query posts to the root.
            Self::Query
        } else {
            Self::RestJson
        }
    }

    /// botocore's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json10 | Self::Json11 => "json",
            Self::Query => "query",
            Self::Cbor => "smithy-rpc-v2-cbor",
            Self::RestJson => "rest-json",
        }
    }

    /// The content type of answers.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Query => "text/xml",
            Self::Cbor => "application/cbor",
            Self::RestJson => "application/json",
        }
    }
}

/// The service's prefix and the operation in `/service/X/operation/Y`, with or without something before it.
pub(crate) fn cbor_path(path: &str) -> Option<(&str, &str)> {
    let (_, rest) = path.split_once("/service/")?;
    let (service, operation) = rest.split_once("/operation/")?;
    (!service.contains('/') && !operation.contains('/')).then_some((service, operation))
}

/// A header that is text.
pub(crate) fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}
