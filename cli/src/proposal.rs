//! Which tags put a service into Changeover's hands, what is in the way, and how they are written. Pure.

use crate::verb::init::prefixed;
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::name::ServiceName;
use changeover_domain::settings::{Raw, read};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What was seen of a service.
pub struct Seen<'a> {
    /// Its cluster.
    pub cluster: &'a str,
    /// Itself.
    pub member: &'a ServiceSeen,
    /// Its containers: name, image, whether essential.
    pub containers: Vec<(String, String, bool)>,
    /// The other of its pair.
    pub other: Option<&'a str>,
}

/// What is proposed for one ECS service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The service.
    pub service: ServiceName,
    /// Its ARN.
    pub arn: String,
    /// The tags to set.
    pub tags: BTreeMap<String, String>,
    /// What is in the way, and what to do about it.
    pub against: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Commands of the AWS CLI.
    AwsCli,
    /// Tags of an `aws_ecs_service`.
    Terraform,
    /// Tags of an `AWS::ECS::Service`.
    Cloudformation,
    /// Tags in TypeScript.
    Cdk,
}

/// Proposes tags: what is given, and for the rest what the service itself says.
pub fn propose(seen: &Seen<'_>, arn: String, given: &Raw) -> Proposal {
    let member = seen.member;
    let mut against = against(member);
    let mut notes = Vec::new();
    // What is tagged already stays, unless something else is asked for.
    let mut raw = member.settings.clone();
    raw.extend(given.clone());
    if let Some(other) = seen.other {
        raw.insert("pair".to_owned(), other.to_owned());
        raw.insert("strategy".to_owned(), "blue-green".to_owned());
        if member.target_groups.len() != 1 {
            against.push(format!(
                "{} has {} target groups: a member of a pair needs just one of its own",
                member.name,
                member.target_groups.len()
            ));
        }
    }
    let essential: Vec<&(String, String, bool)> = seen.containers.iter().filter(|one| one.2).collect();
    if essential.len() > 1 && !raw.contains_key("container") {
        let names: Vec<&str> = essential.iter().map(|one| one.0.as_str()).collect();
        against.push(format!(
            "{} has several essential containers ({}): say which one gets the image with --set container=NAME",
            member.name,
            names.join(", ")
        ));
    }
    let named = raw.get("container").and_then(|name| seen.containers.iter().find(|one| one.0 == *name));
    let runs = named.or(essential.first().copied()).map(|one| one.1.as_str()).unwrap_or_default();
    if !raw.contains_key("repository") {
        match of_ecr(runs) {
            Some((repository, tag)) => {
                raw.insert("repository".to_owned(), repository.to_owned());
                if let Some(tag) = tag.filter(|tag| *tag != "latest" && !raw.contains_key("image-tag")) {
                    notes.push(format!(
                        "it runs the tag {tag}; pushes of latest deploy it unless --image-tag says otherwise, such as a pattern prod-@"
                    ));
                }
            }
            None => against.push(format!(
                "{} runs {runs}, which is in no ECR repository: give --repository, and push the images there",
                member.name
            )),
        }
    }
    let mistakes = read(&Raw::new(), &raw, &Raw::new()).err().unwrap_or_default();
    against.extend(mistakes.into_iter().filter(|mistake| !mistake.contains("repository is missing")));
    if member.target_groups.is_empty() {
        notes.push("it is behind no load balancer: its deployments judge by tasks alone".to_owned());
    }
    Proposal {
        service: ServiceName::new(seen.cluster, &member.name),
        arn,
        tags: prefixed(&raw),
        against,
        notes,
    }
}

/// What Changeover would refuse about the service itself.
fn against(member: &ServiceSeen) -> Vec<String> {
    let name = &member.name;
    let mut against = Vec::new();
    if member.controller != "ECS" {
        against.push(format!(
            "{name} has the deployment controller {}: Changeover needs ECS",
            member.controller
        ));
    }
    if member.ecs_strategy != "ROLLING" {
        against.push(format!(
            "{name} has ECS's own deployment strategy {}: set it to ROLLING, two deployers must not shift the same traffic",
            member.ecs_strategy
        ));
    }
    if member.minimum_healthy_percent < 100 {
        against.push(format!(
            "{name} has a minimum healthy percent of {}: set it to 100, below that ECS stops old tasks before new ones serve",
            member.minimum_healthy_percent
        ));
    }
    if member.maximum_percent < 200 && !member.settings.contains_key("pair") {
        against.push(format!(
            "{name} has a maximum percent of {}: set it to 200, so that as many new tasks can start as are running",
            member.maximum_percent
        ));
    }
    against
}

/// The repository and the tag of an image in ECR, `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`.
fn of_ecr(image: &str) -> Option<(&str, Option<&str>)> {
    let (host, rest) = image.split_once('/')?;
    if !host.contains(".dkr.ecr") {
        return None;
    }
    let rest = rest.split('@').next().unwrap_or(rest);
    Some(match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (rest, None),
    })
}

impl Format {
    /// The tags, written so.
    pub fn print(self, one: &Proposal) -> String {
        let mut text = String::new();
        let lines = |form: fn(&str, &str) -> String| {
            one.tags.iter().map(|(key, value)| form(key, value)).collect::<Vec<_>>().join("\n")
        };
        let _ = match self {
            Self::AwsCli => {
                let tags: Vec<String> =
                    one.tags.iter().map(|(key, value)| format!("'key={key},value={value}'")).collect();
                write!(text, "aws ecs tag-resource --resource-arn {} --tags {}", one.arn, tags.join(" "))
            }
            Self::Terraform => write!(
                text,
                "# resource \"aws_ecs_service\" of {}\ntags = {{\n{}\n}}",
                one.service,
                lines(|key, value| format!("  {key:?} = {value:?}"))
            ),
            Self::Cloudformation => write!(
                text,
                "# AWS::ECS::Service of {}\nTags:\n{}",
                one.service,
                lines(|key, value| format!("  - Key: {key}\n    Value: {value:?}"))
            ),
            Self::Cdk => write!(
                text,
                "// ecs.FargateService or Ec2Service of {}\n{}",
                one.service,
                lines(|key, value| format!("Tags.of(service).add({key:?}, {value:?});"))
            ),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> ServiceSeen {
        ServiceSeen {
            name: "web".into(),
            controller: "ECS".into(),
            ecs_strategy: "ROLLING".into(),
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            target_groups: [("tg".to_owned(), 80)].into(),
            ..ServiceSeen::default()
        }
    }

    fn of(member: &ServiceSeen, image: &str, other: Option<&str>, given: &[(&str, &str)]) -> Proposal {
        let containers = vec![("web".to_owned(), image.to_owned(), true)];
        let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        propose(&Seen { cluster: "main", member, containers, other }, "arn".into(), &given)
    }

    #[test]
    fn the_image_that_runs_says_which_repository() {
        let one = of(&member(), "1.dkr.ecr.eu-west-1.amazonaws.com/team/web:v7", None, &[]);
        assert_eq!(one.tags.get("changeover:repository").map(String::as_str), Some("team/web"));
        assert_eq!((one.tags.len(), one.against.len()), (1, 0), "{one:?}");
        assert!(one.notes[0].contains("v7"));
        let elsewhere = of(&member(), "nginx:1", None, &[]);
        assert!(elsewhere.against[0].contains("in no ECR repository"), "{elsewhere:?}");
        assert!(of(&member(), "nginx:1", None, &[("repository", "web")]).against.is_empty());
    }

    #[test]
    fn what_would_be_refused_is_told_beforehand_and_all_at_once() {
        let bad = ServiceSeen {
            minimum_healthy_percent: 50,
            controller: "CODE_DEPLOY".into(),
            target_groups: BTreeMap::new(),
            ..member()
        };
        let one = of(&bad, "1.dkr.ecr.x.amazonaws.com/web", Some("green"), &[("steps", "50 10")]);
        for part in
            ["CODE_DEPLOY", "minimum healthy percent of 50", "0 target groups", "above the one before"]
        {
            assert!(one.against.iter().any(|against| against.contains(part)), "{part}: {one:?}");
        }
    }

    #[test]
    fn tags_are_written_in_every_language() {
        let one = of(&member(), "1.dkr.ecr.x.amazonaws.com/web", Some("green"), &[("steps", "10 100")]);
        for (format, part) in [
            (
                Format::AwsCli,
                "--tags 'key=changeover:pair,value=green' 'key=changeover:repository,value=web'",
            ),
            (Format::Terraform, "  \"changeover:steps\" = \"10 100\""),
            (Format::Cloudformation, "  - Key: changeover:strategy\n    Value: \"blue-green\""),
            (Format::Cdk, "Tags.of(service).add(\"changeover:pair\", \"green\");"),
        ] {
            let text = format.print(&one);
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
