//! The services that this stack looks after, by the names they go by, with their tags.

use changeover_aws::tags;
use changeover_domain::StepError;
use changeover_domain::name::{ServiceName, is_within};
use changeover_domain::settings::{Raw, of_both};
use changeover_lambda::{Config, Context};
use std::collections::BTreeMap;

/// Every service of this repository, or of any, that the stack may touch.
pub(crate) async fn known(
    context: &Context,
    repository: Option<&str>,
) -> Result<BTreeMap<ServiceName, Raw>, StepError> {
    let mut known = by_name(tags::services_of(&context.aws, repository).await?);
    // Others are another stack's, or nobody's: what they are asked would be refused, at every tick.
    known.retain(|name, raw| is_ours(&context.config, name, raw));
    Ok(known)
}

fn is_ours(config: &Config, name: &ServiceName, raw: &Raw) -> bool {
    is_within(&config.cluster, &name.cluster) && is_within(&config.repository, repository_of(raw))
}

/// A pair is one, with the tags of both members.
fn by_name(mut found: Vec<(ServiceName, Raw)>) -> BTreeMap<ServiceName, Raw> {
    // In whichever order they were found.
    found.sort();
    let mut known: BTreeMap<ServiceName, Raw> = BTreeMap::new();
    for (name, raw) in found {
        let name = name.of_pair(raw.get("pair").map(|pair| pair.trim()).filter(|pair| !pair.is_empty()));
        let both = known.get(&name).map(|first| of_both(first, &raw));
        known.insert(name, both.unwrap_or(raw));
    }
    known
}

/// The repository whose pushes deploy a service.
pub(crate) fn repository_of(raw: &Raw) -> &str {
    raw.get("repository").map(|name| name.trim()).unwrap_or_default()
}

/// The image tags that deploy it.
pub(crate) fn pattern_of(raw: &Raw) -> &str {
    raw.get("image-tag").map_or("latest", |tag| tag.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::span::Seconds;

    fn service(name: &str, tags: &[(&str, &str)]) -> (ServiceName, Raw) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        (ServiceName::new("main", name), tags.collect())
    }

    #[test]
    fn a_tag_on_either_member_counts_in_whichever_order_they_were_found() {
        let blue = service("blue", &[("repository", "web"), ("pair", "green"), ("image-tag", "prod")]);
        let green = service("green", &[("repository", "web"), ("pair", "blue")]);
        let other = service("other", &[("repository", "web")]);
        for found in [[blue.clone(), green.clone(), other.clone()], [other, green, blue]] {
            let known = by_name(found.to_vec());
            let patterns: Vec<(&str, &str)> =
                known.iter().map(|(name, raw)| (name.name.as_str(), pattern_of(raw))).collect();
            assert_eq!(patterns, [("blue", "prod"), ("other", "latest")]);
        }
    }

    #[test]
    fn a_service_of_another_cluster_or_repository_is_another_stacks() {
        let config = |cluster: &str, repository: &str| Config {
            table: "ledger".into(),
            state_machine: None,
            topic: None,
            cluster: cluster.into(),
            repository: repository.into(),
            task_roles: "*".into(),
            function_timeout: Seconds(60),
            hook_function: Seconds(60),
            defaults: Raw::new(),
            poll: Seconds(10),
            metric_period: Seconds(60),
            metric_delay: Seconds(120),
            convergence: Seconds(120),
            room_patience: Seconds(300),
            data_patience: Seconds(1800),
        };
        let (name, raw) = service("web", &[("repository", "shop/web")]);
        for (cluster, repository, ours) in
            [("*", "*", true), ("main", "shop/*", true), ("other", "*", false), ("*", "team/*", false)]
        {
            assert_eq!(is_ours(&config(cluster, repository), &name, &raw), ours, "{cluster} {repository}");
        }
    }
}
