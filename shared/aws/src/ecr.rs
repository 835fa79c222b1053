//! The container registry: what a tag points to now.

use crate::{At, Aws, moment};
use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageIdentifier, ImageStatus, TagStatus};
use changeover_domain::StepError;
use changeover_domain::image::{ListedImage, PinnedImage, is_exact, newest_matching};
use changeover_domain::readiness::Presence;

/// Most images of a repository that are looked through for a pattern.
pub const MAX_IMAGES: usize = 10_000;
/// Most images of a page of `DescribeImages`.
const PAGE: i32 = 1_000;

/// Which image of a repository is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// What this tag points to, or of the tags that match this pattern the one pushed last.
    Tag(&'a str),
    /// Just this digest.
    Digest(&'a str),
}

/// Finds an image and pins it; none if the repository or the image does not exist.
pub async fn find(aws: &Aws, repository: &str, which: Which<'_>) -> Result<Option<PinnedImage>, StepError> {
    let Some(uri) = repository_uri(aws, repository).await? else { return Ok(None) };
    let listed = match which {
        Which::Tag(pattern) if !is_exact(pattern) => {
            let images = tagged(aws, repository).await?;
            return Ok(newest_matching(&images, pattern)
                .map(|(image, tag)| PinnedImage::new(repository, &uri, Some(tag), &image.digest)));
        }
        Which::Tag(tag) => one(aws, repository, ImageIdentifier::builder().image_tag(tag).build()).await?,
        Which::Digest(digest) => {
            one(aws, repository, ImageIdentifier::builder().image_digest(digest).build()).await?
        }
    };
    Ok(listed.map(|image| {
        let tag = match which {
            Which::Tag(tag) => Some(tag),
            Which::Digest(_) => image.tags.first().map(String::as_str),
        };
        PinnedImage::new(repository, &uri, tag, &image.digest)
    }))
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
    })
}
