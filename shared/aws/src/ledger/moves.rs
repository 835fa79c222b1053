//! When image tags were moved, in the ledger.

use super::{Ledger, lost_race};
use changeover_domain::StepError;
use changeover_domain::moves::{Move, Moves};
use changeover_domain::name::ServiceName;

const RECORD: &str = "moves";
/// How often a write is tried while others write as well: pushes come in bursts.
const MOST_TRIES: usize = 5;

impl Ledger<'_> {
    /// What push events told of a service's image tags.
    pub async fn moves(&self, service: &ServiceName) -> Result<Moves, StepError> {
        Ok(self.get(service, RECORD).await?.unwrap_or_default())
    }

    /// Puts on record what a push event told, and gives all that is known then. `Busy` if others are being put on record
    /// all the time.
    pub async fn hear(&self, service: &ServiceName, heard: &Move) -> Result<Moves, StepError> {
        for _ in 0..MOST_TRIES {
            let mut moves = self.moves(service).await?;
            let read = moves.version;
            if !moves.hear(heard.clone()) {
                return Ok(moves);
            }
            moves.version += 1;
            if self.put_if_unchanged(service, RECORD, &moves, ("version", read)).await? {
                return Ok(moves);
            }
        }
        Err(lost_race("PutItem", RECORD))
    }
}
