//! Who calls: told by the access key that a request is signed with.

use rehearsal_lambda::Credentials;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Characters of an access key id after `ASIA`.
const KEY: usize = 16;

/// Whoever makes a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// A person or a program with keys of their own, or none.
    Operator,
    /// A function, by its name, running as a role.
    Function {
        /// The function's name.
        name: String,
        /// The ARN of its role.
        role_arn: String,
    },
}

impl Caller {
    /// What people read: the function's name, or `operator`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operator => "operator",
            Self::Function { name, .. } => name,
        }
    }

    /// The name of the role, for a function.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        match self {
            Self::Operator => None,
            Self::Function { role_arn, .. } => role_arn.rsplit('/').next(),
        }
    }
}

/// Everyone with keys of the stack's.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    by_key: BTreeMap<String, Caller>,
}

impl Callers {
    /// Gives a function credentials of its own.
    pub(crate) fn admit(&mut self, name: &str, role_arn: &str) -> Credentials {
        let credentials = Credentials { access_key_id: key_of(name), ..Credentials::default() };
        let caller = Caller::Function { name: name.to_owned(), role_arn: role_arn.to_owned() };
        self.by_key.insert(credentials.access_key_id.clone(), caller);
        credentials
    }

    /// Whose key it is; keys that nobody was given are an operator's.
    pub(crate) fn of(&self, access_key: Option<&str>) -> Caller {
        access_key.and_then(|key| self.by_key.get(key)).cloned().unwrap_or(Caller::Operator)
    }
}

/// The same for a function every time, and another for every function.
fn key_of(name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let hash = Sha256::digest(name);
    let tail: String =
        hash.iter().take(KEY).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    format!("ASIA{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_by_their_keys() {
        let mut callers = Callers::default();
        let plan = callers.admit("s-plan", "arn:aws:iam::123456789012:role/team/s-plan-role");
        let swap = callers.admit("s-swap", "arn:aws:iam::123456789012:role/s-swap-role");
        assert_ne!(plan.access_key_id, swap.access_key_id);
        assert_eq!(plan.access_key_id.len(), 20);
        let caller = callers.of(Some(&plan.access_key_id));
        assert_eq!((caller.name(), caller.role()), ("s-plan", Some("s-plan-role")));
        assert_eq!((callers.of(Some("AKIAX")), callers.of(None)), (Caller::Operator, Caller::Operator));
    }
}
