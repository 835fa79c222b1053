//! Who signed, and for what: the credential scope of a Signature Version 4. Whether it
//! is true, `signature` says.

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::protocol::header;

/// `AKIA…/20260101/us-east-1/ecs/aws4_request`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    pub access_key: &'a str,
    pub region: &'a str,
    pub signing_name: &'a str,
}

impl<'a> Scope<'a> {
    /// The scope that a request was signed for, if it was signed.
    pub fn of(parts: &'a Parts) -> Option<Self> {
        Self::parse(header(parts, AUTHORIZATION.as_str())?)
    }

    fn parse(authorization: &'a str) -> Option<Self> {
        let (_, rest) = authorization.split_once("Credential=")?;
        let credential = rest.split([',', ' ']).next()?;
        // Counted from the end, for an access key may hold a slash.
        let mut elements = credential.rsplitn(5, '/');
        let (_terminator, signing_name) = (elements.next()?, elements.next()?);
        let (region, _date) = (elements.next()?, elements.next()?);
        Some(Self { access_key: elements.next()?, region, signing_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_sdks_send() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/states/aws4_request, \
                             SignedHeaders=host;x-amz-date, Signature=00";
        assert_eq!(
            Scope::parse(authorization),
            Some(Scope { access_key: "AKID", region: "eu-west-1", signing_name: "states" })
        );
        assert_eq!(Scope::parse("Bearer x"), None);
        assert_eq!(Scope::parse("AWS4-HMAC-SHA256 Credential=AKID/2026"), None);
    }
}
