//! Ids that are left to chance.

use crate::imagined;
use rand::RngExt as _;
use uuid::{Builder, Uuid};

/// A UUID (version 4): of the system's chance, or of the imagined world's seed.
#[must_use]
pub fn uuid() -> Uuid {
    imagined::with(|world| Builder::from_random_bytes(world.chance.random()).into_uuid())
        .unwrap_or_else(Uuid::new_v4)
}
