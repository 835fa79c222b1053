//! Whether a service still runs what it was brought to: somebody may have reset it, or deleted it and made it again.

use changeover_aws::ecs;
use changeover_domain::StepError;
use changeover_domain::image::{pinned_digest, short};
use changeover_domain::name::ServiceName;
use changeover_domain::record::Wanted;
use changeover_domain::settings::{OnDrift, Raw};
use changeover_lambda::Context;

/// What a service runs, compared with what it was brought to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// The same; or ECS is at it, and that is waited for.
    None,
    /// Something else, in words.
    Found(String),
}

/// One ECS service of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// How many tasks it is told to run.
    pub desired: u32,
    /// Its revision.
    pub revision: String,
    /// The images that its containers name.
    pub images: Vec<String>,
    /// Whether a deployment of ECS's own is on the way.
    pub is_moving: bool,
}

impl Member {
    fn runs(&self, digest: &str) -> bool {
        self.images.iter().any(|image| pinned_digest(image) == Some(digest))
    }
}

/// Compares. Pure: everything it knows is in its arguments.
///
/// Of a pair those count that are told to run tasks: which of them serves only the routes say, and `plan` reads them. Against
/// what ECS is bringing about nothing is done: whose that is, and what comes of it, is seen at the next tick.
pub fn drift(members: &[Member], digest: &str) -> Drift {
    let serving: Vec<&Member> =
        members.iter().filter(|member| member.desired > 0 || members.len() == 1).collect();
    let runs = serving.iter().any(|member| member.runs(digest));
    if serving.is_empty() || runs || members.iter().any(|member| member.is_moving) {
        return Drift::None;
    }
    let each: Vec<String> = serving
        .iter()
        .map(|member| {
            format!("{} is set to {} with {}", member.name, member.revision, member.images.join(", "))
        })
        .collect();
    Drift::Found(format!("{}, and was brought to {}", each.join("; "), short(digest)))
}

/// What is done about it: as was asked for by hand, by the tag, or by the stack's default. What is written wrong is refused
/// when the service is brought.
pub(crate) fn policy(wanted: &Wanted, raw: &Raw, defaults: &Raw) -> OnDrift {
    let asked = wanted.asked.as_ref().map(|asked| &asked.settings);
    let said = asked.into_iter().chain([raw, defaults]).find_map(|layer| layer.get("on-drift"));
    said.and_then(|said| OnDrift::parse(said.trim()).ok()).unwrap_or_default()
}

/// Looks at the service or pair, and compares.
pub(crate) async fn look(
    context: &Context,
    service: &ServiceName,
    raw: &Raw,
    wanted: &Wanted,
) -> Result<Drift, StepError> {
    let pair = raw.get("pair").map(|pair| pair.trim()).filter(|pair| !pair.is_empty());
    let names: Vec<&str> = std::iter::once(service.name.as_str()).chain(pair).collect();
    let mut members = Vec::new();
    for seen in ecs::services(&context.aws, &service.cluster, &names).await? {
        let found = ecs::find_task_definition(&context.aws, &seen.task_definition).await?;
        let containers = found.iter().flat_map(|(definition, _)| definition.container_definitions());
        members.push(Member {
            is_moving: seen
                .deployments
                .iter()
                .any(|one| one.status == "ACTIVE" || one.rollout_state.as_deref() == Some("IN_PROGRESS")),
            images: containers.filter_map(|one| one.image()).map(str::to_owned).collect(),
            name: seen.name,
            desired: seen.desired,
            revision: seen.task_definition,
        });
    }
    Ok(drift(&members, &wanted.image.digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::image::PinnedImage;
    use changeover_domain::wish::by_registry;

    fn digest(digit: &str) -> String {
        format!("sha256:{}", digit.repeat(64))
    }

    fn member(name: &str, desired: u32, digit: &str) -> Member {
        Member {
            name: name.to_owned(),
            desired,
            revision: format!("{name}:1"),
            images: vec!["nginx:1".to_owned(), format!("r/web@{}", digest(digit))],
            is_moving: false,
        }
    }

    #[test]
    fn what_runs_is_compared_with_what_it_was_brought_to() {
        assert_eq!(drift(&[member("web", 2, "a")], &digest("a")), Drift::None);
        let Drift::Found(what) = drift(&[member("web", 2, "b")], &digest("a")) else { panic!("it drifted") };
        assert!(what.contains("web is set to web:1") && what.contains("aaaaaaaaaaaa"), "{what}");
        let by_tag = Member { images: vec!["r/web:latest".into()], ..member("web", 2, "a") };
        assert!(matches!(drift(&[by_tag], &digest("a")), Drift::Found(_)), "a tag pins nothing");
        assert!(matches!(drift(&[member("web", 0, "b")], &digest("a")), Drift::Found(_)));
    }

    #[test]
    fn of_a_pair_the_side_that_waits_does_not_count() {
        let pair = |blue, green| [member("blue", blue, "b"), member("green", green, "a")];
        assert_eq!(drift(&pair(0, 2), &digest("a")), Drift::None);
        assert!(matches!(drift(&pair(2, 0), &digest("a")), Drift::Found(_)));
        assert_eq!(drift(&pair(2, 2), &digest("a")), Drift::None, "the routes say which of them serves");
        assert_eq!(drift(&pair(0, 0), &digest("c")), Drift::None, "neither can be said to serve");
        assert_eq!(drift(&[], &digest("a")), Drift::None);
    }

    #[test]
    fn what_ecs_is_bringing_about_is_waited_for() {
        let moving = Member { is_moving: true, ..member("web", 2, "b") };
        assert_eq!(drift(&[moving], &digest("a")), Drift::None);
    }

    #[test]
    fn the_tag_goes_over_the_default() {
        let image = PinnedImage::new("web", "r/web", None, &digest("a"));
        let wanted = by_registry(None, &image, "push", Timestamp::UNIX_EPOCH).unwrap();
        let raw = |value: &str| Raw::from([("on-drift".to_owned(), value.to_owned())]);
        assert_eq!(policy(&wanted, &Raw::new(), &Raw::new()), OnDrift::Bring);
        assert_eq!(policy(&wanted, &Raw::new(), &raw("tell")), OnDrift::Tell);
        assert_eq!(policy(&wanted, &raw(" bring "), &raw("tell")), OnDrift::Bring);
    }
}
