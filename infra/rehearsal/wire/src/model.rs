//! AWS's API models, as botocore writes them. Owns: reading `models/*.json` and looking things up in them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

/// One service's model.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub api_version: String,
    /// Present when answers must carry `x-amzn-query-error` for callers that came from the query protocol.
    pub aws_query_compatible: Option<Value>,
    protocol: String,
    #[serde(default)]
    protocols: Vec<String>,
    pub target_prefix: Option<String>,
    pub xml_namespace: Option<String>,
}

impl Metadata {
    /// Whether the service speaks the protocol, by botocore's name for it.
    pub fn speaks(&self, protocol: &str) -> bool {
        self.protocol == protocol || self.protocols.iter().any(|name| name == protocol)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub name: String,
    pub http: HttpTrait,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpTrait {
    pub method: String,
    pub request_uri: String,
    pub response_code: Option<u16>,
}

/// A use of a shape, with what only this use says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub shape: String,
    pub location: Option<Location>,
    pub location_name: Option<String>,
    #[serde(default)]
    pub flattened: bool,
    pub timestamp_format: Option<TimestampFormat>,
    pub result_wrapper: Option<String>,
}

impl Reference {
    /// The name on the wire of a member called `name`.
    pub fn wire_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(name)
    }
}

/// Where a REST member travels when it is not in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Location {
    Uri,
    Querystring,
    Header,
    Headers,
    StatusCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum TimestampFormat {
    Iso8601,
    Rfc822,
    UnixTimestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Character,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
    Blob,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub members: BTreeMap<String, Reference>,
    member: Option<Reference>,
    key: Option<Reference>,
    value: Option<Reference>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub pattern: Option<String>,
    #[serde(rename = "enum")]
    pub allowed: Option<Vec<String>>,
    #[serde(default)]
    pub flattened: bool,
    pub payload: Option<String>,
    pub timestamp_format: Option<TimestampFormat>,
    error: Option<ErrorTrait>,
    #[serde(default)]
    exception: bool,
    /// Free-form JSON: passed on as it is.
    #[serde(default)]
    pub document: bool,
    #[serde(skip)]
    regex: OnceLock<Option<Regex>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorTrait {
    code: Option<String>,
    http_status_code: Option<u16>,
}

impl Shape {
    /// The pattern, matching whole values as AWS does; `None` where there is none, or where it is written in
    /// a dialect (look-around, surrogates, Unicode categories) that the regex crate does not read.
    pub fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| {
                let pattern = self.pattern.as_ref()?;
                Regex::new(&format!("^(?:{pattern})$")).ok()
            })
            .as_ref()
    }
}

/// What the model knows about an error code.
#[derive(Debug)]
pub(crate) struct KnownError<'a> {
    pub name: &'a str,
    pub shape: &'a Shape,
    /// The code of the query protocol, which may differ from the shape's name.
    pub query_code: &'a str,
    pub status: Option<u16>,
}

impl Model {
    /// The shape a reference or an operation names. `trim.py` keeps every reachable shape and a test asserts
    /// it, so the lookup cannot miss.
    pub fn shape(&self, name: &str) -> &Shape {
        &self.shapes[name]
    }

    /// A list's element: its reference and its shape.
    pub fn element<'a>(&'a self, list: &'a Shape) -> Option<(&'a Reference, &'a Shape)> {
        let reference = list.member.as_ref()?;
        Some((reference, self.shape(&reference.shape)))
    }

    /// A map's key: its reference and its shape.
    pub fn key<'a>(&'a self, map: &'a Shape) -> Option<(&'a Reference, &'a Shape)> {
        let reference = map.key.as_ref()?;
        Some((reference, self.shape(&reference.shape)))
    }

    /// A map's value: its reference and its shape.
    pub fn value<'a>(&'a self, map: &'a Shape) -> Option<(&'a Reference, &'a Shape)> {
        let reference = map.value.as_ref()?;
        Some((reference, self.shape(&reference.shape)))
    }

    /// The error that goes by this shape name or query code.
    pub fn error<'a>(&'a self, code: &str) -> Option<KnownError<'a>> {
        self.shapes.iter().filter(|(_, shape)| shape.exception || shape.error.is_some()).find_map(
            |(name, shape)| {
                let details = shape.error.as_ref();
                let query_code = details.and_then(|error| error.code.as_deref()).unwrap_or(name);
                (name == code || query_code == code).then_some(KnownError {
                    name,
                    shape,
                    query_code,
                    status: details.and_then(|error| error.http_status_code),
                })
            },
        )
    }

    /// References that name no shape; empty unless the data was edited by hand.
    #[cfg(test)]
    pub fn dangling(&self) -> Vec<&str> {
        let sides = self.operations.values().flat_map(|operation| [&operation.input, &operation.output]);
        let inner = self.shapes.values().flat_map(|shape| {
            shape.members.values().chain([&shape.member, &shape.key, &shape.value].into_iter().flatten())
        });
        sides
            .flatten()
            .chain(inner)
            .map(|reference| reference.shape.as_str())
            .filter(|name| !self.shapes.contains_key(*name))
            .collect()
    }

    /// Patterns that cannot be enforced.
    #[cfg(test)]
    pub fn unreadable_patterns(&self) -> Vec<&str> {
        self.shapes
            .values()
            .filter(|shape| shape.pattern.is_some() && shape.regex().is_none())
            .filter_map(|shape| shape.pattern.as_deref())
            .collect()
    }
}
