//! Finding services by their tags.

use crate::{At, Aws};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use changeover_domain::StepError;
use changeover_domain::name::ServiceName;
use changeover_domain::settings::{Raw, TAG_PREFIX, from_tags};

/// Most services that one stack looks after.
pub const MAX_SERVICES: usize = 1_000;
/// Most resources of a page of `GetResources`.
const PAGE: i32 = 100;

/// Services with our `repository` tag, of this repository or of any; with all our tags.
pub async fn services_of(aws: &Aws, repository: Option<&str>) -> Result<Vec<(ServiceName, Raw)>, StepError> {
    let on = repository.unwrap_or("all repositories");
    let mut filter = TagFilter::builder().key(format!("{TAG_PREFIX}repository"));
    if let Some(repository) = repository {
        filter = filter.values(repository);
    }
    let request = aws.tagging().get_resources().tag_filters(filter.build()).resources_per_page(PAGE);
    let request = request.resource_type_filters("ecs:service");
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for resource in page.at("GetResources", on)?.resource_tag_mapping_list() {
            let tags = resource.tags().iter().map(|tag| (tag.key(), tag.value()));
            let name = resource.resource_arn().and_then(ServiceName::from_arn);
            found.extend(name.map(|name| (name, from_tags(tags))));
        }
        if found.len() >= MAX_SERVICES {
            tracing::warn!(
                found = found.len(),
                "there may be more services with our tag than the {MAX_SERVICES} that are looked at: those after them are left alone; deploy a stack for each cluster"
            );
            break;
        }
    }
    Ok(found)
}
