//! What scenarios have in common.

use super::{Already, MayFail, ROOM, Scenario, Script};

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
    spot: false,
};
