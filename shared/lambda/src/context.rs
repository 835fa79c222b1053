//! What a function is given besides its input: AWS, the stack's configuration, the time; and a deployment,
//! read from the ledger and written back.

use crate::Config;
use crate::embedded::Measurement;
use changeover_aws::Aws;
use changeover_aws::ledger::Ledger;
use changeover_domain::plan::Plan;
use changeover_domain::record::Deployment;
use changeover_domain::state::Baton;
use changeover_domain::{StepError, Timestamp};
use std::io::Write as _;
use std::sync::Arc;

/// What is around one invocation.
pub struct Context {
    /// AWS.
    pub aws: Aws,
    /// What the stack says.
    pub config: Config,
    /// What tells the time of day.
    pub clock: Clock,
    /// Where the lines of its log go that are no tracing events.
    pub print: Print,
}

/// What tells the time of day: the system in AWS and wherever functions are processes; whoever calls them in time of its
/// own, there.
#[derive(Debug, Clone, Copy)]
pub struct Clock(fn() -> Timestamp);

impl Clock {
    /// The system's. No other code that ships asks for it.
    pub const SYSTEM: Self = Self(Timestamp::now);

    /// One that is asked instead.
    pub const fn of(now: fn() -> Timestamp) -> Self {
        Self(now)
    }

    /// The time of day.
    pub fn now(self) -> Timestamp {
        (self.0)()
    }
}

/// Where whole lines go.
pub type Print = Arc<dyn Fn(&str) + Send + Sync>;

/// Prints where Lambda picks it up.
pub(crate) fn standard_output() -> Print {
    // A line that cannot be written has nowhere to say so.
    Arc::new(|line| drop(writeln!(std::io::stdout().lock(), "{line}")))
}

impl Context {
    /// The ledger.
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::new(&self.aws, &self.config.table)
    }

    /// The time of this look. Decisions get it as an argument.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes numbers for alarms and the dashboard.
    pub fn measure(&self, at: Timestamp, measurement: &Measurement) {
        (self.print)(&measurement.line(at, self.config.stack()).to_string());
    }

    /// Reads the deployment that a baton is about, and makes sure that this execution still holds it.
    pub async fn hold<'a>(&'a self, baton: &'a Baton) -> Result<Held<'a>, StepError> {
        let ledger = self.ledger();
        ledger.check_fence(&baton.service, &baton.deployment, baton.fence).await?;
        let record = ledger.deployment(&baton.service, &baton.deployment).await?;
        Ok(Held { ledger, baton, record })
    }
}

/// A deployment whose lease this execution holds.
pub struct Held<'a> {
    ledger: Ledger<'a>,
    baton: &'a Baton,
    /// Its record as read; changes to it are on record once `write` says so.
    pub record: Deployment,
}

impl Held<'_> {
    /// The plan, which every deployment that got past `plan` has.
    pub fn plan(&self) -> Result<&Plan, StepError> {
        let missing = || StepError::RecordMissing(format!("deployment {} has no plan", self.record.id));
        self.record.plan.as_ref().ok_or_else(missing)
    }

    /// Makes sure, just before a change, that the lease is still held.
    pub async fn check_fence(&self) -> Result<(), StepError> {
        self.ledger.check_fence(&self.baton.service, &self.baton.deployment, self.baton.fence).await
    }

    /// Writes the record back, on condition that nobody wrote it meanwhile.
    pub async fn write(&mut self) -> Result<(), StepError> {
        self.ledger.write_deployment(&mut self.record).await
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger<'_> {
        &self.ledger
    }
}
