//! Lets people have their say at a deployment's points: it holds the deployment where a pause is set or ordered, tells the
//! topic how to go on, and goes on, or back, as they say or when their time is over; it invokes the functions and runs the
//! tasks that are set there, and goes by what comes of them.
//!
//! Owns: what a deployment's record says of its pauses and hooks, and the tasks of hooks. Never: anything of the service;
//! whoever waits at a point has its new tasks watched by `check-health`, which runs before each look here.

mod act;
mod apply;
mod decide;
mod event;
mod look;
mod turn;

pub use apply::apply;
pub use decide::{Action, View, decide};
pub use event::{OfEcs, event};
pub use turn::{heard, started};

use changeover_domain::StepError;
use changeover_domain::gate::{MAX_NUMBER, Point};
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

/// Most looks within one invocation: a hook has its turn after the other.
const MAX_TURNS: usize = 2 * (MAX_NUMBER as usize + 1);

/// Looks and says `ready`, `wait` or `failed`. One invocation invokes one function at the most, which may take its time.
pub async fn run(context: &Context, input: Input) -> Result<Baton, StepError> {
    let mut held = context.hold(&input.baton).await?;
    let baton = &input.baton;
    let mut called = false;
    // Most deployments are held nowhere, and nobody has to read so.
    let mut said: Vec<String> = Vec::new();
    for _ in 0..MAX_TURNS {
        let view = look::look(context, &held, input.point).await?;
        let action = decide(&view);
        let calls = matches!(action, Action::Invoke { .. } | Action::Run { .. });
        if calls && called {
            break;
        }
        called |= calls;
        match act::act(context, &mut held, &view, action).await? {
            Action::Pass => return Ok(baton.with(Verdict::Ready, said.join("; "))),
            // A hook that is set after the pause has its turn, and so has the next hook.
            Action::GoOn { why }
            | Action::Done { why, .. }
            | Action::Recovered { why }
            | Action::GiveUp { why } => said.push(why),
            Action::Hold { why, .. }
            | Action::Wait { why }
            | Action::Undone { why }
            | Action::Started { why, .. }
            | Action::Again { why, .. } => {
                // With what came of it: when it is asked again is on the record by now.
                let view = View { gate: held.record.progress.gate.clone(), ..view };
                return Ok(baton.waiting(decide::next_look(&view).0, why));
            }
            Action::GoBack { why, .. } => return Ok(baton.with(Verdict::Failed, why)),
            Action::Abandon { .. } | Action::Begin { .. } | Action::Invoke { .. } | Action::Run { .. } => {}
        }
    }
    Ok(baton.waiting(1, "the next hook has its turn"))
}
