//! Which version of its schema a service's database has, in the ledger.

use super::{Ledger, item};
use crate::At;
use changeover_domain::StepError;
use changeover_domain::name::ServiceName;
use changeover_domain::schema::Had;

const RECORD: &str = "schema";

impl Ledger<'_> {
    /// What a service's database has, as far as a deployment's hook brought it.
    pub async fn schema(&self, service: &ServiceName) -> Result<Option<Had>, StepError> {
        self.get(service, RECORD).await
    }

    /// Puts on record what a hook has brought. Whoever holds the lease says so, and nobody else.
    pub async fn write_schema(&self, service: &ServiceName, had: &Had) -> Result<(), StepError> {
        let request = self.aws.dynamodb().put_item().table_name(self.table);
        request.set_item(Some(item(service, RECORD, had)?)).send().await.at("PutItem", RECORD)?;
        Ok(())
    }
}
