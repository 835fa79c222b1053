//! Delivers an order to the deployment that is on the way, and says what was made of it.

use crate::failure::{Exit, Failure};
use crate::orders::{Order, What};
use crate::service::Service;
use crate::session::Session;
use crate::start;
use changeover_domain::name::ServiceName;
use changeover_domain::record::{Deployment, Outcome};
use serde::Serialize;
use serde_json::Value;

/// What was made of an order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivered {
    /// The service.
    pub service: ServiceName,
    /// The deployment that has it on its record.
    pub deployment: Value,
    /// The execution that brought it there.
    pub execution: String,
    /// In words.
    pub said: String,
}

/// The deployment that holds the service, or is in its rollback window.
pub async fn on_the_way(session: &Session, service: &Service) -> Result<Option<Deployment>, Failure> {
    let ledger = session.ledger();
    match ledger.lease(&service.name).await?.holder {
        Some(holder) => Ok(ledger.find_deployment(&service.name, &holder).await?),
        None => Ok(None),
    }
}

/// The same, where there has to be one.
pub async fn holder(session: &Session, service: &Service) -> Result<Deployment, Failure> {
    on_the_way(session, service).await?.ok_or_else(|| {
        Failure::usage(format!(
            "No deployment of {} is on the way. `changeover status {}` says what runs.",
            service.name, service.name
        ))
    })
}

/// Delivers it.
pub async fn deliver(
    session: &Session,
    service: &Service,
    what: What,
    cause: &str,
) -> Result<Delivered, Failure> {
    let order = Order { service: service.asked.clone(), what, cause: cause.to_owned() };
    let started = start::start(session, service, &order).await?;
    match start::answer(session, &started.arn).await? {
        Ok(output) => Ok(Delivered {
            service: service.name.clone(),
            deployment: output["deployment"].clone(),
            said: output["note"].as_str().unwrap_or("the order is on record").to_owned(),
            execution: started.arn,
        }),
        Err(why) => Err(Failure { words: why, exit: Exit::Outcome(Outcome::Refused) }),
    }
}
