//! What a story is judged by besides how the world is: what happened on the way.

/// What must never be, noted when it happens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Noted {
    /// A change was made by someone who does not hold the lease.
    pub trespass: bool,
    /// A side without a healthy task was chosen to get weight.
    pub starved: bool,
    /// A side with weight was chosen to lose its tasks.
    pub robbed: bool,
    /// A step was made before the one before it had baked.
    pub skipped: bool,
    /// Something went on without healthy tasks, or without good answers.
    pub blind: bool,
    /// A deployment went on from a pause that nobody had ended.
    pub unheard: bool,
    /// A deployment was held at a point.
    pub held: bool,
    /// A bake was ended before its time.
    pub hurried: bool,
    /// A deployment ended and left something half done.
    pub half_done: bool,
    /// Somebody's hand was in the service: what it did is not held against us.
    pub hand: bool,
    /// A lease was found lost.
    pub lease_lost: bool,
    /// The next side got everything because the old one could not serve.
    pub sheltered: bool,
    /// A call came when another execution had the service.
    pub late: bool,
    /// Old tasks that a late call may stop got the traffic, because the new ones could not bear it.
    pub dared: bool,
}
