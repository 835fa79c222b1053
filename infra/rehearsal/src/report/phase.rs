//! What a deployment is doing in each state of the state machine. Pure.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading, planning, registering.
    Prepare,
    /// Asking for tasks.
    Start,
    /// Looking at health.
    Verify,
    /// Writing weights.
    Shift,
    /// Watching.
    Bake,
    /// Letting the old side finish.
    Drain,
    /// Taking it back.
    Rollback,
    /// Finishing, or finished.
    Finish,
    /// Anything else.
    Other,
}

/// Whether a state is a point at which people have their say.
pub fn is_point(state: &str) -> bool {
    changeover_domain::gate::Point::ALL.iter().any(|point| point.state() == state)
}

impl Phase {
    /// The phase of a state, by its name; a pause has that of the state it belongs to.
    pub fn of(state: &str) -> Self {
        match state {
            "Begin" | "Plan" | "Planned?" | "RegisterRevision" | "BeforeStart" | "MayStart?"
            | "WaitForStart" => Self::Prepare,
            "UpdateService" | "Started?" | "WaitForRoom" => Self::Start,
            "CheckHealth" | "Healthy?" | "WaitForHealth" | "BeforeTraffic" | "MayShift?" => Self::Verify,
            "Swap" | "Shifted?" => Self::Shift,
            "Bake" | "Baked?" | "WaitForBake" | "AfterStep" | "MayGoOn?" | "BeforeDrain" | "MayDrain?" => {
                Self::Bake
            }
            "Drain"
            | "Drained?"
            | "WaitForDrain"
            | "AfterSuccess"
            | "ToldOfSuccess?"
            | "WaitForAfterSuccess" => Self::Drain,
            "Rollback"
            | "RolledBack?"
            | "WaitForRollback"
            | "AfterRollback"
            | "ToldOfRollback?"
            | "WaitForAfterRollback" => Self::Rollback,
            "Finish" | "Outcome?" => Self::Finish,
            _ if says_why(state) => Self::Finish,
            _ if is_end(state) => Self::Finish,
            _ => Self::Other,
        }
    }

    /// Its name, which is also that of its colour.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Start => "start",
            Self::Verify => "verify",
            Self::Shift => "shift",
            Self::Bake => "bake",
            Self::Drain => "drain",
            Self::Rollback => "rollback",
            Self::Finish => "finish",
            Self::Other => "other",
        }
    }
}

/// Whether a state only waits or chooses, and so belongs to the one before it.
pub fn is_pause(state: &str) -> bool {
    state.starts_with("WaitFor") || state.ends_with('?')
}

/// Whether a state only puts into words what an end says.
fn says_why(state: &str) -> bool {
    state.ends_with("InWords") || state.ends_with("AsTold")
}

/// Whether an execution is over in this state.
pub fn is_end(state: &str) -> bool {
    const OTHER_ENDS: [&str; 5] = ["NothingMore", "BadInput", "LeaseLost", "Unfinished", "Unexpected"];
    is_outcome(state) || OTHER_ENDS.contains(&state)
}

/// Whether this is one of the five outcomes.
pub fn is_outcome(state: &str) -> bool {
    matches!(state, "Succeeded" | "RolledBack" | "Refused" | "Superseded" | "NeedsHuman")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_state_of_the_machine_that_ships_has_its_phase() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../statemachine/deploy.asl.json");
        let text = std::fs::read_to_string(path).expect("reads");
        let machine: Value = serde_json::from_str(&text).expect("parses");
        let states = machine["States"].as_object().expect("states");
        assert!(states.len() > 20);
        for (name, state) in states {
            assert_ne!(Phase::of(name), Phase::Other, "{name} is in no phase");
            let kind = state["Type"].as_str().expect("a type");
            assert_eq!(is_pause(name), matches!(kind, "Wait" | "Choice"), "{name} is a {kind}");
            assert_eq!(is_end(name), matches!(kind, "Succeed" | "Fail"), "{name} is a {kind}");
        }
    }
}
