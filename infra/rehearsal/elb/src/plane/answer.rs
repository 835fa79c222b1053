//! What the balancer answers by itself.

use super::body::Body;
use super::headers::OWN_SERVER;
use crate::api::action::FixedResponse;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// An error page in the balancer's own words.
pub(crate) fn error(status: StatusCode) -> Response<Body> {
    let reason = match status {
        StatusCode::SERVICE_UNAVAILABLE => "Service Temporarily Unavailable",
        StatusCode::GATEWAY_TIMEOUT => "Gateway Time-out",
        other => other.canonical_reason().unwrap_or_default(),
    };
    let title = format!("{} {reason}", status.as_u16());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         </body>\r\n</html>\r\n"
    );
    own(status, HeaderValue::from_static("text/html"), page)
}

/// The answer of a fixed-response action.
pub(crate) fn fixed(response: &FixedResponse) -> Response<Body> {
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = response.content_type.as_deref().and_then(|kind| HeaderValue::from_str(kind).ok());
    let kind = kind.unwrap_or(HeaderValue::from_static("text/plain"));
    own(status, kind, response.body.clone().unwrap_or_default())
}

fn own(status: StatusCode, kind: HeaderValue, body: String) -> Response<Body> {
    let mut response = Response::new(Body::own(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::SERVER, OWN_SERVER);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
