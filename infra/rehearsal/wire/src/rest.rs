//! REST requests: members in the path, the query string, headers, and the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::coerce::{Source, coerce, serialization};
use crate::error::ApiError;
use crate::json;
use crate::model::{Kind, Location, Model, Operation, Reference, Shape};
use crate::percent;
use crate::service::Service;

/// A matched request line: the operation, and its labels still encoded.
#[derive(Debug)]
pub(crate) struct Route {
    pub operation: &'static Operation,
    labels: Vec<(&'static str, String)>,
}

/// The operation whose method and path these are; a literal segment wins over a label.
pub(crate) fn route(service: Service, parts: &Parts) -> Option<Route> {
    let path: Vec<&str> = segments(parts.uri.path()).collect();
    service
        .model()
        .operations
        .values()
        .filter(|operation| operation.http.method == parts.method.as_str())
        .filter_map(|operation| Some(Route { operation, labels: labels(operation, &path)? }))
        .min_by_key(|route| route.labels.len())
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn labels(operation: &'static Operation, path: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let pattern = operation.http.request_uri.split('?').next()?;
    let mut labels = Vec::new();
    let mut rest = path;
    for part in segments(pattern) {
        let (first, others) = rest.split_first()?;
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            // A greedy label takes all that is left.
            Some(label) if label.ends_with('+') => {
                labels.push((label.trim_end_matches('+'), rest.join("/")));
                rest = &[];
                continue;
            }
            Some(label) => labels.push((label, (*first).to_owned())),
            None if part == *first => {}
            None => return None,
        }
        rest = others;
    }
    rest.is_empty().then_some(labels)
}

/// The input of a routed request.
pub(crate) fn read(model: &Model, route: &Route, parts: &Parts, body: &[u8]) -> Result<Value, ApiError> {
    let Some(input) = &route.operation.input else { return Ok(Value::Object(Map::new())) };
    let shape = model.shape(&input.shape);
    let mut members = body_members(model, shape, body)?;
    let query = percent::pairs(parts.uri.query().unwrap_or_default())
        .ok_or_else(|| serialization("the query string cannot be read"))?;
    for (name, member) in &shape.members {
        let wire_name = member.wire_name(name);
        let given = match member.location {
            Some(Location::Uri) => label(route, wire_name)?,
            Some(Location::Querystring) => query_value(model, member, wire_name, &query),
            Some(Location::Header) => parts
                .headers
                .get(wire_name)
                .and_then(|value| value.to_str().ok())
                .map(|text| Value::String(text.to_owned())),
            Some(Location::Headers | Location::StatusCode) | None => None,
        };
        if let Some(value) = given {
            let value = coerce(model, model.shape(&member.shape), value, Source::Text)?;
            members.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(members))
}

fn label(route: &Route, name: &str) -> Result<Option<Value>, ApiError> {
    let Some((_, encoded)) = route.labels.iter().find(|(label, _)| *label == name) else { return Ok(None) };
    let text = percent::decode(encoded).ok_or_else(|| serialization("the path cannot be read"))?;
    Ok(Some(Value::String(text)))
}

fn query_value(model: &Model, member: &Reference, name: &str, query: &[(String, String)]) -> Option<Value> {
    let mut values = query
        .iter()
        .filter(|(given, _)| given == name)
        .map(|(_, text)| Value::String(text.clone()))
        .peekable();
    values.peek()?;
    match model.shape(&member.shape).kind {
        Kind::List => Some(Value::Array(values.collect())),
        _ => values.next(),
    }
}

/// The members that the body carries: one, if the shape says so, or all that have no other place.
fn body_members(model: &Model, shape: &Shape, body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let Some(payload) = &shape.payload else {
        return match coerce(model, shape, json::read(body)?, Source::Typed)? {
            Value::Object(members) => Ok(members),
            _ => Err(serialization("the body is not an object")),
        };
    };
    let mut members = Map::new();
    if let (Some(member), false) = (shape.members.get(payload), body.is_empty()) {
        let inner = model.shape(&member.shape);
        let value = match inner.kind {
            Kind::Blob => Value::String(BASE64.encode(body)),
            Kind::String => Value::String(String::from_utf8_lossy(body).into_owned()),
            _ => coerce(model, inner, json::read(body)?, Source::Typed)?,
        };
        members.insert(payload.clone(), value);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::json;

    use super::*;

    fn read_request(service: Service, request: Request<&[u8]>) -> Option<(String, Value)> {
        let (parts, body) = request.into_parts();
        let route = route(service, &parts)?;
        let input = read(service.model(), &route, &parts, body).expect("readable");
        Some((route.operation.name.clone(), input))
    }

    fn request(method: &str, uri: &str) -> http::request::Builder {
        Request::builder().method(method).uri(uri)
    }

    #[test]
    fn a_payload_is_the_whole_body() {
        let uri = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax/invocations?Qualifier=live";
        let request = request("POST", uri).header("X-Amz-Invocation-Type", "Event").body(&b"{}"[..]);
        assert_eq!(
            read_request(Service::Lambda, request.expect("a request")),
            Some((
                "Invoke".into(),
                json!({"FunctionName": "arn:aws:lambda:x", "Qualifier": "live", "InvocationType": "Event",
                    "Payload": "e30="})
            ))
        );
    }

    #[test]
    fn method_and_path_tell_operations_apart() {
        let of = |method, uri| {
            let request = request(method, uri).body(&b""[..]).expect("a request");
            read_request(Service::Scheduler, request).map(|(operation, _)| operation)
        };
        assert_eq!(of("GET", "/schedules"), Some("ListSchedules".into()));
        assert_eq!(of("GET", "/schedules/nightly"), Some("GetSchedule".into()));
        assert_eq!(of("DELETE", "/schedules/nightly?groupName=g"), Some("DeleteSchedule".into()));
        assert_eq!(of("PATCH", "/schedules/nightly"), None);
        assert_eq!(of("GET", "/schedules/a/b"), None);
    }

    #[test]
    fn query_values_are_typed() {
        let request = request("GET", "/schedules?MaxResults=5&NamePrefix=a%20b").body(&b""[..]);
        let (_, input) = read_request(Service::Scheduler, request.expect("a request")).expect("a route");
        assert_eq!(input, json!({"MaxResults": 5, "NamePrefix": "a b"}));
    }
}
