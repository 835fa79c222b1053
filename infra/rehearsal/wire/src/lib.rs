//! AWS's wire protocols, driven by AWS's own API models.

mod error;

pub use error::ApiError;
