//! Signature Version 4: whether a request was signed by who holds the key, over just this request, just now.
//!
//! Owns: reading and verifying what is in `Authorization`, and signing for clients of our own. The arithmetic is the
//! AWS SDK's (`aws-sigv4`): a signature is verified by being made again. Never: what the holder of a key may do.

mod authorization;
mod refused;
mod sign;
mod verify;

pub use sign::{Unsignable, sign};
pub use verify::{Lock, authenticate};

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`: who holds a key of a role has to show it as well.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}
