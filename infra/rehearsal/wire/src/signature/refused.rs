//! Why a signature does not hold, in the code and the words of the protocol that is spoken.

use crate::error::ApiError;
use crate::protocol::Protocol;

/// Why a request is not who it says it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not signed.
    Missing,
    /// It is signed in the query.
    Presigned,
    /// What is said of the signature does not suffice, and this is missing.
    Incomplete(String),
    /// Nobody has this key, or it needs another session token.
    UnknownKey,
    /// Another key, another request, another time or place.
    Mismatch(String),
}

impl Refused {
    /// The signature is none that the key makes of this request.
    pub fn another_signature() -> Self {
        Self::Mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }

    /// Services with a query API have the codes of old, the others such as end in `Exception`; of those, the ones that
    /// speak AWS JSON or CBOR answer 400 and not 403. As reports of real answers have it: `SignatureDoesNotMatch` and 403
    /// from Elastic Load Balancing (aws-sdk-js 142), `InvalidSignatureException` from ECS (ecs-deploy 126).
    pub fn in_terms_of(self, protocol: Protocol) -> ApiError {
        let (query, other, message) = match self {
            Self::Missing => (
                "MissingAuthenticationToken",
                "MissingAuthenticationTokenException",
                "Request is missing Authentication Token".to_owned(),
            ),
            Self::Presigned => (
                "IncompleteSignature",
                "IncompleteSignatureException",
                "The rehearsal takes no presigned requests: sign in the Authorization header, as the SDKs do"
                    .to_owned(),
            ),
            Self::Incomplete(why) => ("IncompleteSignature", "IncompleteSignatureException", why),
            Self::UnknownKey => (
                "InvalidClientTokenId",
                "UnrecognizedClientException",
                "The security token included in the request is invalid.".to_owned(),
            ),
            Self::Mismatch(why) => ("SignatureDoesNotMatch", "InvalidSignatureException", why),
        };
        let (code, status) = match protocol {
            Protocol::Query => (query, 403),
            Protocol::RestJson => (other, 403),
            Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => (other, 400),
        };
        ApiError::new(code, message).with_status(status)
    }
}
