//! What to register, given the live task definition.

use changeover_aws::sdk::ecs::types::{ContainerDefinition, Tag, TaskDefinition};
use changeover_domain::StepError;
use changeover_domain::name::DeploymentId;
use std::collections::BTreeMap;

/// The tag by which a retried registration finds the one that it made.
pub const DEPLOYMENT_TAG: &str = "changeover:deployment";

/// What AWS's own tags begin with.
const RESERVED: &str = "aws:";

/// What was seen.
#[derive(Debug, Clone)]
pub struct View {
    /// The deployment's id.
    pub deployment: DeploymentId,
    /// The pinned image.
    pub image: String,
    /// The containers that get it.
    pub containers: Vec<String>,
    /// The live task definition.
    pub source: TaskDefinition,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The revision that an earlier run registered.
    pub earlier: Option<String>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// An earlier run has registered this revision.
    Use(String),
    /// Register the source with these containers and tags in place of its own.
    Register {
        /// The task definition that is copied.
        source: Box<TaskDefinition>,
        /// Its containers, the planned ones with the new image.
        containers: Vec<ContainerDefinition>,
        /// Its tags and ours.
        tags: Vec<Tag>,
    },
}

/// What to register. Pure: everything it knows is in its arguments.
///
/// # Errors
/// `RecordMissing` if a planned container is not in the task definition any more.
pub fn decide(view: View) -> Result<Action, StepError> {
    if let Some(arn) = view.earlier {
        return Ok(Action::Use(arn));
    }
    let mut containers = view.source.container_definitions().to_vec();
    for name in &view.containers {
        let Some(container) = containers.iter_mut().find(|found| found.name() == Some(name)) else {
            return Err(StepError::RecordMissing(format!(
                "the task definition {} has no container {name} any more",
                view.source.task_definition_arn().unwrap_or_default()
            )));
        };
        container.image = Some(view.image.clone());
    }
    let mut tags = view.tags;
    tags.retain(|key, _| !is_reserved(key));
    tags.insert(DEPLOYMENT_TAG.to_owned(), view.deployment.to_string());
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    Ok(Action::Register { source: Box::new(view.source), containers, tags })
}

/// Whether only AWS may give a tag of this key, as CloudFormation does to the task definitions it makes. A copy that named
/// one would be refused: "Do not use aws:, AWS:, or any upper or lowercase combination of such as a prefix" (ECS, Tag).
fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(RESERVED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        let container =
            |name: &str| ContainerDefinition::builder().name(name).image(format!("{name}:1")).build();
        View {
            deployment: DeploymentId::from("d1"),
            image: "r/web@sha256:2".into(),
            containers: vec!["web".into()],
            source: TaskDefinition::builder()
                .family("web")
                .container_definitions(container("proxy"))
                .container_definitions(container("web"))
                .build(),
            tags: BTreeMap::from([("team".into(), "x".into())]),
            earlier: None,
        }
    }

    #[test]
    fn only_the_planned_containers_image_changes() {
        let Ok(Action::Register { source, containers, tags }) = decide(view()) else { panic!("registers") };
        assert_eq!(*source, view().source);
        let mut expected = view().source.container_definitions().to_vec();
        expected[1].image = Some("r/web@sha256:2".into());
        assert_eq!(containers, expected);
        let tags: Vec<_> = tags.iter().map(|tag| (tag.key().unwrap(), tag.value().unwrap())).collect();
        assert_eq!(tags, [(DEPLOYMENT_TAG, "d1"), ("team", "x")]);
    }

    #[test]
    fn every_planned_container_gets_the_image() {
        let view = View { containers: vec!["proxy".into(), "web".into()], ..view() };
        let Ok(Action::Register { containers, .. }) = decide(view) else { panic!("registers") };
        assert!(containers.iter().all(|container| container.image() == Some("r/web@sha256:2")));
    }

    #[test]
    fn tags_that_only_aws_may_give_are_not_copied() {
        let given = ["aws:cloudformation:stack-name", "AWS:x", "aws", "awsome", "é"];
        let tags = given.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect();
        let Ok(Action::Register { tags, .. }) = decide(View { tags, ..view() }) else { panic!("registers") };
        let kept: Vec<_> = tags.iter().filter_map(Tag::key).collect();
        assert_eq!(kept, ["aws", "awsome", DEPLOYMENT_TAG, "é"]);
    }

    #[test]
    fn a_retry_makes_no_second_revision() {
        let view = View { earlier: Some("td:7".into()), ..view() };
        assert_eq!(decide(view), Ok(Action::Use("td:7".into())));
    }

    #[test]
    fn a_container_that_went_missing_is_named() {
        let error = decide(View { containers: vec!["web".into(), "api".into()], ..view() }).unwrap_err();
        assert!(error.to_string().contains("no container api"), "{error}");
    }
}
