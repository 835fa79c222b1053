//! Requests to calls. Owns: telling the service and the operation.

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::coerce::{Source, coerce, serialization};
use crate::error::ApiError;
use crate::model::Operation;
use crate::protocol::{Protocol, cbor_path, header};
use crate::reply::{Reply, asks_in_query_mode};
use crate::scope::Scope;
use crate::service::Service;
use crate::{cbor, form, json, percent, refusal, rest, validate};

/// The largest body taken; Lambda's 6 MB is the largest that a service here allows.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// The region of requests that are not signed.
const DEFAULT_REGION: &str = "us-east-1";

/// Services that are none of ours, by their names in signatures, whose protocol is REST with XML.
const XML_ONLY: [&str; 4] = ["s3", "s3express", "route53", "cloudfront"];

/// The call that a request makes, and how to answer it. What AWS would refuse before the service proper
/// sees it (unknown operations, unreadable bodies, broken constraints) is refused here, ready to be sent.
#[expect(clippy::result_large_err, reason = "both sides are a whole exchange; it happens once a request")]
pub fn decode(parts: &Parts, body: &[u8]) -> Result<(Call, Reply), Response<Bytes>> {
    let mut reply = Reply::unaddressed(Protocol::shown_by(parts), asks_in_query_mode(parts));
    match read(parts, body, &mut reply) {
        Ok(call) => Ok((call, reply)),
        Err(refusal) => Err(reply.encode(Err(refusal))),
    }
}

/// What kind of place the input is in, once the operation is known.
enum Input {
    Form(Vec<(String, String)>),
    Rest(rest::Route),
    Json,
    Cbor,
}

/// Fills in the reply's address as soon as it is known, so that a refusal takes the service's shape.
fn read(parts: &Parts, body: &[u8], reply: &mut Reply) -> Result<Call, ApiError> {
    if body.len() > MAX_BODY {
        let status = StatusCode::PAYLOAD_TOO_LARGE.as_u16();
        return Err(ApiError::new(
            "RequestEntityTooLargeException",
            format!("the limit is {MAX_BODY} bytes"),
        )
        .with_status(status));
    }
    if header(parts, CONTENT_ENCODING.as_str()).is_some_and(|encoding| encoding != "identity") {
        return Err(serialization("the rehearsal reads no compressed bodies"));
    }
    let scope = Scope::of(parts);
    let signed = Signed::of(scope.as_ref());
    if signed.name.is_some_and(|name| XML_ONLY.contains(&name)) {
        // Its clients read no refusal but XML.
        reply.protocol = Protocol::Query;
    }
    let (service, operation, input) = match reply.protocol {
        Protocol::Query => by_action(parts, body, signed, reply)?,
        Protocol::RestJson => by_path(parts, signed, reply)?,
        Protocol::Cbor | Protocol::Json10 | Protocol::Json11 => by_target(parts, signed, reply)?,
    };
    reply.address(service, operation);
    let input = read_input(service, operation, input, parts, body)?;
    let violations = validate(service, &operation.name, &input);
    if !violations.is_empty() {
        return Err(refusal::invalid(service, &operation.name, &violations));
    }
    Ok(Call {
        service,
        operation: operation.name.clone(),
        input,
        access_key: scope.as_ref().map(|scope| scope.access_key.to_owned()),
        region: scope.map_or(DEFAULT_REGION, |scope| scope.region).to_owned(),
        trace: header(parts, "x-amzn-trace-id").map(str::to_owned),
    })
}

type Addressed = (Service, &'static Operation, Input);

/// Which service a request was signed for.
#[derive(Clone, Copy)]
struct Signed<'a> {
    service: Option<Service>,
    /// Its name in the signature, also if it is none of ours.
    name: Option<&'a str>,
}

impl<'a> Signed<'a> {
    fn of(scope: Option<&Scope<'a>>) -> Self {
        let name = scope.map(|scope| scope.signing_name);
        Self { service: name.and_then(Service::from_signing_name), name }
    }

    /// The refusal of an operation that is not here.
    fn unknown(self, protocol: Protocol, service: Option<Service>, operation: &str) -> ApiError {
        refusal::unknown_operation(protocol, service.map(Service::name).or(self.name), operation)
    }
}

/// JSON and CBOR: a prefix that names the service, and the operation.
fn by_target(parts: &Parts, signed: Signed<'_>, reply: &mut Reply) -> Result<Addressed, ApiError> {
    let (target, input) = match reply.protocol {
        Protocol::Cbor => (cbor_path(parts.uri.path()), Input::Cbor),
        _ => (header(parts, "x-amz-target").and_then(|target| target.rsplit_once('.')), Input::Json),
    };
    let (prefix, name) = target.unwrap_or_default();
    let service = signed.service.or_else(|| Service::from_target_prefix(prefix));
    reply.service = service;
    let (service, operation) =
        find(service, name, reply.protocol).ok_or_else(|| signed.unknown(reply.protocol, service, name))?;
    if service.model().metadata.target_prefix.as_deref() != Some(prefix) {
        return Err(signed.unknown(reply.protocol, Some(service), &format!("{prefix}.{name}")));
    }
    Ok((service, operation, input))
}

/// Query: `Action` and `Version`, in the body or, for a GET, in the URI.
fn by_action(
    parts: &Parts,
    body: &[u8],
    signed: Signed<'_>,
    reply: &mut Reply,
) -> Result<Addressed, ApiError> {
    let body = std::str::from_utf8(body).map_err(|_| serialization("the form is not UTF-8"))?;
    let text = if body.is_empty() { parts.uri.query().unwrap_or_default() } else { body };
    let pairs = percent::pairs(text.trim()).ok_or_else(|| serialization("the form cannot be read"))?;
    let value = |name| pairs.iter().find(|(given, _)| given == name).map(|(_, text)| text.as_str());
    let (action, version) = (value("Action").unwrap_or_default(), value("Version"));
    let service = signed.service.or_else(|| {
        Service::ALL.into_iter().find(|service| {
            let model = service.model();
            model.operations.contains_key(action)
                && model.metadata.speaks(Protocol::Query.name())
                && version == Some(&model.metadata.api_version)
        })
    });
    reply.service = service;
    // A classic load balancer's calls are signed like a new one's and differ in the version.
    if let (Some(service), Some(version)) = (service, version)
        && version != service.model().metadata.api_version
    {
        return Err(refusal::unknown_version(action, version));
    }
    let (service, operation) = find(service, action, reply.protocol).ok_or_else(|| {
        // What is asked for without an action is asked for by its path, such as everything of S3.
        let line = if action.is_empty() { request_line(parts) } else { action.to_owned() };
        signed.unknown(reply.protocol, service, &line)
    })?;
    Ok((service, operation, Input::Form(pairs)))
}

/// REST: the method and the path.
fn by_path(parts: &Parts, signed: Signed<'_>, reply: &mut Reply) -> Result<Addressed, ApiError> {
    reply.service = signed.service;
    let candidates = Service::ALL.into_iter().filter(|service| {
        signed.service.is_none_or(|signed| signed == *service)
            && service.model().metadata.speaks(Protocol::RestJson.name())
    });
    let found = candidates.filter_map(|service| Some((service, rest::route(service, parts)?))).next();
    let (service, route) =
        found.ok_or_else(|| signed.unknown(reply.protocol, signed.service, &request_line(parts)))?;
    Ok((service, route.operation, Input::Rest(route)))
}

fn request_line(parts: &Parts) -> String {
    format!("{} {}", parts.method, parts.uri.path())
}

fn find(service: Option<Service>, name: &str, protocol: Protocol) -> Option<(Service, &'static Operation)> {
    service
        .filter(|service| service.model().metadata.speaks(protocol.name()))
        .and_then(|service| Some((service, service.model().operations.get(name)?)))
}

fn read_input(
    service: Service,
    operation: &Operation,
    input: Input,
    parts: &Parts,
    body: &[u8],
) -> Result<Value, ApiError> {
    let model = service.model();
    let Some(reference) = &operation.input else { return Ok(Value::Object(Map::new())) };
    let shape = model.shape(&reference.shape);
    match input {
        Input::Form(pairs) => coerce(model, shape, form::read(model, shape, pairs)?, Source::Text),
        Input::Rest(route) => rest::read(model, &route, parts, body),
        Input::Json => coerce(model, shape, json::read(body)?, Source::Typed),
        Input::Cbor if body.is_empty() => Ok(Value::Object(Map::new())),
        Input::Cbor => coerce(model, shape, cbor::read(body)?, Source::Typed),
    }
}
