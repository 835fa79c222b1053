//! What to register, given the task definition that is copied.

use changeover_aws::revision::copied;
use changeover_aws::sdk::ecs::types::{ContainerDefinition, Tag, TaskDefinition};
use changeover_domain::StepError;
use changeover_domain::readiness::{DEPLOYMENT_TAG, WAY_BACK_TAG};
use std::collections::BTreeMap;

/// Which copy of a task definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// The one that going back goes to.
    WayBack,
    /// The new revision.
    New,
}

impl Copy {
    /// The tag by which a retried registration finds the one that it made.
    pub fn tag(self) -> &'static str {
        match self {
            Self::New => DEPLOYMENT_TAG,
            Self::WayBack => WAY_BACK_TAG,
        }
    }
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct View {
    /// The tag that the copy gets: its key, and the deployment's id.
    pub tag: (&'static str, String),
    /// Container → the image that it gets.
    pub images: BTreeMap<String, String>,
    /// The task definition that is copied.
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
        /// Its containers, some of them with another image.
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
    let (key, id) = &view.tag;
    let (containers, tags) = copied(&view.source, &view.images, &view.tags, (key, id))?;
    Ok(Action::Register { source: Box::new(view.source), containers, tags })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        let container =
            |name: &str| ContainerDefinition::builder().name(name).image(format!("{name}:1")).build();
        View {
            tag: (Copy::New.tag(), "d1".to_owned()),
            images: BTreeMap::from([("web".into(), "r/web@sha256:2".into())]),
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
        assert_eq!(tags, [(Copy::New.tag(), "d1"), ("team", "x")]);
    }

    #[test]
    fn every_planned_container_gets_the_image() {
        let image = || "r/web@sha256:2".to_owned();
        let view = View { images: [("proxy".into(), image()), ("web".into(), image())].into(), ..view() };
        let Ok(Action::Register { containers, .. }) = decide(view) else { panic!("registers") };
        assert!(containers.iter().all(|container| container.image() == Some("r/web@sha256:2")));
    }

    #[test]
    fn tags_that_only_aws_may_give_are_not_copied() {
        let given = ["aws:cloudformation:stack-name", "AWS:x", "aws", "awsome", "é"];
        let tags = given.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect();
        let Ok(Action::Register { tags, .. }) = decide(View { tags, ..view() }) else { panic!("registers") };
        let kept: Vec<_> = tags.iter().filter_map(Tag::key).collect();
        assert_eq!(kept, ["aws", "awsome", Copy::New.tag(), "é"]);
    }

    #[test]
    fn a_copy_for_going_back_has_a_tag_of_its_own_in_the_place_of_the_other() {
        let earlier = BTreeMap::from([(Copy::New.tag().to_owned(), "d0".to_owned())]);
        let tag = (Copy::WayBack.tag(), "d1".to_owned());
        let Ok(Action::Register { tags, .. }) = decide(View { tag, tags: earlier, ..view() }) else {
            panic!("registers")
        };
        let kept: Vec<_> = tags.iter().filter_map(Tag::key).collect();
        assert_eq!(kept, [Copy::WayBack.tag()]);
    }

    #[test]
    fn a_retry_makes_no_second_revision() {
        let view = View { earlier: Some("td:7".into()), ..view() };
        assert_eq!(decide(view), Ok(Action::Use("td:7".into())));
    }

    #[test]
    fn a_container_that_went_missing_is_named() {
        let error = decide(View { images: [("api".into(), "x".into())].into(), ..view() }).unwrap_err();
        assert!(error.to_string().contains("no container api"), "{error}");
    }
}
