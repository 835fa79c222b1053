//! A freeze: from `changeover freeze` to `changeover unfreeze` nothing begins by itself. What is pushed meanwhile is wanted
//! all the same, and begins once it is over.

use crate::Timestamp;
use crate::record::Wanted;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A freeze of the whole stack, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// The shape of this record.
    pub schema: u32,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// Who ended it, and when; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// The end of a freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Who ended it, and why, if they said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Freeze {
    /// The freeze, if it lasts.
    pub fn lasting(self) -> Option<Self> {
        Some(self).filter(|freeze| freeze.ended.is_none())
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "frozen since {} by {}: {}",
            self.since.strftime("%Y-%m-%d %H:%M UTC"),
            self.by,
            self.reason
        )
    }
}

/// Whether what is wanted waits for the end of a freeze. What somebody asked for by hand does not: whoever types
/// `changeover deploy` in a freeze means it.
pub fn is_held_back(wanted: &Wanted, freeze: Option<&Freeze>) -> bool {
    freeze.is_some() && wanted.asked.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::PinnedImage;
    use crate::name::DeploymentId;
    use crate::record::Ask;
    use crate::settings::Raw;

    fn freeze() -> Freeze {
        let since = Timestamp::UNIX_EPOCH;
        Freeze { schema: 1, reason: "INC-1".into(), by: "alice".into(), since, ended: None }
    }

    #[test]
    fn a_push_waits_and_what_somebody_asks_for_by_hand_does_not() {
        let mut wanted = Wanted {
            schema: 1,
            image: PinnedImage::new("web", "r/web", None, "sha256:1"),
            generation: 1,
            since: Timestamp::UNIX_EPOCH,
            cause: "push".into(),
            instead_of: None,
            asked: None,
            tried: None,
        };
        assert!(is_held_back(&wanted, Some(&freeze())) && !is_held_back(&wanted, None));
        let deployment = DeploymentId::from("d");
        wanted.asked = Some(Ask { deployment, settings: Raw::new(), redeploy: false, overridden: None });
        assert!(!is_held_back(&wanted, Some(&freeze())));
    }

    #[test]
    fn it_says_since_when_by_whom_and_why_and_ends() {
        assert_eq!(freeze().to_string(), "frozen since 1970-01-01 00:00 UTC by alice: INC-1");
        let ended = Some(Ended { by: "bob".into(), at: Timestamp::UNIX_EPOCH });
        assert!(freeze().lasting().is_some());
        assert_eq!(Freeze { ended, ..freeze() }.lasting(), None);
    }
}
