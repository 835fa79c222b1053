//! What is wanted, in the ledger.

use super::{Ledger, lost_race};
use changeover_domain::StepError;
use changeover_domain::name::ServiceName;
use changeover_domain::record::{Tried, Wanted};

const RECORD: &str = "wanted";

impl Ledger<'_> {
    /// What a service should run, if anyone has said so.
    pub async fn wanted(&self, service: &ServiceName) -> Result<Option<Wanted>, StepError> {
        self.get(service, RECORD).await
    }

    /// Puts on record what becomes wanted, on condition that nobody has asked for anything since the generation before
    /// it was read.
    ///
    /// Read that first and find out what is to be wanted after that: then nothing older can go over something newer,
    /// in whatever order events come.
    pub async fn want(&self, service: &ServiceName, wanted: &Wanted) -> Result<(), StepError> {
        if self.write_wanted(service, wanted, wanted.generation - 1).await? {
            return Ok(());
        }
        Err(lost_race("PutItem", RECORD))
    }

    /// Puts on record what came of a wish, unless something else has become wanted since it was read: then nobody asks
    /// any more.
    pub async fn write_tried(
        &self,
        service: &ServiceName,
        wanted: Wanted,
        tried: Tried,
    ) -> Result<(), StepError> {
        let generation = wanted.generation;
        let wanted = Wanted { tried: Some(tried), ..wanted };
        self.write_wanted(service, &wanted, generation).await.map(drop)
    }

    /// Writes it if the generation on record is still the one that was read. False if it is not.
    async fn write_wanted(
        &self,
        service: &ServiceName,
        wanted: &Wanted,
        read: u64,
    ) -> Result<bool, StepError> {
        self.put_if_unchanged(service, RECORD, wanted, ("generation", read)).await
    }
}
