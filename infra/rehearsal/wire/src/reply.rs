//! Answers in the protocol of their request. Owns: status, headers and the frame around the members.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::model::{Kind, KnownError, Location, Model, Operation, Shape};
use crate::protocol::{Protocol, header};
use crate::scope::Scope;
use crate::service::Service;
use crate::tidy::Tidy;
use crate::xml::Xml;
use crate::{cbor, json};

/// How one request is to be answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) protocol: Protocol,
    pub(crate) service: Option<Service>,
    operation: Option<&'static Operation>,
    /// Whether the caller came from the query protocol and still matches errors by its codes.
    query_mode: bool,
    request_id: String,
}

impl Reply {
    /// A reply to a request whose service and operation are not known yet.
    pub(crate) fn unaddressed(protocol: Protocol, query_mode: bool) -> Self {
        Self { protocol, service: None, operation: None, query_mode, request_id: next_request_id() }
    }

    /// A reply to a request that is refused before it is looked into.
    pub(crate) fn before_decoding(parts: &Parts) -> Self {
        let mut reply = Self::unaddressed(Protocol::shown_by(parts), asks_in_query_mode(parts));
        let scope = Scope::of(parts);
        reply.service = scope.and_then(|scope| Service::from_signing_name(scope.signing_name));
        reply
    }

    /// Says what the request is for.
    pub(crate) fn address(&mut self, service: Service, operation: &'static Operation) {
        self.service = Some(service);
        self.operation = Some(operation);
    }

    /// The id that the answer carries, for logs.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The answer as bytes. An output is brought to what the model promises: unknown members are left out.
    /// An error's status is the model's unless the handler gave another than 400.
    pub fn encode(&self, result: Result<Value, ApiError>) -> Response<Bytes> {
        let mut response = match result {
            Ok(output) => self.success(output),
            Err(error) => self.failure(error),
        };
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
        }
        if self.protocol == Protocol::Cbor {
            headers
                .insert(HeaderName::from_static("smithy-protocol"), HeaderValue::from_static("rpc-v2-cbor"));
        }
        response
    }

    fn success(&self, output: Value) -> Response<Bytes> {
        let (Some(service), Some(operation)) = (self.service, self.operation) else {
            return self.response(Vec::new());
        };
        let model = service.model();
        let reference = operation.output.as_ref();
        let shape = reference.map(|reference| model.shape(&reference.shape));
        let tidied = shape.and_then(|shape| Tidy::new(model).value(shape, output, ""));
        let members = match tidied {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        match (self.protocol, shape) {
            (Protocol::Query, _) => self.query_success(model, operation, shape, &members),
            (Protocol::Cbor, Some(shape)) => {
                self.response(cbor::write(model, shape, &Value::Object(members)))
            }
            (Protocol::Cbor, None) => Response::new(Bytes::new()),
            (Protocol::Json10 | Protocol::Json11, Some(shape)) => {
                self.response(json_bytes(&json::present(model, shape, Value::Object(members))))
            }
            (Protocol::RestJson, shape) => self.rest_success(model, operation, shape, members),
            (_, None) => self.response(b"{}".to_vec()),
        }
    }

    fn query_success(
        &self,
        model: &Model,
        operation: &Operation,
        shape: Option<&Shape>,
        members: &Map<String, Value>,
    ) -> Response<Bytes> {
        let mut xml = Xml::default();
        xml.root(&format!("{}Response", operation.name), Some(model), |xml| {
            let wrapper = operation.output.as_ref().and_then(|output| output.result_wrapper.as_deref());
            match (shape, wrapper) {
                (Some(shape), Some(wrapper)) => {
                    xml.element(wrapper, |xml| xml.members(model, shape, members));
                }
                (Some(shape), None) => xml.members(model, shape, members),
                (None, _) => {}
            }
            xml.element("ResponseMetadata", |xml| xml.text("RequestId", &self.request_id));
        });
        self.response(xml.finish().into_bytes())
    }

    fn rest_success(
        &self,
        model: &Model,
        operation: &Operation,
        shape: Option<&Shape>,
        mut members: Map<String, Value>,
    ) -> Response<Bytes> {
        let mut status = operation.http.response_code.unwrap_or(200);
        let mut headers = Vec::new();
        for (name, member) in shape.iter().flat_map(|shape| &shape.members) {
            match (member.location, members.get(name)) {
                (Some(Location::StatusCode), Some(Value::Number(number))) => {
                    status = number.as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(status);
                }
                (Some(Location::Header), Some(value)) => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    headers.push((member.wire_name(name), text));
                }
                _ => {}
            }
        }
        let body = match shape {
            Some(Shape { payload: Some(payload), members: known, .. }) => {
                let kind = known.get(payload).map(|member| model.shape(&member.shape).kind);
                payload_bytes(kind, members.remove(payload))
            }
            Some(shape) => json_bytes(&json::present(model, shape, Value::Object(members))),
            None => b"{}".to_vec(),
        };
        let mut response = with_status(self.response(body), status);
        for (name, text) in headers {
            if let (Ok(name), Ok(text)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&text)) {
                response.headers_mut().insert(name, text);
            }
        }
        response
    }

    fn failure(&self, error: ApiError) -> Response<Bytes> {
        let model = self.service.map(Service::model);
        let known = model.and_then(|model| model.error(&error.code));
        let modelled = known.as_ref().and_then(|known| known.status);
        let status = if error.status == 400 { modelled.unwrap_or(400) } else { error.status };
        let compatible = model.is_some_and(|model| model.metadata.aws_query_compatible.is_some());
        let (name, query_code) = known
            .as_ref()
            .map_or((error.code.as_str(), error.code.as_str()), |known| (known.name, known.query_code));
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        let body = match (self.protocol, model) {
            (Protocol::Query, model) => self.query_failure(model, query_code, fault, &error),
            (Protocol::Cbor, _) => cbor::write_plain(&self.failure_members(name, known.as_ref(), &error)),
            _ => json_bytes(&Value::Object(self.failure_members(name, known.as_ref(), &error))),
        };
        let mut response = with_status(self.response(body), status);
        let mut insert = |header, text: &str| {
            if let Ok(text) = HeaderValue::from_str(text) {
                response.headers_mut().insert(HeaderName::from_static(header), text);
            }
        };
        if self.protocol == Protocol::RestJson {
            insert("x-amzn-errortype", name);
        }
        if self.query_mode && compatible && self.protocol != Protocol::Query {
            insert("x-amzn-query-error", &format!("{query_code};{fault}"));
        }
        response
    }

    fn failure_members(
        &self,
        name: &str,
        known: Option<&KnownError<'_>>,
        error: &ApiError,
    ) -> Map<String, Value> {
        let has = |member: &str| known.is_some_and(|known| known.shape.members.contains_key(member));
        let mut members = error.fields.clone();
        if self.protocol != Protocol::RestJson {
            members.insert("__type".to_owned(), Value::from(name));
        }
        let message = if has("Message") { "Message" } else { "message" };
        members.insert(message.to_owned(), Value::from(error.message.as_str()));
        if self.service == Some(Service::Lambda) && has("Type") {
            members.entry("Type").or_insert_with(|| Value::from("User"));
        }
        members
    }

    fn query_failure(&self, model: Option<&Model>, code: &str, fault: &str, error: &ApiError) -> Vec<u8> {
        let mut xml = Xml::default();
        xml.root("ErrorResponse", model, |xml| {
            xml.element("Error", |xml| {
                xml.text("Type", fault);
                xml.text("Code", code);
                xml.text("Message", &error.message);
                for (name, value) in &error.fields {
                    xml.text(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
            });
            xml.text("RequestId", &self.request_id);
        });
        xml.finish().into_bytes()
    }

    fn response(&self, body: Vec<u8>) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.protocol.content_type()));
        response
    }
}

/// Whether the caller came from the query protocol and still matches errors by its codes.
pub(crate) fn asks_in_query_mode(parts: &Parts) -> bool {
    header(parts, "x-amzn-query-mode") == Some("true")
}

/// The refusal of a request that is not looked into at all, in a shape that its sender reads.
pub fn refusal(parts: &Parts, error: ApiError) -> Response<Bytes> {
    Reply::before_decoding(parts).encode(Err(error))
}

/// What in a handler's output the model does not know or has with another type; empty if all is well. For
/// tests: [`Reply::encode`] leaves such values out without a word.
pub fn check_output(service: Service, operation: &str, output: &Value) -> Vec<String> {
    let model = service.model();
    let Some(known) = model.operations.get(operation) else {
        return vec![format!("{operation} is not an operation of {service}")];
    };
    let mut tidy = Tidy::new(model);
    if let Some(reference) = &known.output {
        tidy.value(model.shape(&reference.shape), output.clone(), "");
    }
    tidy.complaints
}

fn payload_bytes(kind: Option<Kind>, payload: Option<Value>) -> Vec<u8> {
    match (kind, payload) {
        (_, None) => Vec::new(),
        (Some(Kind::Blob), Some(Value::String(text))) => BASE64.decode(&text).unwrap_or_default(),
        (Some(Kind::String), Some(Value::String(text))) => text.into_bytes(),
        (_, Some(value)) => json_bytes(&value),
    }
}

fn json_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn with_status(mut response: Response<Bytes>, status: u16) -> Response<Bytes> {
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Looks like AWS's, and is a count, so that two runs of one rehearsal give the same ids.
fn next_request_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", COUNT.fetch_add(1, Ordering::Relaxed))
}
