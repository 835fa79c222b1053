//! ECR: repositories of manifests. Putting an image emits the push event; a tag moves to what was put last.
//!
//! An image is a manifest whose config names a command ([`manifest`]); there are no layers to upload. An [`index`] lists
//! images of several architectures.

mod images;
mod index;
mod manifest;
mod pull;
mod repository;
mod settings;

pub use index::{architecture, index};
pub use manifest::{COMMAND_CONFIG, Image, annotated, manifest, manifest_of};

use crate::EventSink;
use crate::account::Account;
use crate::input::{page, required, text, unknown};
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use repository::{ImageId, Repository, Stored};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries on a page unless asked otherwise.
const PAGE: usize = 100;

/// Where replicated images come from.
const SOURCE_REGION: &str = "eu-west-1";

/// The code of a call that does not make sense.
const INVALID: &str = "InvalidParameterException";

/// The registry. Cheap to clone.
#[derive(Clone)]
pub struct Ecr {
    account: Account,
    repositories: Arc<Mutex<BTreeMap<String, Repository>>>,
    events: EventSink,
}

impl Ecr {
    /// Without repositories; pushes are told to `events`.
    #[must_use]
    pub fn new(account: Account, events: EventSink) -> Self {
        Self { account, repositories: Arc::default(), events }
    }

    /// Answers one call of the service `ecr`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        if let Some(other) = text(input, "registryId").filter(|id| *id != self.account.id) {
            return self.elsewhere(operation, other, input);
        }
        match operation {
            "CreateRepository" => self.create(input),
            "DescribeRepositories" => self.describe_repositories(input),
            "PutImage" => self.put_image(input),
            "BatchGetImage" => self.batch_get(input),
            "DescribeImages" => self.describe_images(input),
            "ListImages" => self.list_images(input),
            "BatchDeleteImage" => self.batch_delete(input),
            other => Err(unknown(other)),
        }
    }

    /// Nobody else's registry has anything for us.
    fn elsewhere(&self, operation: &str, registry: &str, input: &Value) -> Result<Value, ApiError> {
        let name = text(input, "repositoryName").or_else(|| input["repositoryNames"][0].as_str());
        match name {
            None if operation == "DescribeRepositories" => Ok(json!({ "repositories": [] })),
            _ if operation == "CreateRepository" => {
                let message = format!("repositories are made in the registry '{}' only", self.account.id);
                Err(ApiError::new(INVALID, message))
            }
            name => Err(no_repository(name.unwrap_or_default(), registry)),
        }
    }

    fn put_image(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        let text_of = required(input, "imageManifest", INVALID)?;
        let stored = Stored::of(text_of, text(input, "imageManifestMediaType"))?;
        let tag = text(input, "imageTag");
        if let Some(digest) = text(input, "imageDigest")
            && digest != stored.digest
        {
            let message = format!(
                "The digest '{digest}' does not match the digest of the manifest, '{}'",
                stored.digest
            );
            return Err(ApiError::new("ImageDigestDoesNotMatchException", message));
        }
        let id = ImageId { digest: Some(stored.digest.clone()), tag: tag.map(str::to_owned) };
        let image = json!({
            "registryId": self.account.id, "repositoryName": name, "imageId": id.to_json(),
            "imageManifest": stored.manifest, "imageManifestMediaType": stored.media_type,
        });
        let digest = stored.digest.clone();
        {
            let mut repositories = self.repositories.lock();
            let repository = repositories.get_mut(name).ok_or_else(|| self.no_repository(name))?;
            repository.put(name, &self.account.id, stored, tag)?;
        }
        self.emit("ECR Image Action", "PUSH", name, &digest, tag);
        Ok(json!({ "image": image }))
    }

    /// Puts an image as replication from another region does: the event that tells of it is another. Returns its digest.
    ///
    /// # Errors
    /// As `PutImage`.
    pub fn replicate(&self, name: &str, manifest: &str, tag: &str) -> Result<String, ApiError> {
        let stored = Stored::of(manifest, None)?;
        let digest = stored.digest.clone();
        {
            let mut repositories = self.repositories.lock();
            let repository = repositories.get_mut(name).ok_or_else(|| self.no_repository(name))?;
            repository.put(name, &self.account.id, stored, Some(tag))?;
        }
        self.emit("ECR Replication Action", "REPLICATE", name, &digest, Some(tag));
        Ok(digest)
    }

    fn emit(&self, kind: &str, action: &str, name: &str, digest: &str, tag: Option<&str>) {
        let mut detail = json!({
            "result": "SUCCESS", "repository-name": name, "image-digest": digest, "action-type": action,
        });
        if let Some(tag) = tag {
            detail["image-tag"] = tag.into();
        }
        if action == "REPLICATE" {
            detail["source-account"] = self.account.id.as_str().into();
            detail["source-region"] = SOURCE_REGION.into();
        }
        (self.events)(self.account.event("aws.ecr", kind, &[], &detail));
    }

    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
    fn host(&self) -> String {
        format!("{}.dkr.ecr.{}.amazonaws.com", self.account.id, self.account.region)
    }

    fn no_repository(&self, name: &str) -> ApiError {
        no_repository(name, &self.account.id)
    }
}

fn no_repository(name: &str, registry: &str) -> ApiError {
    let message =
        format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
    ApiError::new("RepositoryNotFoundException", message)
}

fn paged(member: &str, all: &[Value], input: &Value) -> Result<Value, ApiError> {
    let size = input.get("maxResults").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let (items, next) = page(all, text(input, "nextToken"), size.unwrap_or(PAGE), INVALID)?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["nextToken"] = next.into();
    }
    Ok(answer)
}
