//! Image indexes, OCI's, and manifest lists, Docker's: which images they list, and which of them this machine runs.

use serde_json::{Value, json};

/// The media type of OCI's.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The operating system of every task here.
const SYSTEM: &str = "linux";

/// An image that an index lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) digest: String,
    /// `os/architecture`; attestations have `unknown/unknown`.
    platform: String,
}

/// What an index lists; nothing of a manifest.
pub(crate) fn listed(manifest: &Value) -> Vec<Listed> {
    let all = manifest["manifests"].as_array().into_iter().flatten();
    let read = |one: &Value| {
        let part = |name: &str| one["platform"][name].as_str().unwrap_or("unknown").to_owned();
        let platform = format!("{}/{}", part("os"), part("architecture"));
        Some(Listed { digest: one["digest"].as_str()?.to_owned(), platform })
    };
    all.filter_map(read).collect()
}

/// The image that runs here, or what a container runtime says if there is none.
pub(crate) fn of_this_machine(listed: &[Listed]) -> Result<&str, String> {
    let here = format!("{SYSTEM}/{}", architecture());
    let found = listed.iter().find(|one| one.platform == here);
    found
        .map(|one| one.digest.as_str())
        .ok_or_else(|| format!("image Manifest does not contain descriptor matching platform '{here}'"))
}

/// This machine's architecture, as images name it.
#[must_use]
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// An index as `PutImage` takes it, of images by architecture and digest.
#[must_use]
pub fn index(images: &[(&str, &str)]) -> String {
    let manifests: Vec<Value> = images
        .iter()
        .map(|(architecture, digest)| {
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1,
                "platform": { "architecture": architecture, "os": SYSTEM },
            })
        })
        .collect();
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_of_this_machine_is_found_and_attestations_are_none() {
        let other = if architecture() == "amd64" { "arm64" } else { "amd64" };
        let both = index(&[(other, "sha256:a"), (architecture(), "sha256:b")]);
        let both = listed(&serde_json::from_str(&both).unwrap());
        assert_eq!(of_this_machine(&both), Ok("sha256:b"));
        let attested = json!({ "manifests": [{ "digest": "sha256:c" }] });
        let refusal = of_this_machine(&listed(&attested)).unwrap_err();
        assert!(refusal.contains(&format!("platform 'linux/{}'", architecture())), "{refusal}");
        assert!(listed(&json!({ "config": {} })).is_empty());
    }
}
