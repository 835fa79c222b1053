//! Whether a caller may: asked before every call that comes in over the wire.

use super::caller::Caller;
use rehearsal_wire::{ApiError, Call};

/// Judges calls. Whoever enforces the template's policies implements it.
pub trait Access: Send + Sync {
    /// Lets the call through, or refuses it as AWS would: `AccessDeniedException` or `AccessDenied`.
    ///
    /// # Errors
    /// The refusal.
    fn check(&self, caller: &Caller, call: &Call) -> Result<(), ApiError>;
}
