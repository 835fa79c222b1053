//! What people ask of a deployment that is on the way.

use serde::{Deserialize, Serialize};

/// What people asked of a deployment, as its record has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Orders {
    /// Why it is to be taken back, once somebody has asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
}
