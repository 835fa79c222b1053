//! The `Authorization` header of Signature Version 4, taken apart and looked over before anything is computed.

use super::refused::Refused;
use crate::protocol::header;
use http::header::AUTHORIZATION;
use http::request::Parts;

/// The only algorithm there is here.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How a credential scope ends.
const TERMINATOR: &str = "aws4_request";
/// A day as a credential scope has it.
const DAY: usize = "20260101".len();

/// `AWS4-HMAC-SHA256 Credential=AKIA…/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host;x-amz-date, Signature=…`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Authorization<'a> {
    pub access_key: &'a str,
    pub region: &'a str,
    pub signing_name: &'a str,
    pub signed_headers: Vec<&'a str>,
    pub signature: &'a str,
    /// `X-Amz-Date`, such as `20260101T120000Z`.
    pub date: &'a str,
}

impl<'a> Authorization<'a> {
    /// What a request says of its signature.
    pub fn of(parts: &'a Parts) -> Result<Self, Refused> {
        let is_presigned = parts.uri.query().unwrap_or_default().split('&').any(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            name.eq_ignore_ascii_case("X-Amz-Signature") || name.eq_ignore_ascii_case("X-Amz-Algorithm")
        });
        if is_presigned {
            return Err(Refused::Presigned);
        }
        let Some(text) = header(parts, AUTHORIZATION.as_str()) else { return Err(Refused::Missing) };
        let Some(fields) = text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' ')) else {
            return Err(Refused::Incomplete(format!("Authorization header requires '{ALGORITHM}'.")));
        };
        let field = |name: &str| {
            let mut all = fields.split(',').map(str::trim);
            all.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
        };
        let date = header(parts, "x-amz-date");
        let (credential, signed, signature) =
            (field("Credential"), field("SignedHeaders"), field("Signature"));
        let (Some(credential), Some(signed), Some(signature), Some(date)) =
            (credential, signed, signature, date)
        else {
            return Err(missing(credential, signature, signed, date));
        };
        // Counted from the end, for an access key may hold a slash.
        let elements: Vec<&str> = credential.rsplitn(5, '/').collect();
        let [terminator, signing_name, region, day, access_key] = elements[..] else {
            return Err(Refused::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
                 '{credential}'"
            )));
        };
        if terminator != TERMINATOR {
            return Err(Refused::Mismatch(format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
            )));
        }
        if date.get(..DAY) != Some(day) {
            return Err(Refused::Mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != \
                 '{}', from '{date}'.",
                date.get(..DAY).unwrap_or_default()
            )));
        }
        let signed_headers = signed.split(';').collect();
        Ok(Self { access_key, region, signing_name, signed_headers, signature, date })
    }
}

/// All that is missing at once, as AWS says it.
fn missing(
    credential: Option<&str>,
    signature: Option<&str>,
    signed: Option<&str>,
    date: Option<&str>,
) -> Refused {
    let parameters = [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed)];
    let mut why: Vec<String> = (parameters.iter().filter(|(_, value)| value.is_none()))
        .map(|(name, _)| format!("Authorization header requires '{name}' parameter."))
        .collect();
    if date.is_none() {
        why.push("Authorization header requires existence of a 'X-Amz-Date' header.".to_owned());
    }
    Refused::Incomplete(why.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn read(uri: &str, authorization: &str) -> Result<String, Refused> {
        let request = Request::post(uri).header("x-amz-date", "20260101T120000Z");
        let (parts, ()) = request.header("authorization", authorization).body(()).unwrap().into_parts();
        Authorization::of(&parts).map(|read| format!("{read:?}"))
    }

    #[test]
    fn what_is_missing_is_told_at_once() {
        let scope = "Credential=AKID/20260101/eu-west-1/states/aws4_request";
        let whole = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date, Signature=00");
        assert!(read("/", &whole).unwrap().contains("signing_name: \"states\""));
        assert!(read("/", &whole.replace(", ", ",")).is_ok(), "a space is not needed");
        let told = |text: &str| match read("/", text) {
            Err(Refused::Incomplete(why) | Refused::Mismatch(why)) => why,
            other => panic!("{other:?}"),
        };
        let bare = told("AWS4-HMAC-SHA256 nothing");
        for parameter in ["Credential", "Signature", "SignedHeaders"] {
            assert!(bare.contains(&format!("requires '{parameter}' parameter")), "{bare}");
        }
        assert!(told("Bearer abc").contains("AWS4-HMAC-SHA256"));
        assert!(told("AWS4-HMAC-SHA256Credential=").contains("AWS4-HMAC-SHA256"));
        assert!(told(&whole.replace("/eu-west-1", "")).contains("5 slash-delimited elements"));
        assert!(told(&whole.replace("aws4_request", "aws3")).contains("valid terminator"));
        assert!(told(&whole.replace("20260101/", "20260102/")).contains("'20260102' != '20260101'"));
    }

    #[test]
    fn a_presigned_request_is_told_from_an_unsigned_one() {
        assert_eq!(
            read("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00", ""),
            Err(Refused::Presigned)
        );
        let (parts, ()) = Request::get("/").body(()).unwrap().into_parts();
        assert_eq!(Authorization::of(&parts), Err(Refused::Missing));
    }
}
