//! Who calls: told by the access key that a request is signed with.

use rehearsal_lambda::Credentials;
use rehearsal_wire::{Key, Lock};
use std::collections::BTreeMap;

/// Characters of an access key id after `AKIA` or `ASIA`.
const ID: usize = 16;
/// Of a secret.
const SECRET: usize = 40;
/// Of a session token; AWS promises no length, and its own are longer.
const TOKEN: usize = 64;
/// Of a UUID without dashes.
const CHANCE: usize = 32;

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

/// Everyone with keys, which are made anew for every cloud: nobody can know them who was not told.
#[derive(Debug)]
pub(crate) struct Callers {
    region: String,
    operator: Key,
    by_key: BTreeMap<String, (Key, Caller)>,
}

impl Callers {
    /// An operator in this region, and nobody else yet.
    pub(crate) fn new(region: &str) -> Self {
        let operator =
            Key { access_key_id: id("AKIA"), secret_access_key: random(SECRET), session_token: None };
        let by_key = [(operator.access_key_id.clone(), (operator.clone(), Caller::Operator))].into();
        Self { region: region.to_owned(), operator, by_key }
    }

    /// What the operator signs with.
    pub(crate) fn operator(&self) -> &Key {
        &self.operator
    }

    /// Gives a function credentials of its own, as those of a role are: with a session token.
    pub(crate) fn admit(&mut self, name: &str, role_arn: &str) -> Credentials {
        let credentials = Credentials {
            access_key_id: id("ASIA"),
            secret_access_key: random(SECRET),
            session_token: random(TOKEN),
        };
        let caller = Caller::Function { name: name.to_owned(), role_arn: role_arn.to_owned() };
        let key = Key {
            access_key_id: credentials.access_key_id.clone(),
            secret_access_key: credentials.secret_access_key.clone(),
            session_token: Some(credentials.session_token.clone()),
        };
        self.by_key.insert(key.access_key_id.clone(), (key, caller));
        credentials
    }

    /// Whose key it is. A call from within has none and is an operator's; what came over the wire has been verified.
    pub(crate) fn of(&self, access_key: Option<&str>) -> Caller {
        access_key.and_then(|key| self.by_key.get(key)).map_or(Caller::Operator, |(_, caller)| caller.clone())
    }
}

impl Lock for Callers {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        self.by_key.get(access_key_id).map(|(key, _)| key)
    }

    fn region(&self) -> &str {
        &self.region
    }
}

/// An access key id, as AWS writes them.
fn id(kind: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let chance = rehearsal_world::uuid();
    let tail = chance.as_bytes().iter().take(ID).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    format!("{kind}{}", tail.collect::<String>())
}

/// So many characters by chance, which no setting seeds: who knows the seed of a run knows no key. Digits and letters,
/// so that a shell reads them as they are.
fn random(length: usize) -> String {
    let mut text = String::with_capacity(length + CHANCE);
    while text.len() < length {
        text.push_str(&rehearsal_world::uuid().simple().to_string());
    }
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_keys_of_their_own_that_are_new_each_time() {
        let mut callers = Callers::new("us-east-1");
        let plan = callers.admit("s-plan", "arn:aws:iam::123456789012:role/team/s-plan-role");
        let swap = callers.admit("s-swap", "arn:aws:iam::123456789012:role/s-swap-role");
        assert_ne!(plan.access_key_id, swap.access_key_id);
        assert_ne!(plan.secret_access_key, swap.secret_access_key);
        assert_eq!((plan.access_key_id.len(), plan.secret_access_key.len()), (20, 40));
        let caller = callers.of(Some(&plan.access_key_id));
        assert_eq!((caller.name(), caller.role()), ("s-plan", Some("s-plan-role")));
        assert_eq!(callers.of(None), Caller::Operator);
        assert_eq!(callers.key(&plan.access_key_id).unwrap().session_token, Some(plan.session_token));
        assert_eq!(callers.key(&callers.operator().access_key_id), Some(callers.operator()));
        assert_eq!(callers.key("AKIAX"), None);
        let others = Callers::new("us-east-1");
        assert_ne!(others.operator(), callers.operator());
    }
}
