//! The container registry: what a tag points to now.

use crate::{At, Aws, moment};
use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageIdentifier, ImageStatus, TagStatus};
use changeover_domain::choice::{ListedImage, choose};
use changeover_domain::image::{PinnedImage, is_exact};
use changeover_domain::manifest::Manifest;
use changeover_domain::moves::Moves;
use changeover_domain::readiness::Presence;
use changeover_domain::settings::LABEL_PREFIX;
use changeover_domain::{StepError, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Most images of a repository that are looked through for a pattern.
pub const MAX_IMAGES: usize = 10_000;
/// Most images that AWS takes in one `BatchGetImage`.
const MAX_MANIFESTS: usize = 100;
/// The media types of manifests and indexes, which are answered as they were pushed.
const MANIFEST_TYPES: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// Most images of a page of `DescribeImages`.
const PAGE: i32 = 1_000;

/// Which image of a repository is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// What this tag points to, or of the tags that match this pattern the one that was moved last.
    Tag(&'a str),
    /// Just this digest.
    Digest(&'a str),
}

/// Why there is no image that could run, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoImage {
    /// The repository does not exist.
    NoRepository(String),
    /// It has no such image.
    None(String),
    /// It has one, which nothing can be started from.
    Unfit(String),
}

impl std::fmt::Display for NoImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRepository(why) | Self::None(why) | Self::Unfit(why) => f.write_str(why),
        }
    }
}

/// Finds an image and pins it, given when tags were moved and what time it is; or says why there is none.
pub async fn find(
    aws: &Aws,
    repository: &str,
    which: Which<'_>,
    moves: &Moves,
    now: Timestamp,
) -> Result<Result<PinnedImage, NoImage>, StepError> {
    let Some(uri) = repository_uri(aws, repository).await? else {
        return Ok(Err(NoImage::NoRepository(format!(
            "there is no repository {repository} in this account and region: check changeover:repository, or create it"
        ))));
    };
    let none = |what: String| {
        Ok(Err(NoImage::None(format!("repository {repository} has no image {what}: push it first"))))
    };
    let (listed, tag) = match which {
        Which::Tag(pattern) if !is_exact(pattern) => {
            let images = tagged(aws, repository).await?;
            let Some(choice) = choose(&images, pattern, moves, now) else {
                return none(format!("with a tag that matches {pattern}"));
            };
            let image = PinnedImage::new(repository, &uri, Some(choice.tag), &choice.image.digest);
            return Ok(Ok(PinnedImage { chosen: Some(choice.why), ..image }));
        }
        Which::Tag(tag) => {
            let id = ImageIdentifier::builder().image_tag(tag).build();
            let Some(image) = one(aws, repository, id).await? else { return none(format!("with tag {tag}")) };
            (image, Some(tag.to_owned()))
        }
        Which::Digest(digest) => {
            let id = ImageIdentifier::builder().image_digest(digest).build();
            let Some(image) = one(aws, repository, id).await? else { return none(digest.to_owned()) };
            let tag = image.tags.first().cloned();
            (image, tag)
        }
    };
    let image = PinnedImage::new(repository, &uri, tag.as_deref(), &listed.digest);
    Ok(match listed.unfit() {
        Some(why) => Err(NoImage::Unfit(format!("{image} {why}"))),
        None => Ok(image),
    })
}

/// The annotations of images of a repository, by digest: of each one's own manifest, and of an index that has none of
/// ours, those of the first image that it lists. Of images that are not there, nothing.
pub async fn annotations(
    aws: &Aws,
    repository: &str,
    digests: &BTreeSet<String>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, StepError> {
    let manifests = manifests(aws, repository, digests).await?;
    let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (digest, manifest) in manifests {
        let annotations = manifest.annotations;
        match manifest.first_image {
            Some(first) if !annotations.keys().any(|key| key.starts_with(LABEL_PREFIX)) => {
                listed.entry(first).or_default().push(digest);
            }
            _ => drop(found.insert(digest, annotations)),
        }
    }
    if !listed.is_empty() {
        for (first, manifest) in self::manifests(aws, repository, &listed.keys().cloned().collect()).await? {
            for index in listed.get(&first).into_iter().flatten() {
                found.insert(index.clone(), manifest.annotations.clone());
            }
        }
    }
    Ok(found)
}

async fn manifests(
    aws: &Aws,
    repository: &str,
    digests: &BTreeSet<String>,
) -> Result<Vec<(String, Manifest)>, StepError> {
    let ids = digests
        .iter()
        .take(MAX_MANIFESTS)
        .map(|digest| ImageIdentifier::builder().image_digest(digest).build());
    let request = aws.ecr().batch_get_image().repository_name(repository).set_image_ids(Some(ids.collect()));
    let request = MANIFEST_TYPES.iter().fold(request, |request, kind| request.accepted_media_types(*kind));
    let answer = request.send().await.at("BatchGetImage", repository)?;
    let read = |image: &aws_sdk_ecr::types::Image| {
        let digest = image.image_id()?.image_digest()?.to_owned();
        // What is no manifest that we know says nothing.
        Some((digest, Manifest::read(image.image_manifest()?).unwrap_or_default()))
    };
    Ok(answer.images().iter().filter_map(read).collect())
}

/// Whether an image that runs can be pulled again.
pub async fn presence(aws: &Aws, repository: &str, digest: &str) -> Result<Presence, StepError> {
    let id = ImageIdentifier::builder().image_digest(digest).build();
    let answer = aws.ecr().describe_images().repository_name(repository).image_ids(id).send().await;
    if ["ImageNotFoundException", "RepositoryNotFoundException"]
        .iter()
        .any(|code| crate::is_code(&answer, code))
    {
        return Ok(Presence::Gone);
    }
    if crate::is_code(&answer, "AccessDeniedException") {
        return Ok(Presence::NotAsked(format!("the stack may not read the repository {repository}")));
    }
    let answer = answer.at("DescribeImages", repository)?;
    // Unless asked for others, AWS lists only those that are active.
    Ok(match answer.image_details().first().map(ImageDetail::image_status) {
        None => Presence::Gone,
        Some(Some(ImageStatus::Archived | ImageStatus::Activating)) => Presence::Archived,
        Some(_) => Presence::There,
    })
}

async fn repository_uri(aws: &Aws, repository: &str) -> Result<Option<String>, StepError> {
    let answer = aws.ecr().describe_repositories().repository_names(repository).send().await;
    if crate::is_code(&answer, "RepositoryNotFoundException") {
        return Ok(None);
    }
    let answer = answer.at("DescribeRepositories", repository)?;
    Ok(answer.repositories().first().and_then(|found| found.repository_uri()).map(str::to_owned))
}

async fn one(aws: &Aws, repository: &str, id: ImageIdentifier) -> Result<Option<ListedImage>, StepError> {
    let answer = aws.ecr().describe_images().repository_name(repository).image_ids(id).send().await;
    if crate::is_code(&answer, "ImageNotFoundException") {
        return Ok(None);
    }
    Ok(answer.at("DescribeImages", repository)?.image_details().first().and_then(listed))
}

async fn tagged(aws: &Aws, repository: &str) -> Result<Vec<ListedImage>, StepError> {
    let filter = DescribeImagesFilter::builder().tag_status(TagStatus::Tagged).build();
    let request = aws.ecr().describe_images().repository_name(repository).filter(filter).max_results(PAGE);
    let mut pages = request.into_paginator().send();
    let mut images = Vec::new();
    while let Some(page) = pages.next().await {
        images.extend(page.at("DescribeImages", repository)?.image_details().iter().filter_map(listed));
        if images.len() >= MAX_IMAGES {
            break;
        }
    }
    Ok(images)
}

fn listed(detail: &ImageDetail) -> Option<ListedImage> {
    Some(ListedImage {
        digest: detail.image_digest()?.to_owned(),
        tags: detail.image_tags().to_vec(),
        pushed_at: moment(detail.image_pushed_at()?)?,
        archived: detail.image_status().is_some_and(|status| *status != ImageStatus::Active),
        config_type: detail.artifact_media_type().map(str::to_owned),
        refers: detail.subject_manifest_digest().is_some(),
    })
}
