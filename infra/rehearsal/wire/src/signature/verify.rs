//! Whether a signature holds.

use super::Key;
use super::authorization::Authorization;
use super::refused::Refused;
use super::sign::{Purpose, is_plain, signed};
use crate::protocol::header;
use crate::reply::Reply;
use aws_sigv4::http_request::SignableBody;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

/// A time as signatures have it.
const TIME: &str = "%Y%m%dT%H%M%SZ";
/// How many minutes a signature may be from the service's own clock.
const MINUTES: i64 = 5;
/// The same for services that are known to bear more: AWS's answers of STS and ECR say so (aws-cli 6676,
/// registry-creds 24).
const PATIENT_MINUTES: i64 = 15;
/// Those services, by their names in signatures.
const PATIENT: [&str; 2] = ["sts", "ecr"];

/// Who has keys, and where the door is that they fit.
pub trait Lock {
    /// The key with this id.
    fn key(&self, access_key_id: &str) -> Option<&Key>;

    /// The region that signatures have to be for.
    fn region(&self) -> &str;
}

/// Makes sure that a request is signed with a key that fits, over what it says, at about this time.
///
/// Of a signed header nothing may have changed; of the body nothing, whatever is signed. A header that is not signed may
/// be anything, as in AWS. The same request may come again for as long as its time is not over, as in AWS.
///
/// # Errors
/// What AWS answers, in the protocol of the request.
#[expect(clippy::result_large_err, reason = "the answer is a whole response; it happens once a request")]
pub fn authenticate(
    parts: &Parts,
    body: &[u8],
    lock: &dyn Lock,
    now: Timestamp,
) -> Result<(), Response<Bytes>> {
    holds(parts, body, lock, now).map_err(|refused| {
        let reply = Reply::before_decoding(parts);
        reply.encode(Err(refused.in_terms_of(reply.protocol)))
    })
}

fn holds(parts: &Parts, body: &[u8], lock: &dyn Lock, now: Timestamp) -> Result<(), Refused> {
    let authorization = Authorization::of(parts)?;
    let key = lock.key(authorization.access_key).ok_or(Refused::UnknownKey)?;
    let token = header(parts, "x-amz-security-token");
    if !same(token.unwrap_or_default(), key.session_token.as_deref().unwrap_or_default()) {
        return Err(Refused::UnknownKey);
    }
    if authorization.region != lock.region() {
        return Err(Refused::Mismatch(format!(
            "Credential should be scoped to a valid region, not '{}'. The rehearsal's is '{}'.",
            authorization.region,
            lock.region()
        )));
    }
    for name in ["host", "x-amz-date"] {
        if !authorization.signed_headers.contains(&name) {
            return Err(Refused::Mismatch(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )));
        }
    }
    let time = in_time(&authorization, now)?;
    let signature = again(parts, body, key, &authorization, time)?;
    if same(&signature, authorization.signature) { Ok(()) } else { Err(Refused::another_signature()) }
}

/// The time of a signature, if it is not too far from now.
fn in_time(authorization: &Authorization<'_>, now: Timestamp) -> Result<Timestamp, Refused> {
    let date = authorization.date;
    let time = DateTime::strptime(TIME, date).ok().and_then(|civil| civil.to_zoned(TimeZone::UTC).ok());
    let Some(time) = time.map(|zoned| zoned.timestamp()) else {
        return Err(Refused::Incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )));
    };
    let minutes = if PATIENT.contains(&authorization.signing_name) { PATIENT_MINUTES } else { MINUTES };
    let written = |time: Timestamp| time.strftime(TIME).to_string();
    let span = SignedDuration::from_mins(minutes);
    let (least, most) = (now - span, now + span);
    if time < least {
        return Err(Refused::Mismatch(format!(
            "Signature expired: {date} is now earlier than {} ({} - {minutes} min.)",
            written(least),
            written(now)
        )));
    }
    if time > most {
        return Err(Refused::Mismatch(format!(
            "Signature not yet current: {date} is still later than {} ({} + {minutes} min.)",
            written(most),
            written(now)
        )));
    }
    Ok(time)
}

/// The signature that the key makes of the headers that are said to be signed.
fn again(
    parts: &Parts,
    body: &[u8],
    key: &Key,
    authorization: &Authorization<'_>,
    time: Timestamp,
) -> Result<String, Refused> {
    let mut headers = Vec::with_capacity(authorization.signed_headers.len());
    for name in &authorization.signed_headers {
        let mut values = parts.headers.get_all(*name).iter().peekable();
        if values.peek().is_none() {
            return Err(Refused::another_signature());
        }
        for value in values {
            headers.push((*name, value.to_str().map_err(|_| Refused::another_signature())?));
        }
    }
    let signing_name = authorization.signing_name;
    let body = match header(parts, "x-amz-content-sha256") {
        Some(hash) if is_plain(signing_name) => SignableBody::Precomputed(hash.to_owned()),
        _ => SignableBody::Bytes(body),
    };
    let purpose = Purpose { region: authorization.region, signing_name, time: time.into() };
    // The token, if there is one, is among the signed headers already.
    let signed = signed(parts, &headers, body, key, None, purpose);
    signed.map(|signed| signed.signature).map_err(|_| Refused::another_signature())
}

/// Compared in a time that tells nothing of where they differ.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
