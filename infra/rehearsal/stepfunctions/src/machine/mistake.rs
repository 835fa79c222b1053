//! What is wrong with a definition, as ValidateStateMachineDefinition and CreateStateMachine tell it.

use std::fmt;

/// A mistake in a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// AWS's code for its kind.
    pub code: &'static str,
    /// A JSON pointer to where it is; none if it is about the whole.
    pub pointer: Option<String>,
    /// What is wrong, in AWS's words where they are known.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // AWS says `null` for the place of what has none.
        write!(f, "{}: {} at {}", self.code, self.message, self.pointer.as_deref().unwrap_or("null"))
    }
}

impl Mistake {
    /// A field that is not as it should be.
    pub(crate) fn schema(pointer: &str, message: impl fmt::Display) -> Self {
        Self::at("SCHEMA_VALIDATION_FAILED", pointer, message)
    }

    /// A way that leads nowhere, or a state that none leads to.
    pub(crate) fn transition(pointer: &str, message: impl fmt::Display) -> Self {
        Self::at("MISSING_TRANSITION_TARGET", pointer, message)
    }

    /// Of the definition as a whole.
    pub(crate) fn whole(code: &'static str, message: impl fmt::Display) -> Self {
        Self { code, pointer: None, message: message.to_string() }
    }

    fn at(code: &'static str, pointer: &str, message: impl fmt::Display) -> Self {
        let pointer = if pointer.is_empty() { "/" } else { pointer };
        Self { code, pointer: Some(pointer.to_owned()), message: message.to_string() }
    }
}

/// One more step of a JSON pointer.
pub(crate) fn under(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_read_like_awss() {
        let mistake = Mistake::transition("/States/A/Next", "Missing 'Next' target: B");
        assert_eq!(
            mistake.to_string(),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next"
        );
        let whole = Mistake::whole("MISSING_END_STATE", "Workflow has no terminal state");
        assert_eq!(whole.to_string(), "MISSING_END_STATE: Workflow has no terminal state at null");
    }

    #[test]
    fn pointers_escape_what_they_are_made_of() {
        assert_eq!(under("/States", "a/b~c"), "/States/a~1b~0c");
    }
}
