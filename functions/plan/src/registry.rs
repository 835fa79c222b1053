//! What the registry says of the images that run: whether they could be pulled again.

use changeover_aws::ecr;
use changeover_domain::StepError;
use changeover_domain::definition::DefinitionSeen;
use changeover_domain::evidence::TaskSeen;
use changeover_domain::image::PinnedImage;
use changeover_domain::name::is_within;
use changeover_domain::readiness::Presence;
use changeover_domain::reference::Reference;
use changeover_lambda::Context;
use std::collections::{BTreeMap, BTreeSet};

/// Most images that are asked about: those of a few containers, of tasks that should run one each.
const MOST_IMAGES: usize = 20;

/// Asks about every image that the task definitions pin, or that tasks run under a tag of theirs.
pub(crate) async fn look(
    context: &Context,
    image: Option<&PinnedImage>,
    definitions: &BTreeMap<String, DefinitionSeen>,
    tasks: &BTreeMap<String, Vec<TaskSeen>>,
) -> Result<BTreeMap<String, Presence>, StepError> {
    // Without an image nothing is planned, and nothing says which registry is ours.
    let Some(ours) = image.and_then(|image| Reference::read(&image.uri).registry()) else {
        return Ok(BTreeMap::new());
    };
    let mut seen = BTreeMap::new();
    for (name, digest) in running(definitions, tasks).into_iter().take(MOST_IMAGES) {
        let reference = Reference::read(&name);
        let repository = reference.repository();
        let presence = match reference.registry() {
            Some(registry) if registry != ours => {
                Presence::NotAsked(format!("{registry} is another registry than {ours}"))
            }
            None => Presence::NotAsked("Docker Hub is asked about nothing".to_owned()),
            Some(_) if !is_within(&context.config.repository, repository) => Presence::NotAsked(format!(
                "the stack's RepositoryName, {}, does not include {repository}",
                context.config.repository
            )),
            Some(_) => ecr::presence(&context.aws, repository, &digest).await?,
        };
        seen.insert(reference.pinned_to(&digest), presence);
    }
    Ok(seen)
}

/// The annotations of the image that is meant and of those of its repository that run, by digest.
pub(crate) async fn annotations(
    context: &Context,
    image: Option<&PinnedImage>,
    definitions: &BTreeMap<String, DefinitionSeen>,
    tasks: &BTreeMap<String, Vec<TaskSeen>>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, StepError> {
    let Some(image) = image else { return Ok(BTreeMap::new()) };
    let name = Reference::read(&image.uri).name;
    let ours = running(definitions, tasks).into_iter().filter(|(of, _)| of == name).map(|(_, digest)| digest);
    let digests: BTreeSet<String> = ours.take(MOST_IMAGES).chain([image.digest.clone()]).collect();
    ecr::annotations(&context.aws, &image.repository, &digests).await
}

/// The images that run, as `REGISTRY/REPOSITORY` and digest.
fn running(
    definitions: &BTreeMap<String, DefinitionSeen>,
    tasks: &BTreeMap<String, Vec<TaskSeen>>,
) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (arn, definition) in definitions {
        let ours = || tasks.values().flatten().filter(|task| task.is_up() && task.task_definition == *arn);
        for container in &definition.containers {
            let reference = Reference::read(&container.image);
            let digests: BTreeSet<&str> = match reference.digest {
                Some(digest) => BTreeSet::from([digest]),
                None => {
                    ours().filter_map(|task| task.digests.get(&container.name)).map(String::as_str).collect()
                }
            };
            found.extend(digests.iter().map(|digest| (reference.name.to_owned(), (*digest).to_owned())));
        }
    }
    found
}
