//! Reads a team's own alarms. `check-health` does it once new tasks have traffic, and `drain` as long as there are old tasks
//! to go back to.

use crate::{Context, Held};
use changeover_aws::alarms::alarms as seen;
use changeover_domain::StepError;
use changeover_domain::alarmed::Alarms;

/// What the deployment's alarms say now. That CloudWatch is too busy to tell is said by them; the rest is judged all the same.
///
/// # Errors
/// `Aws` if it refuses to tell for good.
pub async fn alarms(context: &Context, held: &Held<'_>) -> Result<Alarms, StepError> {
    let watched = held.plan()?.alarms();
    let since = held.record.progress.health.blind_at.unwrap_or(context.now());
    match seen(&context.aws, &watched).await {
        Ok(seen) => Ok(Alarms::of(&watched, &seen, since)),
        Err(busy @ StepError::Busy { .. }) => Ok(Alarms::Unseen { why: busy.to_string(), since }),
        Err(error) => Err(error),
    }
}
