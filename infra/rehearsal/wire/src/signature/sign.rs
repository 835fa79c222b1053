//! Signatures made: by clients of our own, and again by who verifies.

use super::Key;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use std::time::SystemTime;

/// A request that cannot be signed, and why.
#[derive(Debug)]
pub struct Unsignable(String);

impl std::fmt::Display for Unsignable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the request cannot be signed: {}", self.0)
    }
}

impl std::error::Error for Unsignable {}

impl Unsignable {
    pub(super) fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// What a signature is made for.
#[derive(Clone, Copy)]
pub(super) struct Purpose<'a> {
    pub region: &'a str,
    pub signing_name: &'a str,
    pub time: SystemTime,
}

/// Signs a request for a service, by its name in signatures: adds `Authorization`, `X-Amz-Date`, and the session token
/// if there is one. Every header that is there is signed.
///
/// # Errors
/// If the request has no `Host`, or headers that are no text.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    key: &Key,
    (region, signing_name): (&str, &str),
    time: SystemTime,
) -> Result<(), Unsignable> {
    let headers: Option<Vec<(&str, &str)>> =
        parts.headers.iter().map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let headers = headers.ok_or_else(|| Unsignable::new("a header is no text"))?;
    let purpose = Purpose { region, signing_name, time };
    let signed = signed(parts, &headers, SignableBody::Bytes(body), key, key.session_token.clone(), purpose)?;
    for (name, text) in signed.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Unsignable::new)?;
        parts.headers.insert(name, HeaderValue::from_str(&text).map_err(Unsignable::new)?);
    }
    Ok(())
}

/// A signature, and the headers that carry it.
pub(super) struct Signed {
    pub signature: String,
    headers: Vec<(String, String)>,
}

/// Signs just these headers, `Host` and the time.
pub(super) fn signed(
    parts: &Parts,
    headers: &[(&str, &str)],
    body: SignableBody<'_>,
    key: &Key,
    session_token: Option<String>,
    purpose: Purpose<'_>,
) -> Result<Signed, Unsignable> {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| Unsignable::new("it has no Host"))?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = format!("http://{host}{path}");
    let mut settings = SigningSettings::default();
    // What is signed is what is handed in: a proxy that changes headers is not between us.
    settings.excluded_headers = None;
    if is_plain(purpose.signing_name) {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let identity =
        Credentials::new(&key.access_key_id, &key.secret_access_key, session_token, None, "rehearsal").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(purpose.region)
        .name(purpose.signing_name)
        .time(purpose.time)
        .settings(settings)
        .build()
        .map_err(Unsignable::new)?
        .into();
    let request = SignableRequest::new(parts.method.as_str(), uri, headers.iter().copied(), body);
    let request = request.map_err(Unsignable::new)?;
    let (instructions, signature) =
        aws_sigv4::http_request::sign(request, &params).map_err(Unsignable::new)?.into_parts();
    let headers = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Signed { signature, headers })
}

/// S3 alone takes a path as it is, and a hash of the body from the caller.
pub(super) fn is_plain(signing_name: &str) -> bool {
    matches!(signing_name, "s3" | "s3express")
}
