//! Which service is meant: `CLUSTER/NAME`, an ARN, or a name that only one service has.

use crate::failure::Failure;
use crate::suggest::{meant, or_list};
use changeover_aws::{Aws, ecs, tags};
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::name::ServiceName;
use changeover_domain::settings::{Raw, TAG_PREFIX};

/// A service that Changeover deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// As it was named.
    pub asked: ServiceName,
    /// As the ledger has it: a pair goes by the member that sorts first.
    pub name: ServiceName,
    /// The other ECS service of its pair.
    pub pair: Option<String>,
    /// Its tags of ours, without the prefix.
    pub tags: Raw,
}

impl Service {
    fn of(name: &ServiceName, tags: &Raw) -> Self {
        let pair = tags.get("pair").map(|pair| pair.trim().to_owned());
        let pair = pair.filter(|pair| !pair.is_empty() && *pair != name.name);
        Self { asked: name.clone(), name: name.of_pair(pair.as_deref()), pair, tags: tags.clone() }
    }

    /// Its ECS services, the one that it goes by first.
    pub fn members(&self) -> Vec<String> {
        let mut members = vec![self.asked.name.clone()];
        members.extend(self.pair.clone());
        members.sort();
        members
    }
}

/// Every service that Changeover deploys, each pair once.
pub async fn all(aws: &Aws) -> Result<Vec<Service>, Failure> {
    let mut found: Vec<Service> =
        tags::services_of(aws, None).await?.iter().map(|(name, tags)| Service::of(name, tags)).collect();
    found.sort_by(|a, b| (&a.name, &a.asked).cmp(&(&b.name, &b.asked)));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// The service that is meant, if Changeover deploys it.
pub async fn find(aws: &Aws, text: &str) -> Result<Service, Failure> {
    let tagged = tags::services_of(aws, None).await?;
    match choose(text, &tagged) {
        Choice::Found(service) => Ok(service),
        Choice::Failure(failure) => Err(failure),
        Choice::Unknown(name) => {
            // There, and not in Changeover's hands; or not there at all.
            if let Some(seen) = ecs::services(aws, &name.cluster, &[&name.name]).await?.first() {
                return Err(untagged(&name, seen));
            }
            Err(Failure::usage(unknown(&name, &tagged)))
        }
    }
}

enum Choice {
    Found(Service),
    Unknown(ServiceName),
    Failure(Failure),
}

fn choose(text: &str, tagged: &[(ServiceName, Raw)]) -> Choice {
    let names = || tagged.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
    let found = |name: &ServiceName| tagged.iter().find(|(known, _)| known == name);
    if text.contains('/') || text.contains(':') {
        return match read(text) {
            Ok(name) => match found(&name) {
                Some((name, tags)) => Choice::Found(Service::of(name, tags)),
                None => Choice::Unknown(name),
            },
            Err(failure) => Choice::Failure(failure),
        };
    }
    let same: Vec<&(ServiceName, Raw)> = tagged.iter().filter(|(name, _)| name.name == text).collect();
    match same.as_slice() {
        [(name, tags)] => Choice::Found(Service::of(name, tags)),
        [] => {
            let alike = meant(text, &tagged.iter().map(|(name, _)| name.name.clone()).collect::<Vec<_>>());
            let known = if tagged.is_empty() {
                format!(
                    " No service here has the tag {TAG_PREFIX}repository: `changeover init CLUSTER/NAME` proposes the tags for one."
                )
            } else {
                format!(" There are: {}.", or_list(&names()))
            };
            Choice::Failure(Failure::usage(format!(
                "Changeover deploys no service {text} here.{}{known}",
                alike.unwrap_or_default()
            )))
        }
        _ => {
            let which: Vec<String> = same.iter().map(|(name, _)| name.to_string()).collect();
            Choice::Failure(Failure::usage(format!(
                "Several clusters have a service {text}: {}. Say which one.",
                or_list(&which)
            )))
        }
    }
}

/// Reads `CLUSTER/NAME` or an ECS service's ARN.
pub fn read(text: &str) -> Result<ServiceName, Failure> {
    if text.starts_with("arn:") {
        return ServiceName::from_arn(text).ok_or_else(|| {
            Failure::usage(format!(
                "{text} is not the ARN of an ECS service with its cluster (arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME)."
            ))
        });
    }
    Ok(ServiceName::try_from(text.to_owned())?)
}

fn untagged(name: &ServiceName, seen: &ServiceSeen) -> Failure {
    let others = if seen.settings.is_empty() {
        "no tags of Changeover's"
    } else {
        "other tags of Changeover's, but not this one"
    };
    Failure::usage(format!(
        "{name} is there, but Changeover does not deploy it: it lacks the tag {TAG_PREFIX}repository (it has {others}).\n`changeover init {name}` proposes the tags and can set them."
    ))
}

fn unknown(name: &ServiceName, tagged: &[(ServiceName, Raw)]) -> String {
    let names: Vec<String> = tagged.iter().map(|(name, _)| name.to_string()).collect();
    let clusters: Vec<String> = tagged
        .iter()
        .filter(|(known, _)| known.name == name.name)
        .map(|(known, _)| known.to_string())
        .collect();
    let more = match clusters.as_slice() {
        [one] => format!(" Did you mean {one}?"),
        _ => meant(&name.to_string(), &names).unwrap_or_default(),
    };
    let known = if names.is_empty() {
        format!(" No service of this account and region has the tag {TAG_PREFIX}repository.")
    } else {
        format!(" Changeover deploys: {}.", or_list(&names))
    };
    format!("There is no service {} in a cluster {}.{more}{known}", name.name, name.cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged() -> Vec<(ServiceName, Raw)> {
        let raw = |pair: Option<&str>| {
            let mut raw = Raw::from([("repository".to_owned(), "web".to_owned())]);
            raw.extend(pair.map(|pair| ("pair".to_owned(), pair.to_owned())));
            raw
        };
        vec![
            (ServiceName::new("main", "web-blue"), raw(Some("web-green"))),
            (ServiceName::new("main", "web-green"), raw(Some("web-blue"))),
            (ServiceName::new("main", "api"), raw(None)),
            (ServiceName::new("test", "api"), raw(None)),
        ]
    }

    fn told(text: &str) -> String {
        match choose(text, &tagged()) {
            Choice::Failure(failure) => failure.words,
            Choice::Unknown(name) => unknown(&name, &tagged()),
            Choice::Found(service) => service.name.to_string(),
        }
    }

    #[test]
    fn a_service_is_found_by_whatever_names_it_alone() {
        assert_eq!(told("web-green"), "main/web-blue", "a pair goes by the member that sorts first");
        assert_eq!(told("main/api"), "main/api");
        assert_eq!(told("arn:aws:ecs:us-east-1:1:service/test/api"), "test/api");
    }

    #[test]
    fn what_is_not_there_is_told_with_what_was_meant() {
        for (text, parts) in [
            ("api", vec!["Several clusters", "main/api, test/api"]),
            ("web-bleu", vec!["no service web-bleu", "Did you mean web-blue?"]),
            ("prod/web-blue", vec!["in a cluster prod", "Did you mean main/web-blue?"]),
            ("arn:aws:ecs:us-east-1:1:service/api", vec!["with its cluster"]),
            ("main/", vec!["CLUSTER/NAME"]),
        ] {
            let words = told(text);
            assert!(parts.iter().all(|part| words.contains(part)), "{text}: {words}");
        }
    }
}
