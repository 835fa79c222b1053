//! Whether what speaks against a deployment refuses it.

use serde::{Deserialize, Serialize};

/// What is done about something that speaks against a deployment, where a team may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objection {
    /// The deployment is refused.
    #[default]
    Refuse,
    /// It is deployed all the same, and the plan says so.
    Accept,
}

impl Objection {
    pub(super) fn parse(value: &str) -> Result<Self, String> {
        match value {
            "refuse" => Ok(Self::Refuse),
            "accept" => Ok(Self::Accept),
            _ => Err("must be refuse or accept".to_owned()),
        }
    }
}
