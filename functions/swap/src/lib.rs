//! Shifts traffic between the two sides of a service, one planned step at a time.
//!
//! Owns: the two weights of a service's routes; with the last step their stickiness goes off, which Drain or Rollback give
//! back. Never: any other field of a route, tasks, target groups.

mod act;
mod apply;
mod decide;
mod look;

pub use apply::{intend, raise, shifted};
pub use decide::{Action, View, decide, read_back};

use changeover_aws::look::{LOOKS, pause};
use changeover_domain::StepError;
use changeover_domain::state::{Baton, Verdict};
use changeover_domain::told::Ear;
use changeover_lambda::{Context, tell_on_the_way};

/// Brings the routes to the next step's weights, and reads them back; or says that more tasks are needed first.
///
/// What would end the deployment is looked at more than once before it is believed.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    let mut looks = 1;
    let (view, routes, action) = loop {
        let (view, routes) = look::look(context, &held).await?;
        match decide(&view) {
            Ok(action) => break (view, routes, action),
            Err(StepError::RouteDrifted { .. } | StepError::NotHealthy { .. }) if looks < LOOKS => looks += 1,
            Err(error) => return Err(error),
        }
        pause(context.config.function_timeout).await;
    };
    let note = act::act(context, &mut held, &view, &routes, &action).await?;
    // People are told of no step.
    tell_on_the_way(context, &mut held.record, &[Ear::Bus]).await;
    if matches!(action, Action::Raise { .. }) {
        return Ok(baton.with(Verdict::Wait, note));
    }
    Ok(Baton { more_steps: !view.is_last, ..baton.with(Verdict::Ready, note) })
}
