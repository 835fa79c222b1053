//! Why a service does not run what its tag points to, or what is being waited for. Deciding is pure: what was seen goes in,
//! sentences come out.

use crate::failure::Failure;
use crate::look::{self, Seen};
use crate::screen::Screen;
use crate::service::Service;
use crate::session::Session;
use crate::{follow, words};
use changeover_aws::ecr::{Which, find};
use changeover_domain::freeze::Freeze;
use changeover_domain::image::{PinnedImage, pinned_digest};
use changeover_domain::record::{Outcome, Wanted};
use changeover_domain::settings::{Raw, read};
use serde::{Deserialize, Serialize};

/// One reason, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// What is so.
    pub what: String,
    /// What to do; null if nothing has to be done.
    pub advice: Option<String>,
}

impl Reason {
    /// What is so, and what to do.
    pub fn new(what: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = advice.into();
        Self { what: what.into(), advice: (!advice.is_empty()).then_some(advice) }
    }
}

/// The reasons in words.
pub fn words(screen: &Screen, reasons: &[Reason]) -> String {
    let each = reasons.iter().map(|reason| match &reason.advice {
        Some(advice) => format!("- {}\n  {}", reason.what, screen.faint(format!("-> {advice}"))),
        None => format!("- {}", reason.what),
    });
    each.collect::<Vec<_>>().join("\n")
}

/// What was seen of a service, and of its tag in the registry.
struct View<'a> {
    service: &'a Service,
    seen: &'a Seen,
    tagged: Result<&'a PinnedImage, &'a str>,
    waits: Option<String>,
}

/// Looks, and says why.
pub async fn of_service(session: &Session, service: &Service) -> Result<Vec<Reason>, Failure> {
    let seen = look::look(session, service).await?;
    let tag = |key: &str| service.tags.get(key).map(|value| value.trim());
    let tagged = match tag("repository") {
        Some(repository) => {
            let which = Which::Tag(tag("image-tag").unwrap_or("latest"));
            let moves = session.ledger().moves(&service.name).await?;
            find(&session.aws, repository, which, &moves, session.now())
                .await?
                .map_err(|none| none.to_string())
        }
        None => Err(format!("{} has no tag changeover:repository", service.name)),
    };
    let waits = match &seen.holder {
        Some(record) => follow::waits(session, record).await,
        None => None,
    };
    let tagged = tagged.as_ref().map_err(String::as_str);
    let all = reasons(&View { service, seen: &seen, tagged, waits });
    Ok(session.freeze().await?.iter().map(|freeze| of_freeze(session, service, freeze)).chain(all).collect())
}

/// Nothing begins by itself.
fn of_freeze(session: &Session, service: &Service, freeze: &Freeze) -> Reason {
    Reason::new(
        format!("Pushes and schedules begin nothing: {} is {freeze}.", session.stack.name),
        format!(
            "What is pushed meanwhile is brought once somebody types `changeover unfreeze`. What cannot wait: `changeover deploy {}`.",
            service.name
        ),
    )
}

fn reasons(view: &View<'_>) -> Vec<Reason> {
    let mut all = mistakes(view);
    all.extend(on_the_way(view));
    let name = &view.service.name;
    let tagged = match view.tagged {
        Ok(tagged) => tagged,
        Err(none) => {
            all.push(Reason::new(
                format!("There is no image to run: {none}."),
                "Push one under such a tag, or correct the tags changeover:repository and changeover:image-tag.",
            ));
            return all;
        }
    };
    let runs = |digest: &str| {
        view.seen.sides.iter().any(|side| {
            side.weight.is_none_or(|weight| weight > 0.0)
                && side.image.as_deref().and_then(pinned_digest) == Some(digest)
        })
    };
    if runs(&tagged.digest) && view.seen.holder.is_none() {
        all.push(Reason::new(
            format!("{name} runs {tagged} already: that is what the tag points to{}.", chosen(tagged)),
            "",
        ));
        return all;
    }
    all.extend(of_wish(view, tagged));
    all
}

/// Why just this tag is meant, of several that match.
fn chosen(tagged: &PinnedImage) -> String {
    tagged.chosen.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
}

/// What the tags say wrongly; the stack's defaults are not known here.
fn mistakes(view: &View<'_>) -> Vec<Reason> {
    let wrong = read(&Raw::new(), &view.service.tags, &Raw::new()).err().unwrap_or_default();
    let wrong = wrong.into_iter().filter(|mistake| mistake.starts_with("tag "));
    wrong
        .map(|mistake| {
            Reason::new(mistake, "Correct the tag on the ECS service; until then deployments are refused.")
        })
        .collect()
}

fn on_the_way(view: &View<'_>) -> Option<Reason> {
    let name = &view.service.name;
    match (&view.seen.lease.holder, &view.seen.holder) {
        (Some(_), Some(record)) => {
            let last = record.timeline.last().map(|last| format!("{}: {}", last.state, last.note));
            let waits = view.waits.clone().or(last).unwrap_or_else(|| "it begins".to_owned());
            let image = words::image(record.plan.as_ref().map(|plan| &plan.image));
            let goes_on = match crate::orders::is_paused(record) {
                true => format!("Let it go on with `changeover promote {name}`. "),
                false => String::new(),
            };
            Some(Reason::new(
                format!("{} brings {image} to {name}: {waits}.", record.id),
                format!(
                    "{goes_on}What is wanted meanwhile follows when it has ended. Watch it with `changeover status {name} -w`; take it back with `changeover abort {name}`."
                ),
            ))
        }
        (Some(holder), None) => {
            Some(Reason::new(format!("{holder} has just begun."), "Look again in a moment."))
        }
        (None, _) => None,
    }
}

fn of_wish(view: &View<'_>, tagged: &PinnedImage) -> Vec<Reason> {
    let name = &view.service.name;
    let Some(wanted) = &view.seen.wanted else {
        return vec![Reason::new(
            format!("{tagged} is in the registry, and nothing has asked for it yet."),
            format!(
                "A push is noticed within seconds, everything else by the next tick of reconcile. To begin now: `changeover deploy {name}`. If nothing comes of that, `changeover doctor {name}`."
            ),
        )];
    };
    if wanted.instead_of.as_deref() == Some(tagged.digest.as_str()) {
        return vec![Reason::new(
            format!("Somebody asked for {} instead of {tagged} ({}).", wanted.image, wanted.cause),
            format!(
                "That stays until the tag is moved. To bring what the tag points to: `changeover deploy {name}`."
            ),
        )];
    }
    if wanted.image.digest != tagged.digest {
        return vec![Reason::new(
            format!("{tagged} has been pushed, but what is on record as wanted is {}.", wanted.image),
            format!(
                "The push has not been noticed yet: is the stack frozen? `changeover doctor` says so. To begin now: `changeover deploy {name}`."
            ),
        )];
    }
    vec![of_answer(view, wanted)]
}

fn of_answer(view: &View<'_>, wanted: &Wanted) -> Reason {
    let name = &view.service.name;
    let Some(tried) = &wanted.tried else {
        return Reason::new(
            format!(
                "{} is wanted since {} UTC, and no deployment has tried it yet.",
                wanted.image,
                words::moment(wanted.since)
            ),
            if view.seen.holder.is_some() {
                String::new()
            } else {
                format!("Reconcile starts one; to begin now: `changeover deploy {name}`.")
            },
        );
    };
    let record = view.seen.recent.iter().find(|one| one.id == tried.deployment);
    let why = record.and_then(|record| record.reason.clone()).unwrap_or_default();
    let what = format!("{} came to {} with {}: {why}", wanted.image, tried.outcome, tried.deployment);
    match tried.outcome {
        Outcome::Succeeded => Reason::new(
            format!(
                "{} was brought by {}, but it is not what runs now: somebody has changed the service since.",
                wanted.image, tried.deployment
            ),
            format!("`changeover deploy {name}` brings it again."),
        ),
        Outcome::RolledBack => Reason::new(
            what,
            format!(
                "It is not brought again by itself. Push a better image; or, if the cause is gone, `changeover deploy {name}`."
            ),
        ),
        Outcome::NeedsHuman => Reason::new(
            what,
            format!(
                "Put it right by hand (docs/operations.md, NeedsHuman), then `changeover deploy {name}`."
            ),
        ),
        Outcome::Refused if tried.postponed.is_some() => Reason::new(
            what,
            format!(
                "Reconcile brings it once the calendar is open. What cannot wait: `changeover deploy {name} --calendar override --cause WHY`."
            ),
        ),
        Outcome::Refused | Outcome::Superseded => Reason::new(
            what,
            format!("Put right what it says; reconcile tries again, or `changeover deploy {name}` does now."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::Side;
    use changeover_domain::Timestamp;
    use changeover_domain::calendar::Postponed;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::record::{Deployment, Lease, Tried};

    fn image(digit: &str) -> PinnedImage {
        PinnedImage::new("web", "r/web", Some("latest"), &format!("sha256:{}", digit.repeat(64)))
    }

    fn service() -> Service {
        let name = ServiceName::new("main", "web");
        let tags = Raw::from([("repository".to_owned(), "web".to_owned())]);
        Service { asked: name.clone(), name, pair: None, tags }
    }

    fn seen(runs: &str, wanted: Option<Wanted>) -> Seen {
        let side = Side {
            ecs_service: "web".into(),
            task_definition: "web:1".into(),
            image: Some(image(runs).uri),
            desired: 2,
            running: 2,
            weight: None,
        };
        Seen { sides: vec![side], wanted, lease: Lease::default(), holder: None, recent: vec![] }
    }

    fn wanted(digit: &str, outcome: Option<Outcome>) -> Wanted {
        Wanted {
            schema: 1,
            image: image(digit),
            generation: 1,
            since: Timestamp::UNIX_EPOCH,
            cause: "push".into(),
            instead_of: None,
            asked: None,
            tried: outcome.map(|outcome| Tried {
                deployment: DeploymentId::from("d-1"),
                outcome,
                attempts: 1,
                uncounted: 0,
                postponed: None,
                at: None,
            }),
        }
    }

    fn frozen(mut wanted: Wanted) -> Wanted {
        if let Some(tried) = &mut wanted.tried {
            tried.postponed = Some(Postponed { until: None });
        }
        wanted
    }

    fn told(seen: &Seen, tagged: Option<&str>) -> String {
        let tagged = tagged.map(image);
        let all = reasons(&View {
            service: &service(),
            seen,
            tagged: tagged.as_ref().ok_or("repository web has no image with tag latest: push it first"),
            waits: None,
        });
        all.iter()
            .map(|one| format!("{} {}", one.what, one.advice.as_deref().unwrap_or_default()))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn every_way_in_which_nothing_happens_has_its_words() {
        for (seen, tagged, part) in [
            (seen("a", None), None, "has no image with tag latest"),
            (seen("a", None), Some("a"), "runs web:latest (aaaaaaaaaaaa) already"),
            (seen("a", None), Some("b"), "nothing has asked for it yet"),
            (seen("a", Some(wanted("b", None))), Some("b"), "no deployment has tried it yet"),
            (seen("a", Some(wanted("a", None))), Some("b"), "has not been noticed yet"),
            (
                seen("a", Some(wanted("b", Some(Outcome::RolledBack)))),
                Some("b"),
                "not brought again by itself",
            ),
            (seen("a", Some(wanted("b", Some(Outcome::Refused)))), Some("b"), "reconcile tries again"),
            (seen("a", Some(frozen(wanted("b", Some(Outcome::Refused))))), Some("b"), "--calendar override"),
            (seen("a", Some(wanted("b", Some(Outcome::NeedsHuman)))), Some("b"), "by hand"),
            (
                seen("a", Some(wanted("b", Some(Outcome::Succeeded)))),
                Some("b"),
                "somebody has changed the service since",
            ),
            (
                seen("a", Some(Wanted { instead_of: Some(image("b").digest), ..wanted("a", None) })),
                Some("b"),
                "Somebody asked for",
            ),
        ] {
            let words = told(&seen, tagged);
            assert!(words.contains(part), "{part} in {words}");
        }
    }

    #[test]
    fn what_is_on_the_way_is_told_first() {
        let mut seen = seen("a", Some(wanted("b", None)));
        let id = DeploymentId::from("d-9");
        seen.lease = Lease { holder: Some(id.clone()), execution: Some("arn".into()), fence: 1 };
        seen.holder =
            Some(Deployment::new(ServiceName::new("main", "web"), id, "arn", "push", Timestamp::UNIX_EPOCH));
        let words = told(&seen, Some("b"));
        assert!(words.starts_with("d-9 brings") && words.contains("changeover abort main/web"), "{words}");
        assert!(!words.contains("changeover promote"), "{words}");
        let held = serde_json::json!({"held": {"place": "before-start", "since": "2026-01-01T00:00:00Z",
            "until": "2026-01-02T00:00:00Z", "then": "roll-back", "by": "somebody"}});
        if let Some(record) = &mut seen.holder {
            record.progress.gate = serde_json::from_value(held).unwrap();
        }
        let words = told(&seen, Some("b"));
        assert!(words.contains("changeover promote main/web"), "{words}");
    }
}
