//! Images by the batch: BatchGetImage, DescribeImages, ListImages, BatchDeleteImage.

use super::repository::{ImageId, Repository, Stored};
use super::{Ecr, INVALID, paged};
use crate::account::epoch;
use crate::input::{list, required, text};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

impl Ecr {
    pub(super) fn batch_get(&self, input: &Value) -> Result<Value, ApiError> {
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        let mut unaccepted = None;
        let name = required(input, "repositoryName", INVALID)?;
        let accepted = input["acceptedMediaTypes"].as_array();
        let accepts = |kind: &str| accepted.is_none_or(|kinds| kinds.iter().any(|one| one == kind));
        self.of_each(input, |repository, id, found| match found {
            _ if id.fault().is_some() => failures.push(failure(&id, repository)),
            Some(stored) if !accepts(&stored.media_type) => unaccepted = Some(stored.media_type.clone()),
            Some(stored) => images.push(json!({
                "registryId": self.account.id, "repositoryName": name,
                "imageId": ImageId { digest: Some(stored.digest.clone()), tag: id.tag }.to_json(),
                "imageManifest": stored.manifest, "imageManifestMediaType": stored.media_type,
            })),
            None => failures.push(failure(&id, repository)),
        })?;
        if let Some(kind) = unaccepted {
            // AWS may convert it; that is not what anybody rehearses here.
            let message =
                format!("acceptedMediaTypes does not have {kind}, and the rehearsal converts no manifest");
            return Err(ApiError::new(INVALID, message));
        }
        Ok(json!({ "images": images, "failures": failures }))
    }

    pub(super) fn describe_images(&self, input: &Value) -> Result<Value, ApiError> {
        let mut details = Vec::new();
        let (mut missing, mut fault) = (None, None);
        let name = required(input, "repositoryName", INVALID)?;
        self.of_each(input, |repository, id, found| match found {
            _ if id.fault().is_some() => fault = fault.take().or(id.fault()),
            Some(stored) => {
                let detail = self.detail(name, stored, repository.tags_of(&stored.digest));
                if !details.contains(&detail) {
                    details.push(detail);
                }
            }
            None => missing = missing.take().or(Some(id)),
        })?;
        if let Some((_, why)) = fault {
            return Err(ApiError::new(INVALID, why));
        }
        if let Some(id) = missing {
            return Err(self.no_image(name, &id));
        }
        paged("imageDetails", &details, input)
    }

    pub(super) fn list_images(&self, input: &Value) -> Result<Value, ApiError> {
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

    pub(super) fn batch_delete(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "repositoryName", INVALID)?;
        let (mut deleted, mut failures) = (Vec::new(), Vec::new());
        {
            let mut repositories = self.repositories.lock();
            let repository = repositories.get_mut(name).ok_or_else(|| self.no_repository(name))?;
            for id in list(input, "imageIds").iter().map(ImageId::of) {
                let kept = id.fault().is_some() || !repository.indexes_of(&id).is_empty();
                match if kept { Vec::new() } else { repository.remove(&id) } {
                    gone if gone.is_empty() => failures.push(failure(&id, repository)),
                    gone => deleted.extend(gone),
                }
            }
        }
        for id in &deleted {
            let digest = id.digest.as_deref().unwrap_or_default();
            self.emit("ECR Image Action", "DELETE", name, digest, id.tag.as_deref());
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

/// Why one image of a batch cannot be had, or cannot be deleted.
fn failure(id: &ImageId, repository: &Repository) -> Value {
    let indexes = repository.indexes_of(id);
    let (code, reason) = match id.fault() {
        Some((code, why)) => (code, why.to_owned()),
        None if repository.differs(id) => {
            ("ImageTagDoesNotMatchDigest", "The given tag does not match the given digest".to_owned())
        }
        None if !indexes.is_empty() => (
            "ImageReferencedByManifestList",
            format!("Requested image referenced by manifest list: [{}]", indexes.join(", ")),
        ),
        None => ("ImageNotFound", "Requested image not found".to_owned()),
    };
    json!({ "imageId": id.to_json(), "failureCode": code, "failureReason": reason })
}
