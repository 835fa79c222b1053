//! How far a promotion goes, as an execution's input says it: `true`, or `"all"`.

use serde::{Deserialize, Serialize};

/// How far a promotion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub enum Promote {
    /// It ends this pause or bake.
    This,
    /// It ends the rest of the bakes and pauses between steps as well.
    All,
}

impl TryFrom<serde_json::Value> for Promote {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        match value {
            serde_json::Value::Bool(true) => Ok(Self::This),
            serde_json::Value::String(word) if word == "all" => Ok(Self::All),
            other => Err(format!("promote is true or \"all\", not {other}")),
        }
    }
}

impl From<Promote> for serde_json::Value {
    fn from(promote: Promote) -> Self {
        match promote {
            Promote::This => Self::Bool(true),
            Promote::All => Self::from("all"),
        }
    }
}
