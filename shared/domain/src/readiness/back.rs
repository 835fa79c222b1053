//! What going back goes to, given what runs now and what the registry has.

use super::WayBack;
use crate::definition::{ACTIVE, ContainerSeen, DefinitionSeen};
use crate::evidence::TaskSeen;
use crate::image::{PinnedImage, short};
use crate::reference::Reference;
use std::collections::{BTreeMap, BTreeSet};

/// What the registry says of an image that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It can be pulled.
    There,
    /// It was deleted, by hand or by a lifecycle policy.
    Gone,
    /// It is kept, but has to be restored before it can be pulled (ECR, `imageStatus`).
    Archived,
    /// It cannot be asked about, and why.
    NotAsked(String),
}

/// What serves now.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// The ECS service's name.
    pub name: &'a str,
    /// The revision of what serves.
    pub revision: &'a str,
    /// What that says.
    pub definition: &'a DefinitionSeen,
    /// How many tasks it is told to run.
    pub desired: u32,
    /// The service's tasks.
    pub tasks: &'a [TaskSeen],
    /// The containers that get the new image.
    pub containers: &'a [String],
    /// The new image, if there is one.
    pub image: Option<&'a PinnedImage>,
    /// What the registry says of images, by `REGISTRY/REPOSITORY@DIGEST`.
    pub registry: &'a BTreeMap<String, Presence>,
}

/// What going back goes to, and what speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Back {
    /// The copy that has to be registered for it, if any.
    pub copy: Option<WayBack>,
    /// What was found, a sentence each.
    pub found: Vec<String>,
    /// Why going back would not work, a sentence each.
    pub missing: Vec<String>,
}

impl Now<'_> {
    /// Whether a container's image is ours to bring, and so to bring back: it gets the new one, or its image is of the
    /// repository that the push was to. Of others the push has moved no tag.
    pub fn is_ours(&self, container: &ContainerSeen) -> bool {
        let same = self.image.is_some_and(|image| {
            let ours = Reference::read(&image.uri);
            ours.name == Reference::read(&container.image).name
        });
        self.containers.contains(&container.name) || same
    }

    /// The digests that a container of the revision's tasks runs, and whether each task tells.
    fn digests(&self, container: &str) -> (BTreeSet<&str>, bool) {
        let ours = || self.tasks.iter().filter(|task| task.is_up() && task.task_definition == self.revision);
        let told = ours().filter_map(|task| task.digests.get(container)).map(String::as_str);
        (told.collect(), ours().all(|task| task.digests.contains_key(container)))
    }

    fn up(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_up() && task.task_definition == self.revision).count()
    }
}

/// What going back goes to. Pure: everything it knows is in its arguments.
pub fn back(now: &Now<'_>) -> Back {
    let mut back = Back::default();
    let (mut images, mut whys, mut asked) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    for container in &now.definition.containers {
        if !now.is_ours(container) {
            of_another(container, &mut back);
            continue;
        }
        let reference = Reference::read(&container.image);
        let runs = match reference.digest {
            Some(digest) => Some(digest.to_owned()),
            None => by_tag(now, container, &mut back),
        };
        let Some(digest) = runs else { continue };
        let pinned = reference.pinned_to(&digest);
        if reference.digest.is_none() {
            whys.push(format!(
                "{} names {} by a tag, which the push may have moved: its tasks run {}",
                now.revision,
                container.image,
                short(&digest)
            ));
            images.insert(container.name.clone(), pinned.clone());
        }
        // Several containers may run one image.
        if asked.insert(pinned.clone()) {
            of_registry(now, &pinned, &mut back);
        }
    }
    // What says nothing of its status is one of an older look.
    if !now.definition.status.is_empty() && now.definition.status != ACTIVE {
        whys.push(format!(
            "{} is {}, and ECS gives no service such a revision again",
            now.revision, now.definition.status
        ));
    }
    if whys.is_empty() {
        back.found.insert(0, format!("{} goes back to {}", now.name, now.revision));
    } else {
        let why = whys.join("; ");
        back.found.insert(0, format!("{} goes back to a copy of its revision: {why}", now.name));
        back.copy = Some(WayBack { images, why });
    }
    back
}

/// A container whose image is not ours to bring, as the revision names it.
fn of_another(container: &ContainerSeen, back: &mut Back) {
    if Reference::read(&container.image).digest.is_none() {
        back.found.push(format!(
            "container {} names {} by a tag that is none of this deployment's: tasks that are started again run what it points to then",
            container.name, container.image
        ));
    }
}

/// The digest that the tasks run in a container whose image is named by a tag.
fn by_tag(now: &Now<'_>, container: &ContainerSeen, back: &mut Back) -> Option<String> {
    let (name, image) = (&container.name, &container.image);
    if now.up() == 0 {
        back.found.push(format!(
            "{} runs no task of {}, so nothing is to be brought back; container {name} would start what {image} points to then",
            now.name, now.revision
        ));
        return None;
    }
    let (mut digests, all_tell) = now.digests(name);
    let several: Vec<&str> = digests.iter().map(|digest| short(digest)).collect();
    let several = several.join(" and ");
    // One that ECS has replaced since the push runs the new image already: the others are what was there before.
    if digests.len() > 1
        && let Some(new) = now.image
    {
        digests.remove(new.digest.as_str());
    }
    match (digests.len(), all_tell) {
        (1, true) => digests.first().map(|digest| (*digest).to_owned()),
        (0 | 1, _) => {
            back.missing.push(format!(
                "{} names {image} by a tag, and AWS does not tell for each task which image its container {name} runs: name the image by digest",
                now.revision
            ));
            None
        }
        _ => {
            back.missing.push(format!(
                "the tasks of {} run different images in container {name}, {several}: which of them to go back to cannot be told; let them all run one, with aws ecs update-service --force-new-deployment",
                now.name
            ));
            None
        }
    }
}

/// Whether an image can be pulled again.
fn of_registry(now: &Now<'_>, pinned: &str, back: &mut Back) {
    let lost = |how: &str, what: &str| {
        format!(
            "the image that the tasks of {} run, {pinned}, {how}: one that stops cannot be started again; {what}",
            now.name
        )
    };
    let up = now.up();
    // What has lost tasks that cannot come back is broken already: the new image is its repair, not its risk.
    let is_broken = up < usize::try_from(now.desired).unwrap_or(usize::MAX);
    let tells = if is_broken { &mut back.found } else { &mut back.missing };
    match now.registry.get(pinned) {
        Some(Presence::There) => back.found.push(format!("the registry has {pinned}")),
        Some(Presence::Gone) => tells.push(lost("is not in the registry any more", "push it again")),
        Some(Presence::Archived) => {
            tells.push(lost("is archived in the registry", "restore it"));
        }
        Some(Presence::NotAsked(why)) => {
            back.found.push(format!("whether {pinned} can still be pulled was not asked: {why}"));
        }
        None => back.found.push(format!("whether {pinned} can still be pulled was not asked")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: &str) -> String {
        format!("sha256:{}", digit.repeat(64))
    }

    fn new() -> PinnedImage {
        PinnedImage::new("web", "r.io/web", Some("latest"), &digest("b"))
    }

    fn definition(images: &[(&str, &str)]) -> DefinitionSeen {
        let container = |(name, image): &(&str, &str)| ContainerSeen {
            name: (*name).to_owned(),
            image: (*image).to_owned(),
            essential: true,
            ..ContainerSeen::default()
        };
        DefinitionSeen {
            status: ACTIVE.to_owned(),
            containers: images.iter().map(container).collect(),
            ..DefinitionSeen::default()
        }
    }

    fn task(revision: &str, digests: &[(&str, &str)]) -> TaskSeen {
        TaskSeen {
            task_definition: revision.to_owned(),
            last_status: "RUNNING".to_owned(),
            desired_status: "RUNNING".to_owned(),
            digests: digests.iter().map(|(name, digit)| ((*name).to_owned(), digest(digit))).collect(),
            ..TaskSeen::default()
        }
    }

    fn found(definition: &DefinitionSeen, tasks: &[TaskSeen], presence: Option<Presence>) -> Back {
        let image = new();
        let pinned = format!("r.io/web@{}", digest("a"));
        let registry: BTreeMap<String, Presence> =
            presence.map(|presence| (pinned, presence)).into_iter().collect();
        back(&Now {
            name: "web",
            revision: "web:1",
            definition,
            desired: 1,
            tasks,
            containers: &["web".to_owned()],
            image: Some(&image),
            registry: &registry,
        })
    }

    fn says(back: &[String], part: &str) -> bool {
        back.iter().any(|one| one.contains(part))
    }

    #[test]
    fn a_revision_by_digest_that_the_registry_has_is_gone_back_to_as_it_is() {
        let pinned = format!("r.io/web:v1@{}", digest("a"));
        let seen = found(&definition(&[("web", &pinned)]), &[task("web:1", &[])], Some(Presence::There));
        assert_eq!((&seen.copy, &seen.missing), (&None, &vec![]), "the digest decides, the tag does not");
        assert!(says(&seen.found, "goes back to web:1") && says(&seen.found, "the registry has"));
    }

    #[test]
    fn a_tag_is_pinned_to_what_the_tasks_run() {
        let tasks = [task("web:1", &[("web", "a"), ("proxy", "c")]), task("web:1", &[("web", "a")])];
        let both = definition(&[("web", "r.io/web:latest"), ("proxy", "nginx:1")]);
        let seen = found(&both, &tasks, Some(Presence::There));
        let copy = seen.copy.expect("a copy");
        assert_eq!(copy.images, BTreeMap::from([("web".to_owned(), format!("r.io/web@{}", digest("a")))]));
        assert!(copy.why.contains("by a tag"), "{}", copy.why);
        assert!(says(&seen.found, "container proxy names nginx:1 by a tag that is none of"));
        assert_eq!(seen.missing, [""; 0]);
    }

    #[test]
    fn a_second_container_of_the_same_repository_is_pinned_as_well() {
        let worker = definition(&[("web", "r.io/web:latest"), ("worker", "r.io/web:latest")]);
        let seen = found(&worker, &[task("web:1", &[("web", "a"), ("worker", "a")])], Some(Presence::There));
        assert_eq!(seen.copy.expect("a copy").images.len(), 2);
    }

    #[test]
    fn tasks_that_disagree_or_do_not_tell_are_no_way_back() {
        let by_tag = definition(&[("web", "r.io/web:latest")]);
        let disagree = [task("web:1", &[("web", "a")]), task("web:1", &[("web", "c")])];
        let seen = found(&by_tag, &disagree, None);
        assert!(says(&seen.missing, "aaaaaaaaaaaa and cccccccccccc"), "{:?}", seen.missing);
        let silent = [task("web:1", &[("web", "a")]), task("web:1", &[])];
        assert!(says(&found(&by_tag, &silent, None).missing, "does not tell"));
        let replaced = [task("web:1", &[("web", "a")]), task("web:1", &[("web", "b")])];
        let seen = found(&by_tag, &replaced, Some(Presence::There));
        assert!(seen.missing.is_empty() && seen.copy.is_some(), "the new image is what came since");
    }

    #[test]
    fn stopped_tasks_and_those_of_other_revisions_do_not_count() {
        let stopped = TaskSeen { last_status: "STOPPED".to_owned(), ..task("web:1", &[("web", "d")]) };
        let tasks = [task("web:1", &[("web", "a")]), stopped, task("web:0", &[("web", "e")])];
        let seen = found(&definition(&[("web", "r.io/web:latest")]), &tasks, Some(Presence::There));
        assert!(seen.copy.is_some_and(|copy| copy.images["web"].ends_with(&digest("a"))));
    }

    #[test]
    fn without_tasks_nothing_is_to_be_brought_back() {
        let seen = found(&definition(&[("web", "r.io/web:latest")]), &[], None);
        assert_eq!((seen.copy, seen.missing.len()), (None, 0));
        assert!(says(&seen.found, "runs no task"));
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_no_way_back() {
        let pinned = format!("r.io/web@{}", digest("a"));
        let one = definition(&[("web", &pinned)]);
        for (presence, part) in
            [(Presence::Gone, "not in the registry any more"), (Presence::Archived, "archived")]
        {
            let runs = [task("web:1", &[])];
            assert!(says(&found(&one, &runs, Some(presence.clone())).missing, part), "{part}");
            let lost = found(&one, &[], Some(presence));
            assert!(lost.missing.is_empty() && says(&lost.found, part), "its repair is not refused");
        }
        let elsewhere = Presence::NotAsked("it is in another registry".to_owned());
        let seen = found(&one, &[], Some(elsewhere));
        assert!(seen.missing.is_empty() && says(&seen.found, "was not asked: it is in another registry"));
    }

    #[test]
    fn an_inactive_revision_is_copied() {
        let pinned = format!("r.io/web@{}", digest("a"));
        let inactive = DefinitionSeen { status: "INACTIVE".to_owned(), ..definition(&[("web", &pinned)]) };
        let copy = found(&inactive, &[], Some(Presence::There)).copy.expect("a copy");
        assert!(copy.images.is_empty() && copy.why.contains("INACTIVE"), "{copy:?}");
    }
}
