//! Images: how one is pinned, and which tags a service wants. Which image that means is in [`crate::choice`].

use serde::{Deserialize, Serialize};
use std::fmt;
use wildmatch::WildMatch;

/// An image pinned by digest: what a revision runs, and nothing that can move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedImage {
    /// The repository's name, without the registry.
    pub repository: String,
    /// The tag it was found by, for people; the digest decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// `REGISTRY/REPOSITORY@DIGEST`, as it goes into the task definition.
    pub uri: String,
    /// Why this tag, if several would do: in words, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
}

impl PinnedImage {
    /// Pins a digest of a repository whose URI (`REGISTRY/REPOSITORY`) is known.
    pub fn new(repository: &str, repository_uri: &str, tag: Option<&str>, digest: &str) -> Self {
        Self {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest: digest.to_owned(),
            uri: format!("{repository_uri}@{digest}"),
            chosen: None,
        }
    }
}

impl fmt::Display for PinnedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => write!(f, "{}:{tag} ({})", self.repository, short(&self.digest)),
            None => write!(f, "{}@{}", self.repository, short(&self.digest)),
        }
    }
}

/// The first twelve digits of a digest, as people compare them.
pub fn short(digest: &str) -> &str {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
    digits.get(..12).unwrap_or(digits)
}

/// The digest that an image reference is pinned to, if it is pinned.
pub fn pinned_digest(reference: &str) -> Option<&str> {
    reference.split_once('@').map(|(_, digest)| digest).filter(|digest| is_digest(digest))
}

/// Whether a text is `sha256:` and 64 hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// What stands for any characters in a `changeover:image-tag`. ECS allows no `*` in the value of a tag; `@` it allows,
/// and no image tag has one.
pub const ANY: char = '@';

/// Whether an image tag matches a service's `changeover:image-tag`: a tag, or a pattern with [`ANY`]. Where `*` and `?`
/// can be written, as in an execution's input, they mean what they usually do.
pub fn tag_matches(pattern: &str, tag: &str) -> bool {
    WildMatch::new(&pattern.replace(ANY, "*")).matches(tag)
}

/// Whether a `changeover:image-tag` names one tag rather than a family of them.
pub fn is_exact(pattern: &str) -> bool {
    !pattern.contains([ANY, '*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_one_that_a_tag_of_ecs_can_hold() {
        assert!(tag_matches("prod-@", "prod-10") && tag_matches("@-10", "prod-10"));
        assert!(!tag_matches("prod-@", "dev-1") && !tag_matches("prod", "prod-10"));
        assert!(tag_matches("prod-*", "prod-10") && tag_matches("v?", "v1"));
        assert!(is_exact("latest") && !is_exact("v@") && !is_exact("v*"));
    }

    #[test]
    fn only_whole_digests_pin() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(pinned_digest(&format!("r/app@{digest}")), Some(digest.as_str()));
        assert_eq!(pinned_digest("r/app:latest"), None);
        assert_eq!(pinned_digest("r/app@sha256:12"), None);
    }
}
