//! What scenarios have in common.

use super::{Already, MayFail, ROOM, Scenario, Schemas, Script, Written};

/// What the scenarios have in common unless they say otherwise.
pub const PUSH: Scenario = Scenario {
    name: "",
    about: "",
    pair: true,
    already: Already::Fine,
    script: Script::Push,
    before: &[],
    image: &[],
    outage: None,
    checked: false,
    sticky: None,
    database: None,
    tags: &[("steps", "10 50 100")],
    functions: &[],
    outcome: Some("RolledBack"),
    reason: &[],
    advice: &[],
    may_fail: MayFail::None,
    instances: ROOM,
    group: None,
};

/// A first version: it bears its own schema, and the next, which only adds to it.
pub(super) const FIRST: Written = Written { schema: 1, brings: None, bears: Some("1-2") };
/// One after it that takes away what the first needs.
pub(super) const TOO_EARLY: Schemas =
    Schemas { before: FIRST, next: Written { schema: 3, brings: Some("3"), bears: Some("3") } };
