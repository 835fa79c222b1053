//! One repository: manifests by digest, digests by tag.

use super::INVALID;
use super::index::{Listed, listed};
use crate::input::text;
use rehearsal_wire::ApiError;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The largest manifest, as in AWS.
const MAX_MANIFEST: usize = 4 * 1024 * 1024;

/// A manifest as it was put.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// `sha256:` and the hash of exactly this text.
    pub(crate) digest: String,
    pub(crate) manifest: String,
    pub(crate) media_type: String,
    pub(crate) config_type: Option<String>,
    /// The image that it is about, if it is about another.
    pub(crate) subject: Option<String>,
    /// Of an index, the images that it lists.
    pub(crate) listed: Vec<Listed>,
    pub(crate) pushed: jiff::Timestamp,
}

impl Stored {
    pub(crate) fn of(manifest: &str, media_type: Option<&str>) -> Result<Self, ApiError> {
        let problem = |what: &str| {
            ApiError::new(
                INVALID,
                format!("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{what}'"),
            )
        };
        if manifest.len() > MAX_MANIFEST {
            return Err(problem("Member must have length less than or equal to 4194304"));
        }
        let parsed: Value = serde_json::from_str(manifest).map_err(|_| problem("Invalid JSON syntax"))?;
        if parsed.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
            return Err(problem("Unsupported manifest version"));
        }
        let said = parsed.get("mediaType").and_then(Value::as_str);
        let Some(media_type) = media_type.or(said).map(str::to_owned) else {
            let message = "image manifest mediatype not provided in manifest or parameter";
            return Err(ApiError::new(INVALID, message));
        };
        let text = |pointer: &str| parsed.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let config_type = text("/artifactType").or_else(|| text("/config/mediaType"));
        let subject = text("/subject/digest");
        Ok(Self {
            digest: digest(manifest.as_bytes()),
            manifest: manifest.to_owned(),
            media_type,
            config_type,
            subject,
            listed: listed(&parsed),
            pushed: rehearsal_world::now(),
        })
    }
}

/// `sha256:` and the hash in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
        text.push_str(&format!("{byte:02x}"));
        text
    })
}

/// How a call names an image: by digest, by tag, or by both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ImageId {
    pub(crate) digest: Option<String>,
    pub(crate) tag: Option<String>,
}

impl ImageId {
    pub(crate) fn of(member: &Value) -> Self {
        let part = |name| text(member, name).map(str::to_owned);
        Self { digest: part("imageDigest"), tag: part("imageTag") }
    }

    /// What is wrong with it as such: a code of `ImageFailureCode`, and why.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        match (&self.digest, &self.tag) {
            (None, None) => Some((
                "MissingDigestAndTag",
                "Invalid request parameters: both tag and digest cannot be null",
            )),
            (Some(digest), _) if !is_digest(digest) => Some((
                "InvalidImageDigest",
                "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            )),
            _ => None,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut id = Map::new();
        if let Some(digest) = &self.digest {
            id.insert("imageDigest".to_owned(), digest.as_str().into());
        }
        if let Some(tag) = &self.tag {
            id.insert("imageTag".to_owned(), tag.as_str().into());
        }
        id.into()
    }
}

/// `algorithm:hexadecimal`.
fn is_digest(text: &str) -> bool {
    let of_algorithm = |c: char| c.is_ascii_alphanumeric() || "-_+.".contains(c);
    text.split_once(':').is_some_and(|(algorithm, hash)| {
        !algorithm.is_empty()
            && !hash.is_empty()
            && algorithm.chars().all(of_algorithm)
            && hash.chars().all(|c| c.is_ascii_hexdigit())
    })
}

/// Which tags stay where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutability {
    immutable: bool,
    /// Tags to which the contrary applies, with `*` for anything.
    except: Vec<String>,
}

impl Mutability {
    pub(crate) fn new(immutable: bool, except: Vec<String>) -> Self {
        Self { immutable, except }
    }

    /// AWS's name.
    pub(crate) fn name(&self) -> &'static str {
        match (self.immutable, self.except.is_empty()) {
            (false, true) => "MUTABLE",
            (false, false) => "MUTABLE_WITH_EXCLUSION",
            (true, true) => "IMMUTABLE",
            (true, false) => "IMMUTABLE_WITH_EXCLUSION",
        }
    }

    pub(crate) fn filters(&self) -> &[String] {
        &self.except
    }

    fn holds(&self, tag: &str) -> bool {
        self.immutable != self.except.iter().any(|pattern| fits(pattern, tag))
    }
}

/// Whether a text is as a pattern with `*` says.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(rest, &text[at..]))
        }),
    }
}

/// Manifests and what the tags point to.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) created: jiff::Timestamp,
    pub(crate) mutability: Mutability,
    images: BTreeMap<String, Stored>,
    tags: BTreeMap<String, String>,
}

impl Repository {
    pub(crate) fn new(mutability: Mutability) -> Self {
        Self { created: rehearsal_world::now(), mutability, images: BTreeMap::new(), tags: BTreeMap::new() }
    }

    pub(crate) fn put(
        &mut self,
        name: &str,
        registry: &str,
        stored: Stored,
        tag: Option<&str>,
    ) -> Result<(), ApiError> {
        let before = tag.and_then(|tag| self.tags.get(tag));
        let known = self.images.contains_key(&stored.digest);
        if known && (tag.is_none() || before == Some(&stored.digest)) {
            let tagged = tag.map(|tag| format!(" and tag '{tag}'")).unwrap_or_default();
            let message = format!(
                "Image with digest '{}'{tagged} already exists in the repository with name '{name}' in registry with id '{registry}'",
                stored.digest
            );
            return Err(ApiError::new("ImageAlreadyExistsException", message));
        }
        let absent = stored.listed.iter().find(|one| !self.images.contains_key(&one.digest));
        if let Some(absent) = absent {
            let message = format!(
                "Images with digests '[{}]' required for pushing image into repository with name '{name}' in the registry with id '{registry}' do not exist",
                absent.digest
            );
            return Err(ApiError::new("ReferencedImagesNotFoundException", message));
        }
        if let (Some(tag), Some(_)) = (tag.filter(|tag| self.mutability.holds(tag)), before) {
            let message = format!(
                "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the repository is immutable."
            );
            return Err(ApiError::new("ImageTagAlreadyExistsException", message));
        }
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), stored.digest.clone());
        }
        self.images.entry(stored.digest.clone()).or_insert(stored);
        Ok(())
    }

    pub(crate) fn find(&self, id: &ImageId) -> Option<&Stored> {
        let by_tag = match &id.tag {
            Some(tag) => Some(self.tags.get(tag)?),
            None => None,
        };
        let digest = match (&id.digest, by_tag) {
            (Some(digest), Some(tagged)) if digest != tagged => return None,
            (Some(digest), _) => digest,
            (None, tagged) => tagged?,
        };
        self.images.get(digest)
    }

    pub(crate) fn tags_of(&self, digest: &str) -> Vec<&str> {
        self.tags.iter().filter(|(_, to)| *to == digest).map(|(tag, _)| tag.as_str()).collect()
    }

    /// Every tag with its digest, and every digest without a tag.
    pub(crate) fn ids(&self) -> Vec<ImageId> {
        let mut ids = Vec::new();
        for digest in self.images.keys() {
            let tags = self.tags_of(digest);
            if tags.is_empty() {
                ids.push(ImageId { digest: Some(digest.clone()), tag: None });
            }
            for tag in tags {
                ids.push(ImageId { digest: Some(digest.clone()), tag: Some(tag.to_owned()) });
            }
        }
        ids
    }

    /// The indexes that list an image, which can therefore not go; none if it only loses one of its tags.
    pub(crate) fn indexes_of(&self, id: &ImageId) -> Vec<&str> {
        let Some(digest) = self.find(id).map(|stored| &stored.digest) else { return Vec::new() };
        if id.tag.is_some() && self.tags_of(digest).len() > 1 {
            return Vec::new();
        }
        let lists = |stored: &&Stored| stored.listed.iter().any(|one| one.digest == *digest);
        self.images.values().filter(lists).map(|stored| stored.digest.as_str()).collect()
    }

    /// Whether an image is named by a digest and by a tag of another.
    pub(crate) fn differs(&self, id: &ImageId) -> bool {
        let tagged = id.tag.as_ref().and_then(|tag| self.tags.get(tag));
        id.digest.as_ref().zip(tagged).is_some_and(|(digest, tagged)| digest != tagged)
    }

    /// Deletes by tag (the image goes with its last one) or by digest (with all tags); what went.
    pub(crate) fn remove(&mut self, id: &ImageId) -> Vec<ImageId> {
        let Some(digest) = self.find(id).map(|stored| stored.digest.clone()) else { return Vec::new() };
        let gone: Vec<String> = match &id.tag {
            Some(tag) => vec![tag.clone()],
            None => self.tags_of(&digest).into_iter().map(str::to_owned).collect(),
        };
        for tag in &gone {
            self.tags.remove(tag);
        }
        if self.tags_of(&digest).is_empty() {
            self.images.remove(&digest);
        }
        let as_id = |tag| ImageId { digest: Some(digest.clone()), tag };
        if gone.is_empty() {
            vec![as_id(None)]
        } else {
            gone.into_iter().map(|tag| as_id(Some(tag))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(command: &str) -> Stored {
        Stored::of(&crate::ecr::manifest(&[command.to_owned()], &[]), None).unwrap()
    }

    #[test]
    fn the_digest_is_of_the_very_text() {
        assert_eq!(digest(b""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let (a, b) = (r#"{"schemaVersion":2}"#, r#"{"schemaVersion": 2}"#);
        let of = |text| Stored::of(text, Some("application/vnd.oci.image.manifest.v1+json")).unwrap();
        assert_ne!(of(a).digest, of(b).digest);
        assert!(Stored::of(a, None).unwrap_err().message.contains("mediatype not provided"));
        assert_eq!(Stored::of("nope", None).unwrap_err().code, INVALID);
    }

    #[test]
    fn a_tag_moves_and_an_image_may_have_two() {
        let mut repository = Repository::new(Mutability::new(false, vec![]));
        let (one, two) = (stored("one"), stored("two"));
        let mut put = |image: &Stored, tag| repository.put("web", "1", image.clone(), tag);
        put(&one, Some("latest")).unwrap();
        put(&two, Some("latest")).unwrap();
        put(&two, Some("v2")).unwrap();
        let error = put(&two, Some("v2")).unwrap_err();
        assert_eq!(error.code, "ImageAlreadyExistsException");
        let by_tag = |tag: &str| ImageId { digest: None, tag: Some(tag.to_owned()) };
        assert_eq!(repository.find(&by_tag("latest")).unwrap().digest, two.digest);
        assert_eq!(repository.tags_of(&two.digest), ["latest", "v2"]);
        let both = ImageId { digest: Some(one.digest.clone()), tag: Some("latest".to_owned()) };
        assert!(repository.find(&both).is_none(), "the tag has moved away from that digest");
        assert_eq!(repository.remove(&by_tag("latest")).len(), 1);
        assert!(repository.find(&by_tag("v2")).is_some(), "it still has a tag");
    }

    #[test]
    fn an_immutable_tag_stays() {
        let mut repository = Repository::new(Mutability::new(true, vec!["dev-*".to_owned()]));
        repository.put("web", "1", stored("one"), Some("v1")).unwrap();
        let error = repository.put("web", "1", stored("two"), Some("v1")).unwrap_err();
        assert_eq!(error.code, "ImageTagAlreadyExistsException");
        repository.put("web", "1", stored("one"), Some("dev-1")).unwrap();
        repository.put("web", "1", stored("two"), Some("dev-1")).unwrap();
        assert_eq!(repository.mutability.name(), "IMMUTABLE_WITH_EXCLUSION");
    }
}
