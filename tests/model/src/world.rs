//! The small world: two sides with a task each, one route, one ledger, a few executions.

use crate::hosts::{Hosts, Made};
use crate::noted::Noted;
use crate::people::Say;
pub use crate::revision::{DeploymentNumber, FIRST, Image, Revision};
use changeover_domain::gate::Kind;
use changeover_domain::record::Outcome;
use std::collections::BTreeMap;

/// The weight of green; blue has the rest of 100.
pub type Weight = u8;

/// How a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// Not healthy yet.
    Starting,
    /// Passes its checks.
    Healthy,
    /// Fails them.
    Ill,
    /// On its way out.
    Stopping,
}

/// A task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Task {
    /// What it runs.
    pub revision: Revision,
    /// How it is.
    pub health: Health,
}

/// One ECS service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// The revision it is set to.
    pub revision: Revision,
    /// How many tasks it is told to run.
    pub desired: u8,
    /// Its tasks.
    pub tasks: Vec<Task>,
}

impl Member {
    /// One that runs so many healthy tasks of what was there before.
    pub fn running(desired: u8) -> Self {
        let task = Task { revision: FIRST, health: Health::Healthy };
        Self { revision: FIRST, desired, tasks: vec![task; usize::from(desired)] }
    }

    /// How many of its tasks are healthy.
    pub fn healthy(&self) -> usize {
        self.tasks.iter().filter(|task| task.health == Health::Healthy).count()
    }
}

/// What a deployment planned: what it found, and what it brings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Planned {
    /// Whether the service is a pair.
    pub is_pair: bool,
    /// The image it brings.
    pub image: Image,
    /// The side that served: 0 is blue.
    pub live: usize,
    /// Both members as they were: revision and number of tasks.
    pub before: [(Revision, u8); 2],
    /// How many tasks to start.
    pub tasks: u8,
}

/// A deployment's record: what the real one has, as far as decisions depend on it. Times are only there or not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Record {
    /// The execution that carries it.
    pub execution: u8,
    /// The generation of the wish that it is for.
    pub wish: u8,
    /// Whether somebody asked for it to be taken back.
    pub taken_back: bool,
    /// What people had to say.
    pub say: Say,
    /// The image that it is to bring.
    pub image: Option<Image>,
    /// The plan; none if it was refused.
    pub plan: Option<Planned>,
    /// The revision it registered.
    pub revision: Option<Revision>,
    /// Whether room was missed.
    pub missed: bool,
    /// What was done to make room.
    pub made: Option<Made>,
    /// Whether tasks were asked for.
    pub started: bool,
    /// Healthy readings in a row.
    pub readings: u8,
    /// Whether tasks that had been healthy were seen not to be.
    pub sick: bool,
    /// Whether users were seen to suffer from the new tasks.
    pub harmful: bool,
    /// The step begun last.
    pub step: Option<usize>,
    /// The last step whose bake passed.
    pub baked: Option<usize>,
    /// The next side's weight as last read back.
    pub weight: Weight,
    /// Whether any weight was read back.
    pub shifted: bool,
    /// Whether stickiness was given back: since going back began, if it has.
    pub pinned: bool,
    /// Whether the side that went out was seen to be quiet.
    pub quiet: bool,
    /// Whether it was told to run no tasks.
    pub scaled_in: bool,
    /// Whether draining is complete.
    pub drained: bool,
    /// Whether rollback has begun.
    pub turned: bool,
    /// Whether it had the weights back; of one that was taken over, at a time when nothing could move them late any more.
    pub restored: bool,
    /// Whether it is complete.
    pub rolled_back: bool,
    /// Whether there is a reason why it cannot go on.
    pub failed: bool,
    /// Whether it gave way to something newer.
    pub superseded: bool,
    /// Whether a person has to look.
    pub needs_human: bool,
    /// Whether the service ran the image before.
    pub nothing_to_do: bool,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// The lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Lease {
    /// The deployment that holds it.
    pub holder: Option<DeploymentNumber>,
    /// The execution that acts for it.
    pub execution: Option<u8>,
    /// Grows for ever.
    pub fence: u8,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The image.
    pub image: Image,
    /// Grows with each wish.
    pub generation: u8,
    /// The deployment of the execution that a person started to ask for it; none if the registry says so.
    pub asked: Option<DeploymentNumber>,
    /// What came of it: the deployment that tried last, how that ended, and how many have tried.
    pub tried: Option<(DeploymentNumber, Outcome, u8)>,
}

/// The ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Ledger {
    /// What is wanted.
    pub wanted: Option<Wanted>,
    /// Who may change the service.
    pub lease: Lease,
    /// Every deployment.
    pub records: BTreeMap<DeploymentNumber, Record>,
}

/// An execution's name: two of one name are one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// Of a wish.
    Wish {
        /// The image.
        image: Image,
        /// The wish's generation.
        generation: u8,
    },
    /// Of a wish that was turned away before.
    After {
        /// The image.
        image: Image,
        /// The wish's generation.
        generation: u8,
        /// The fence of the deployment that starts it.
        fence: u8,
    },
    /// Of a wish that is tried again.
    Again {
        /// The image.
        image: Image,
        /// The wish's generation.
        generation: u8,
        /// Which attempt.
        attempt: usize,
    },
    /// A person's.
    Console,
    /// Somebody asks for a rollback.
    TakeBack,
    /// Somebody gives another order.
    Order,
    /// Of a recovery.
    Recover {
        /// The fence of the claim that is recovered from.
        fence: u8,
    },
}

/// What an execution is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// Bring what is wanted.
    Wanted,
    /// Bring what the tag points to: a person's wish.
    Ask,
    /// Take back what is on the way.
    TakeBack,
    /// Let what is on the way go on, or stop.
    Order(Kind),
    /// Bring a dead execution's deployment to an end.
    Recover(DeploymentNumber),
}

/// A change that was decided and is not done yet: somebody may come between.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Change {
    /// Plan, with the lease in hand.
    Plan,
    /// Register a revision.
    Register,
    /// Set a member to a revision and a number of tasks, either if given.
    Member {
        /// Which.
        index: usize,
        /// The revision.
        revision: Option<Revision>,
        /// The number of tasks.
        desired: Option<u8>,
    },
    /// Give the next side this weight.
    Weights {
        /// Which side that is: 1 is green.
        next: usize,
        /// Its weight.
        weight: Weight,
        /// Whether it is a step forward, which goes on record once it is read back.
        forward: bool,
        /// Whether clients are pinned after it: it is written whole.
        sticks: Option<bool>,
    },
    /// Pin clients again, at the weight that was read.
    Pin(Weight),
    /// Let the group have so many instances.
    Enlarge(u8),
    /// Let its last one take no more tasks, or take tasks again.
    Close(bool),
    /// Let it terminate that one and be one smaller.
    Terminate,
    /// Give the lease back.
    Release,
    /// Start what has become wanted meanwhile.
    Follow,
}

/// What a function answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Answer {
    /// The verdict, as the state machine reads it; of `Finish` the outcome.
    pub word: &'static str,
    /// Whether there is another step.
    pub more_steps: bool,
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Execution {
    /// Its name.
    pub name: Name,
    /// What it is asked.
    pub request: Request,
    /// The state it is in, by its index in the state machine; at its end the last one.
    pub state: usize,
    /// Its baton: deployment and fence; none before Plan has answered.
    pub baton: Option<(DeploymentNumber, u8)>,
    /// Whether it got where it is by an error.
    pub caught: bool,
    /// The generation of the wish that it was about when it claimed the lease.
    pub wish: u8,
    /// What its function is about to do, and what it will answer.
    pub pending: Option<(Change, Answer)>,
    /// Whether that is past the fence: the function looked at it, and its call is on its way to AWS.
    pub is_past_fence: bool,
    /// Whether it runs.
    pub running: bool,
}

/// The event of a push, and how far `dispatch` has come with it: it looks, and others may come between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// It is on its way.
    Sent,
    /// What the registry says is wanted, by image and generation.
    Wanted(Image, u8),
    /// Nobody holds the service: an execution of that wish is about to be started.
    Free(Image, u8),
}

/// What may still happen once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Still {
    /// So many faults, hands and newer wishes.
    pub trouble: u8,
    /// So many orders.
    pub orders: u8,
    /// A second image may be pushed.
    pub push: bool,
    /// A person may start an execution too.
    pub double: bool,
    /// A person may ask for a rollback.
    pub take_back: bool,
    /// A person may meddle with the service.
    pub hand: bool,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// Blue and green; only the first of a rolling service.
    pub members: Vec<Member>,
    /// The instances that tasks are placed on; none where there is room without end.
    pub hosts: Option<Hosts>,
    /// Green's weight.
    pub weight: Weight,
    /// Whether clients are pinned to the side that they met; none where the route never does that.
    pub sticks: Option<bool>,
    /// Whether somebody may have a pin to blue, and to green, that has not run out.
    pub pins: [bool; 2],
    /// The image that the tag points to.
    pub registry: Image,
    /// What is under way of each push.
    pub events: Vec<Event>,
    /// The revisions that there are besides the first.
    pub registered: Vec<Revision>,
    /// The ledger.
    pub ledger: Ledger,
    /// Every execution, by its number less one.
    pub executions: Vec<Execution>,
    /// What may still happen.
    pub still: Still,
    /// What must never be.
    pub noted: Noted,
}

impl World {
    /// The weight of a member.
    pub fn weight_of(&self, index: usize) -> Weight {
        match (self.members.len(), index) {
            (1, _) => 100,
            (_, 1) => self.weight,
            _ => 100 - self.weight,
        }
    }
}
