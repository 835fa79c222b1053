//! What an image's manifest says, as the registry keeps it: OCI's, or Docker's, which has no annotations.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What is read of a manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Of an index, the digest of the first image that it lists: attestations are none.
    pub first_image: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    manifests: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
}

/// The platform that BuildKit gives attestations within an index.
const NO_PLATFORM: &str = "unknown";

impl Manifest {
    /// Reads one; none if it is neither a manifest nor an index.
    pub fn read(text: &str) -> Option<Self> {
        let raw: Raw = serde_json::from_str(text).ok()?;
        let is_image = |listed: &Listed| listed.platform.as_ref().is_none_or(|on| on.os != NO_PLATFORM);
        let first_image = raw.manifests.into_iter().find(is_image).map(|listed| listed.digest);
        Some(Self { annotations: raw.annotations.unwrap_or_default(), first_image })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_annotations_and_an_index_its_first_image() {
        let image =
            r#"{"schemaVersion":2,"config":{},"layers":[],"annotations":{"changeover.schema.brings":"5"}}"#;
        let image = Manifest::read(image).expect("a manifest");
        assert_eq!(image.annotations["changeover.schema.brings"], "5");
        assert_eq!(image.first_image, None);
        let index = r#"{"schemaVersion":2,"manifests":[
            {"digest":"sha256:a","platform":{"os":"unknown","architecture":"unknown"}},
            {"digest":"sha256:b","platform":{"os":"linux","architecture":"arm64"}},
            {"digest":"sha256:c","platform":{"os":"linux","architecture":"amd64"}}]}"#;
        let index = Manifest::read(index).expect("an index");
        assert_eq!((index.annotations.len(), index.first_image.as_deref()), (0, Some("sha256:b")));
        assert_eq!(Manifest::read("no manifest"), None);
    }
}
