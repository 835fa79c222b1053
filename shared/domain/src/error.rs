//! Everything that can stop a step. A variant's name is the error's name in the state machine.

use serde::{Deserialize, Serialize};

/// Why a function could not do its part. `Busy` is worth another try; everything else is final.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum StepError {
    /// AWS is throttling or not there for a moment, or someone wrote the record first: Step Functions retries.
    #[error("{call} is busy: {detail}")]
    Busy {
        /// The API call.
        call: String,
        /// What AWS answered.
        detail: String,
    },
    /// An input that is not ours.
    #[error("{0}")]
    BadInput(String),
    /// Another deployment holds the service, or took it over: this one must not touch it any more.
    #[error(
        "the lease on {service} is no longer held by {deployment} (fence {fence}): {holder}; nothing was changed by this step"
    )]
    LeaseLost {
        /// The service.
        service: String,
        /// Who thought to hold it.
        deployment: String,
        /// With which fence.
        fence: u64,
        /// Who holds it now.
        holder: String,
    },
    /// A route is not as the ledger left it.
    #[error(
        "{route} gives {found}, the ledger says {expected}; someone else changed it, so it was left as it is"
    )]
    RouteDrifted {
        /// Which route.
        route: String,
        /// Its weights now.
        found: String,
        /// What they should be.
        expected: String,
    },
    /// A shift would have sent requests to a side that cannot take them.
    #[error("{target_group} has {healthy} healthy targets, {needed} are needed before it gets traffic")]
    NotHealthy {
        /// Where the requests would have gone.
        target_group: String,
        /// How many are healthy.
        healthy: u32,
        /// How many must be.
        needed: u32,
    },
    /// The ledger does not hold what this step needs.
    #[error("{0}")]
    RecordMissing(String),
    /// AWS refused, and would refuse again.
    #[error("{call} on {on} was refused: {detail}")]
    Aws {
        /// The API call.
        call: String,
        /// What it was about.
        on: String,
        /// AWS's code and message.
        detail: String,
    },
}

/// The names that Retry and Catch see, each said once: a variant that is left out here does not compile, and one that is
/// named is among the names.
macro_rules! names {
    ($($name:ident),+) => {
        impl StepError {
            /// The name that Retry and Catch see.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => stringify!($name),)+
                }
            }

            /// Every name there is, for the contract between this enum and the state machine.
            pub const NAMES: [&'static str; [$(stringify!($name)),+].len()] = [$(stringify!($name)),+];
        }
    };
}

names!(Busy, BadInput, LeaseLost, RouteDrifted, NotHealthy, RecordMissing, Aws);
