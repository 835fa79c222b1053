//! Pulling: from what a task definition names to what runs, or the reason that a stopped task gives.

use super::Ecr;
use super::index::of_this_machine;
use super::manifest::{Image, command};
use super::repository::ImageId;

impl Ecr {
    /// The image of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG` or `…@sha256:…`; otherwise what
    /// ECS gives as the reason for a task that could not start.
    pub fn resolve(&self, image: &str) -> Result<Image, String> {
        self.resolve_if(image, true)
    }

    /// The same for a function: Lambda takes no index.
    pub fn resolve_one(&self, image: &str) -> Result<Image, String> {
        self.resolve_if(image, false)
    }

    fn resolve_if(&self, image: &str, takes_indexes: bool) -> Result<Image, String> {
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
        // An index stands for the image of this machine; what a task tells is the index's digest, as AWS has it.
        let runs = match stored.listed.as_slice() {
            [] => stored,
            _ if !takes_indexes => {
                return Err(format!(
                    "The image manifest, config or layer media type for the source image {image} is not supported."
                ));
            }
            listed => {
                let digest = of_this_machine(listed).map_err(|why| cannot_pull(&why))?;
                let id = ImageId { digest: Some(digest.to_owned()), tag: None };
                // It was there when the index was pushed, and cannot be deleted before it.
                repository
                    .find(&id)
                    .ok_or_else(|| cannot_pull(&format!("manifest for {digest} not found")))?
            }
        };
        command(&stored.digest, &runs.manifest)
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
