//! Shifts traffic between the two sides of a service, one planned step at a time.
//!
//! Owns: the two weights of a service's routes. Never: any other field of a route, tasks, target groups.

mod act;
mod apply;
mod decide;
mod look;

pub use apply::{intend, shifted};
pub use decide::{Action, View, decide};

use changeover_domain::StepError;
use changeover_domain::state::{Baton, Verdict};
use changeover_lambda::Context;

/// Brings the routes to the next step's weights, and reads them back.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    let (view, routes) = look::look(context, &held).await?;
    let action = decide(&view)?;
    let note = act::act(context, &mut held, &view, &routes, &action).await?;
    Ok(Baton { more_steps: !view.is_last, ..baton.with(Verdict::Ready, note) })
}
