//! What can happen next.

use crate::events::Hand;
use crate::look::{Clock, Evidence};
use changeover_domain::gate::Kind;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An execution's function looks, decides and puts on record; it answers if there is nothing to do.
    Decide(usize, Clock, Evidence),
    /// It does what it is about to do, and answers.
    Act(usize),
    /// It did all that, and its answer is lost: it is tried again.
    Forget(usize, Clock, Evidence),
    /// It dies before it acts, and is tried again.
    Stumble(usize),
    /// It ends with this error, again and again if that is tried again, until nothing is tried any more.
    Exhaust(usize, &'static str),
    /// Somebody stops the execution.
    Abort(usize),
    /// Somebody stops it when its function has looked at the fence, and its call to AWS is on its way.
    Stall(usize),
    /// Somebody lets a stopped execution go on where it was, with what it knew then.
    Redrive(usize),
    /// A dead execution's deployment is taken over.
    Recover,
    /// A tick of `reconcile`.
    Reconcile,
    /// The event of a push arrives, or `dispatch` goes on with it.
    Event(usize),
    /// It never arrives, or `dispatch` is not tried any more.
    Lose(usize),
    /// Another image is pushed.
    Push,
    /// A person starts an execution as well.
    Double,
    /// A person asks for a rollback.
    TakeBack,
    /// A person gives another order.
    Order(Kind),
    /// A person meddles with the service.
    Meddle(Hand),
    /// ECS does the next thing for a member.
    Ecs(usize),
    /// An instance joins the cluster.
    Join,
    /// A starting task becomes healthy.
    Rise(usize),
    /// A healthy or starting task falls ill.
    Fall(usize),
    /// An ill task becomes healthy again.
    Heal(usize),
}

impl Step {
    /// Whether something goes wrong in it, or somebody comes between: of such steps there are only so many in one story.
    pub fn is_trouble(&self) -> bool {
        !matches!(
            self,
            Self::Decide(..)
                | Self::Act(_)
                | Self::Recover
                | Self::Order(_)
                | Self::Reconcile
                | Self::Event(_)
                | Self::Ecs(_)
                | Self::Join
                | Self::Rise(_)
                | Self::Heal(_)
        )
    }
}
