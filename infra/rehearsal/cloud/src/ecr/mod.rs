//! ECR: repositories of manifests. Putting an image emits the push event; a tag moves to what was put last.
//!
//! An image is a manifest whose config names a command ([`manifest`]); there are no layers to upload.

mod manifest;
mod pull;
mod repository;

pub use manifest::{COMMAND_CONFIG, Image, annotated, manifest, manifest_of};

use crate::EventSink;
use crate::account::{Account, epoch};
use crate::input::{list, page, required, text, texts, unknown};
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

    fn create(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        if !is_name(name) {
            let message = format!(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression': {name}"
            );
            return Err(ApiError::new(INVALID, message));
        }
        let mut repositories = self.repositories.lock();
        if repositories.contains_key(name) {
            let message = format!(
                "The repository with name '{name}' already exists in the registry with id '{}'",
                self.account.id
            );
            return Err(ApiError::new("RepositoryAlreadyExistsException", message));
        }
        let repository = Repository::new(text(input, "imageTagMutability") == Some("IMMUTABLE"));
        let answer = json!({ "repository": self.describe(name, &repository) });
        repositories.insert(name.to_owned(), repository);
        Ok(answer)
    }

    fn describe_repositories(&self, input: &Value) -> Result<Value, ApiError> {
        let names = texts(input, "repositoryNames");
        let repositories = self.repositories.lock();
        for name in &names {
            if !repositories.contains_key(*name) {
                return Err(self.no_repository(name));
            }
        }
        let all: Vec<Value> = (repositories.iter())
            .filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()))
            .map(|(name, repository)| self.describe(name, repository))
            .collect();
        paged("repositories", &all, input)
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

    fn batch_get(&self, input: &Value) -> Result<Value, ApiError> {
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        let mut unaccepted = None;
        let name = required(input, "repositoryName", INVALID)?;
        let accepted = input["acceptedMediaTypes"].as_array();
        let accepts = |kind: &str| accepted.is_none_or(|kinds| kinds.iter().any(|one| one == kind));
        self.of_each(input, |_, id, found| match found {
            Some(stored) if !accepts(&stored.media_type) => unaccepted = Some(stored.media_type.clone()),
            Some(stored) => images.push(json!({
                "registryId": self.account.id, "repositoryName": name,
                "imageId": ImageId { digest: Some(stored.digest.clone()), tag: id.tag }.to_json(),
                "imageManifest": stored.manifest, "imageManifestMediaType": stored.media_type,
            })),
            None => failures.push(failure(&id)),
        })?;
        if let Some(kind) = unaccepted {
            // AWS may convert it; that is not what anybody rehearses here.
            let message =
                format!("acceptedMediaTypes does not have {kind}, and the rehearsal converts no manifest");
            return Err(ApiError::new(INVALID, message));
        }
        Ok(json!({ "images": images, "failures": failures }))
    }

    fn describe_images(&self, input: &Value) -> Result<Value, ApiError> {
        let mut details = Vec::new();
        let mut missing = None;
        let name = required(input, "repositoryName", INVALID)?;
        self.of_each(input, |repository, id, found| match found {
            Some(stored) => {
                let detail = self.detail(name, stored, repository.tags_of(&stored.digest));
                if !details.contains(&detail) {
                    details.push(detail);
                }
            }
            None => missing = missing.take().or(Some(id)),
        })?;
        if let Some(id) = missing {
            return Err(self.no_image(name, &id));
        }
        paged("imageDetails", &details, input)
    }

    fn list_images(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        let repositories = self.repositories.lock();
        let repository = repositories.get(name).ok_or_else(|| self.no_repository(name))?;
        let wanted = input.get("filter").and_then(|filter| text(filter, "tagStatus"));
        let ids: Vec<Value> = (repository.ids().into_iter())
            .filter(|id| match wanted {
                Some("TAGGED") => id.tag.is_some(),
                Some("UNTAGGED") => id.tag.is_none(),
                _ => true,
            })
            .map(|id| id.to_json())
            .collect();
        paged("imageIds", &ids, input)
    }

    fn batch_delete(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        {
            let mut repositories = self.repositories.lock();
            let repository = repositories.get_mut(name).ok_or_else(|| self.no_repository(name))?;
            for id in list(input, "imageIds").iter().map(ImageId::of) {
                match repository.remove(&id) {
                    gone if gone.is_empty() => failures.push(failure(&id)),
                    gone => deleted.extend(gone),
                }
            }
        }
        for id in &deleted {
            self.emit(
                "ECR Image Action",
                "DELETE",
                name,
                id.digest.as_deref().unwrap_or_default(),
                id.tag.as_deref(),
            );
        }
        let ids: Vec<Value> = deleted.iter().map(ImageId::to_json).collect();
        Ok(json!({ "imageIds": ids, "failures": failures }))
    }

    /// Goes through the images that a call names, or all of the repository if it names none.
    fn of_each(
        &self,
        input: &Value,
        mut each: impl FnMut(&Repository, ImageId, Option<&Stored>),
    ) -> Result<(), ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        let repositories = self.repositories.lock();
        let repository = repositories.get(name).ok_or_else(|| self.no_repository(name))?;
        let named: Vec<ImageId> = list(input, "imageIds").iter().map(ImageId::of).collect();
        let ids = if named.is_empty() { repository.ids() } else { named };
        for id in ids {
            let found = repository.find(&id);
            each(repository, id, found);
        }
        Ok(())
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

    fn describe(&self, name: &str, repository: &Repository) -> Value {
        json!({
            "repositoryArn": self.account.arn("ecr", &format!("repository/{name}")),
            "registryId": self.account.id,
            "repositoryName": name,
            "repositoryUri": format!("{}/{name}", self.host()),
            "createdAt": epoch(repository.created),
            "imageTagMutability": if repository.immutable { "IMMUTABLE" } else { "MUTABLE" },
        })
    }

    fn detail(&self, name: &str, stored: &Stored, tags: Vec<&str>) -> Value {
        let mut detail = json!({
            "registryId": self.account.id, "repositoryName": name, "imageDigest": stored.digest,
            "imageSizeInBytes": stored.manifest.len(), "imagePushedAt": epoch(stored.pushed),
            "imageManifestMediaType": stored.media_type, "artifactMediaType": stored.config_type,
            "imageStatus": "ACTIVE", "subjectManifestDigest": stored.subject,
        });
        if !tags.is_empty() {
            detail["imageTags"] = tags.into();
        }
        detail
    }

    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
    fn host(&self) -> String {
        format!("{}.dkr.ecr.{}.amazonaws.com", self.account.id, self.account.region)
    }

    fn no_repository(&self, name: &str) -> ApiError {
        let message = format!(
            "The repository with name '{name}' does not exist in the registry with id '{}'",
            self.account.id
        );
        ApiError::new("RepositoryNotFoundException", message)
    }

    fn no_image(&self, name: &str, id: &ImageId) -> ApiError {
        let or_null = |part: &Option<String>| part.as_deref().unwrap_or("null").to_owned();
        let message = format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{name}' in the registry with id '{}'",
            or_null(&id.digest),
            or_null(&id.tag),
            self.account.id
        );
        ApiError::new("ImageNotFoundException", message)
    }
}

fn failure(id: &ImageId) -> Value {
    json!({ "imageId": id.to_json(), "failureCode": "ImageNotFound", "failureReason": "Requested image not found" })
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

/// 2 to 256 of lower-case letters, digits and separators, as the API's model has it.
fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    (2..=256).contains(&name.len())
        && name.chars().all(allowed)
        && name.split('/').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.ends_with(|c: char| c.is_ascii_alphanumeric())
        })
}
