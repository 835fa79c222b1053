//! Which containers of a task definition get the image.

use crate::View;
use changeover_domain::definition::{ContainerSeen, DefinitionSeen};
use changeover_domain::image::{PinnedImage, pinned_digest};
use changeover_domain::reference::Reference;

/// The containers that get the image: those that `changeover:container` names; or else those whose image is of the
/// service's repository; or else the only essential one, as before the first deployment of an image from another place.
pub(crate) fn containers(
    view: &View,
    arn: &str,
    definition: &DefinitionSeen,
    mistakes: &mut Vec<String>,
) -> Vec<String> {
    let names =
        || definition.containers.iter().map(|found| found.name.as_str()).collect::<Vec<_>>().join(", ");
    let said = view.settings.as_ref().map_or(&view.container, |settings| &settings.container);
    let named: Vec<String> =
        said.iter().flat_map(|names| names.split_whitespace()).map(str::to_owned).collect();
    if !named.is_empty() {
        for name in named.iter().filter(|name| definition.container(name).is_none()) {
            mistakes.push(format!("{arn} has no container {name}: there are {}", names()));
        }
        return named;
    }
    let of_repository = of_repository(view, definition);
    if !of_repository.is_empty() {
        return of_repository;
    }
    let mut essential = definition.containers.iter().filter(|found| found.essential);
    if let (Some(only), None) = (essential.next(), essential.next()) {
        return vec![only.name.clone()];
    }
    let of =
        repository(view).map(|name| format!("no container of repository {name} and ")).unwrap_or_default();
    mistakes.push(format!(
        "{arn} has {of}not just one essential container but {}: say which get the image with changeover:container",
        names()
    ));
    vec![]
}

/// The containers that run an image of the service's repository: of just the one that the image is in, or, where none is,
/// of one of the same name in another account or region.
fn of_repository(view: &View, definition: &DefinitionSeen) -> Vec<String> {
    let image = view.image.as_ref().ok().map(|image| Reference::read(&image.uri).name);
    let same = |found: &ContainerSeen| Some(Reference::read(&found.image).name) == image;
    let alike = |found: &ContainerSeen| {
        let reference = Reference::read(&found.image);
        let of_ecr = reference.registry().is_some_and(|host| host.contains(".dkr.ecr"));
        of_ecr && Some(reference.repository()) == repository(view)
    };
    let those = |fits: &dyn Fn(&ContainerSeen) -> bool| -> Vec<String> {
        let found = definition.containers.iter().filter(|found| fits(found));
        found.map(|found| found.name.clone()).collect()
    };
    let just = those(&same);
    if just.is_empty() { those(&alike) } else { just }
}

/// The service's repository; while another setting is wrong, as its tag says.
fn repository(view: &View) -> Option<&str> {
    let tagged = || view.members.first()?.settings.get("repository").map(|name| name.trim());
    view.settings.as_ref().ok().map(|settings| settings.repository.as_str()).or_else(tagged)
}

/// Whether every container runs just this digest.
pub(crate) fn runs(definition: &DefinitionSeen, containers: &[String], image: &PinnedImage) -> bool {
    containers.iter().all(|name| {
        let found = definition.container(name);
        found.and_then(|found| pinned_digest(&found.image)) == Some(image.digest.as_str())
    })
}
