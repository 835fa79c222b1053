//! Gathers evidence and gives a verdict: before the shift, and while baking after each.
//!
//! Owns: the count of healthy readings, and the reason if it fails. Never: anything in AWS; it only looks.

mod act;
mod apply;
mod decide;
mod look;

pub use apply::apply;
pub use decide::{Ruling, View, decide};

use changeover_domain::StepError;
use changeover_domain::alarmed::Alarms;
use changeover_domain::state::{Baton, Verdict};
use changeover_lambda::{Blind, Context, blind, sighted};
use serde::{Deserialize, Serialize};

/// What the verdict is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// May the new tasks get traffic?
    Start,
    /// Do they bear the traffic that they got?
    Bake,
}

impl Purpose {
    /// The state that asks for it.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::Start => "CheckHealth",
            Self::Bake => "Bake",
        }
    }
}

/// The baton, and what the verdict is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Where the deployment stands.
    #[serde(flatten)]
    pub baton: Baton,
    /// What the verdict is for; the state machine says.
    pub purpose: Purpose,
}

/// Looks once and says `ready`, `wait` or `failed`.
pub async fn run(context: &Context, input: Input) -> Result<Baton, StepError> {
    let mut held = context.hold(&input.baton).await?;
    let looked = look::look(context, &held, input.purpose).await;
    let view = match looked {
        Ok(view) => view,
        Err(error) => {
            let poll = held.plan()?.poll(context.config.poll, context.config.after_bake());
            return Ok(match blind(&mut held, context.now(), input.purpose.state(), error).await? {
                Blind::Wait(why) => input.baton.waiting(poll.0, why),
                Blind::TakenBack(why) => input.baton.with(Verdict::Failed, why),
            });
        }
    };
    if !matches!(view.alarms, Alarms::Unseen { .. }) {
        sighted(&mut held).await?;
    }
    let ruling = decide(&view).with_strays(&view.seen);
    let note = act::act(context, &mut held, &view, &ruling).await?;
    let baton = Baton { more_steps: view.more_steps, ..input.baton };
    Ok(match ruling.verdict {
        Verdict::Wait => baton.waiting(ruling.wait.0, note),
        verdict => baton.with(verdict, note),
    })
}
