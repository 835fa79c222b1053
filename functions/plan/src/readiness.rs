//! The proof that going back would work, or why it would not: judged here, by the rules of the domain, over what was seen.

use crate::View;
use changeover_domain::definition::DefinitionSeen;
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::readiness::{Now, Readiness, Roles, back, of_copy, of_service};
use changeover_domain::settings::{Objection, TAG_PREFIX};

/// What scheduling strategy is one task on each instance.
const DAEMON: &str = "DAEMON";

/// What is judged of a deployment's way forward and back.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    /// The member that serves.
    pub live: &'a ServiceSeen,
    /// The other one of a pair.
    pub next: Option<&'a ServiceSeen>,
    /// The revision of what serves.
    pub serving: &'a str,
    /// The containers that get the image.
    pub containers: &'a [String],
}

/// What the plan says about going back; every reason why that, or the way forward, would end at a refusal of AWS's is a
/// mistake.
pub(crate) fn readiness(view: &View, sides: &Sides<'_>, mistakes: &mut Vec<String>) -> Readiness {
    let Sides { live, next, serving, containers } = *sides;
    of_kind([Some(live), next].into_iter().flatten(), mistakes);
    let source = known(view, live, &live.task_definition, mistakes);
    if let Some(source) = source {
        let account = live.task_definition.split(':').nth(4).unwrap_or_default();
        let roles = Roles { allowed: &view.task_roles, account };
        mistakes.extend(of_copy(&live.task_definition, source, roles));
        mistakes.extend(of_service(next.unwrap_or(live), &live.task_definition, source));
    }
    let serves = if serving == live.task_definition { source } else { known(view, live, serving, mistakes) };
    let Some(definition) = serves else { return Readiness::default() };
    let none = Vec::new();
    let back = back(&Now {
        name: &live.name,
        revision: serving,
        definition,
        desired: live.desired,
        tasks: view.tasks.get(&live.name).unwrap_or(&none),
        containers,
        image: view.image.as_ref().ok(),
        registry: &view.registry,
    });
    let mut found = back.found;
    let accepts = view.settings.as_ref().is_ok_and(|settings| settings.no_way_back == Objection::Accept);
    if accepts {
        found.extend(back.missing.iter().map(|why| format!("accepted: {why}")));
    } else {
        mistakes.extend(back.missing.iter().map(|why| {
            format!("{why}; or set {TAG_PREFIX}no-way-back to accept, to deploy although going back would not work")
        }));
    }
    found.extend(next.and_then(|next| idle(view, next)));
    Readiness { copy: back.copy, found }
}

/// What becomes of a pair's next side when it goes back: its revision need not be one that can be given to it again.
fn idle(view: &View, next: &ServiceSeen) -> Option<String> {
    let (name, revision) = (&next.name, &next.task_definition);
    let status = view.definitions.get(revision).map_or("deleted", |one| one.status.as_str());
    (!status.is_empty() && status != changeover_domain::definition::ACTIVE).then(|| {
        format!("{name} is set to {revision}, which is {status}: going back, it goes to {} tasks and keeps the new revision", next.desired)
    })
}

/// A revision that can be copied.
fn known<'a>(
    view: &'a View,
    service: &ServiceSeen,
    revision: &str,
    mistakes: &mut Vec<String>,
) -> Option<&'a DefinitionSeen> {
    let found = view.definitions.get(revision);
    if found.is_none() {
        mistakes.push(format!(
            "the task definition {revision} of service {} was deleted, so that it cannot be copied: let the service run another",
            service.name
        ));
    }
    found
}

/// Kinds of services that have no number of tasks of their own.
fn of_kind<'a>(members: impl Iterator<Item = &'a ServiceSeen>, mistakes: &mut Vec<String>) {
    for member in members.filter(|member| member.scheduling == DAEMON) {
        mistakes.push(format!(
            "service {} has the scheduling strategy {DAEMON}, one task on each instance: new tasks cannot start beside the old ones there; only services with the strategy REPLICA can be deployed",
            member.name
        ));
    }
}
