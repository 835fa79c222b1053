//! The history of a story: everything that was told of it, and its hash, by which two are the same.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Hexadecimal digits of a hash that is shown; enough to tell histories apart.
const SHOWN: usize = 16;

/// The hash of what was told. Whoever writes JSON here keeps its keys in order.
#[must_use]
pub fn hash(told: &[Value]) -> String {
    let mut hasher = Sha256::new();
    for part in told {
        hasher.update(part.to_string());
        hasher.update("\n");
    }
    let digest = hasher.finalize();
    let mut hex = String::with_capacity(SHOWN);
    for byte in digest.iter().take(SHOWN / 2) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::hash;
    use serde_json::json;

    #[test]
    fn the_same_story_has_the_same_hash_and_another_has_another() {
        let told = |end: &str| [json!({"state": "Plan"}), json!({"end": end})];
        assert_eq!(hash(&told("Succeeded")), hash(&told("Succeeded")));
        assert_ne!(hash(&told("Succeeded")), hash(&told("RolledBack")));
        assert_eq!(hash(&[]).len(), super::SHOWN);
    }
}
