//! Pulling: from what a task definition names to what runs, or the reason that a stopped task gives.

use super::Ecr;
use super::manifest::{Image, command};
use super::repository::ImageId;

impl Ecr {
    /// The image of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG` or `…@sha256:…`; otherwise what
    /// ECS gives as the reason for a task that could not start.
    pub fn resolve(&self, image: &str) -> Result<Image, String> {
        let Some(path) = image.strip_prefix(&format!("{}/", self.host())) else {
            return Err(cannot_pull(&format!(
                "pull access denied for {image}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
            )));
        };
        let (name, id) = split(path);
        let repositories = self.repositories.lock();
        let Some(repository) = repositories.get(name) else {
            return Err(cannot_pull(&format!(
                "repository {}/{name} not found: name unknown: {}",
                self.host(),
                self.no_repository(name).message
            )));
        };
        let Some(stored) = repository.find(&id) else {
            return Err(cannot_pull(&format!(
                "manifest for {image} not found: manifest unknown: Requested image not found"
            )));
        };
        command(&stored.digest, &stored.manifest)
            .map_err(|problem| cannot_pull(&format!("image {image} cannot be run: {problem}")))
    }
}

fn cannot_pull(reason: &str) -> String {
    format!("CannotPullContainerError: Error response from daemon: {reason}")
}

/// The repository, and the tag or digest; without either, the tag `latest`.
fn split(path: &str) -> (&str, ImageId) {
    if let Some((name, digest)) = path.split_once('@') {
        // `name:tag@digest` is by digest: the tag says nothing more.
        let name = name.split(':').next().unwrap_or_default();
        return (name, ImageId { digest: Some(digest.to_owned()), tag: None });
    }
    let (name, tag) = path.split_once(':').unwrap_or((path, "latest"));
    (name, ImageId { digest: None, tag: Some(tag.to_owned()) })
}
