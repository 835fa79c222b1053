//! Whether a caller may: asked before every call that comes in over the wire.

use super::caller::Caller;
use rehearsal_wire::{ApiError, Call};
use std::future::Future;
use std::pin::Pin;

/// Judges calls. Whoever enforces the template's policies implements it.
pub trait Access: Send + Sync {
    /// Lets the call through, or refuses it as AWS would: `AccessDeniedException` or `AccessDenied`.
    ///
    /// # Errors
    /// The refusal.
    fn check<'a>(
        &'a self,
        caller: &'a Caller,
        call: &'a Call,
    ) -> Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send + 'a>>;
}
