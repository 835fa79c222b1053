//! Lets people have their say at a deployment's points: it holds the deployment where a pause is set or ordered, tells the
//! topic how to go on, and goes on, or back, as they say or when their time is over.
//!
//! Owns: what a deployment's record says of its pauses. Never: anything of the service; whoever waits at a point has its
//! new tasks watched by `check-health`, which runs before each look here.

mod act;
mod apply;
mod decide;
mod look;

pub use apply::apply;
pub use decide::{Action, View, decide};

use changeover_domain::StepError;
use changeover_domain::gate::Point;
use changeover_domain::state::{Baton, Verdict};
use changeover_lambda::Context;
use serde::{Deserialize, Serialize};

/// The baton, and the point that the deployment has come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Where the deployment stands.
    #[serde(flatten)]
    pub baton: Baton,
    /// The point; the state machine says.
    pub point: Point,
}

/// Looks once and says `ready`, `wait` or `failed`.
pub async fn run(context: &Context, input: Input) -> Result<Baton, StepError> {
    let mut held = context.hold(&input.baton).await?;
    let view = look::look(context, &held, input.point).await?;
    let action = decide(&view);
    act::act(context, &mut held, &view, &action).await?;
    let baton = &input.baton;
    Ok(match action {
        // Most deployments are held nowhere, and nobody has to read so.
        Action::Pass => baton.with(Verdict::Ready, ""),
        Action::GoOn { why } => baton.with(Verdict::Ready, why),
        Action::Hold { ref why, .. } | Action::Wait { ref why } => {
            baton.waiting(decide::next_look(&view).0, why.clone())
        }
        Action::GoBack { why, .. } => baton.with(Verdict::Failed, why),
    })
}
