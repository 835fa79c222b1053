//! A look that AWS keeps from being had. While tasks are watched, that is no reason to go back: nothing is known to be wrong.
//! So it is waited, for a bounded time, and said so.

use crate::Held;
use changeover_domain::plan::BLIND_PATIENCE;
use changeover_domain::{StepError, Timestamp};

/// What comes of a look that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blind {
    /// It is looked again after the usual pause.
    Wait(String),
    /// Somebody wants the deployment taken back: for that nothing has to be seen.
    TakenBack(String),
}

/// Puts on record that AWS was too busy to let anything be seen.
///
/// # Errors
/// The error itself if it is another one, or if it has been so for [`BLIND_PATIENCE`]; what writing the record gives.
pub async fn blind(
    held: &mut Held<'_>,
    now: Timestamp,
    state: &str,
    error: StepError,
) -> Result<Blind, StepError> {
    if !matches!(error, StepError::Busy { .. }) {
        return Err(error);
    }
    if let Some(why) = held.record.orders.taken_back.clone() {
        held.record.fail(&why);
        held.record.note(now, state, &why);
        held.write().await?;
        return Ok(Blind::TakenBack(why));
    }
    let before = held.record.clone();
    let since = *held.record.progress.health.blind_at.get_or_insert(now);
    if now >= BLIND_PATIENCE.after(since) {
        return Err(error);
    }
    let until = BLIND_PATIENCE.after(since);
    let why = format!(
        "nothing can be seen, and nothing is changed for that: {error}; it is looked again until {until}"
    );
    held.record.note(now, state, &why);
    if held.record != before {
        held.write().await?;
    }
    Ok(Blind::Wait(why))
}

/// Puts on record that something can be seen again.
///
/// # Errors
/// What writing the record gives.
pub async fn sighted(held: &mut Held<'_>) -> Result<(), StepError> {
    if held.record.progress.health.blind_at.take().is_some() {
        held.write().await?;
    }
    Ok(())
}
