//! The look afterwards: what a deployment must leave behind.

use super::before::{Before, definition, healthy, rules_in_full, rules_of, services_in_full};
use super::told::told_once;
use super::{Breaches, LedgerSeen};
use crate::stage::{GROUP, Sample, Stage};
use serde_json::Value;

/// The side that serves when all is over.
const WHOLE: u32 = 100;

/// Invariants 5 to 10, once nothing happens any more.
///
/// # Errors
/// What an API answered.
pub async fn after(
    stage: &Stage,
    sample: &Sample,
    before: &Before,
    ledger: &LedgerSeen,
) -> anyhow::Result<Breaches> {
    let mut breaches = Breaches::default();
    ended(ledger, &mut breaches);
    at_rest(stage, sample, before, &mut breaches);
    room_returned(stage, before, &mut breaches);
    wanted(stage, sample, ledger, &mut breaches);
    told_once(stage, &mut breaches);
    preserved(stage, sample, before, &mut breaches).await?;
    Ok(breaches)
}

/// Invariants 5 and 6: one at a time, and each reached an outcome.
fn ended(ledger: &LedgerSeen, breaches: &mut Breaches) {
    if let Some(holder) = &ledger.holder {
        breaches.add(7, format!("the lease is still held by {holder}"));
    }
    for deployment in ledger.deployments.iter().filter(|deployment| deployment.outcome.is_none()) {
        breaches.add(6, format!("deployment {} has no outcome", deployment.id));
    }
    // Deployments that changed something were never on the way at the same time.
    let acted: Vec<_> = ledger.deployments.iter().filter(|deployment| deployment.digest.is_some()).collect();
    for pair in acted.windows(2) {
        if let (Some(end), begin) = (&pair[0].span.1, &pair[1].span.0)
            && end > begin
            && pair[0].execution != pair[1].execution
            && lease_overlap(end, begin)
        {
            breaches.add(5, format!("{} began before {} had ended", pair[1].id, pair[0].id));
        }
    }
}

/// A plan is read before the lease is claimed, so a beginning a moment before another's end is none.
fn lease_overlap(end: &str, begin: &str) -> bool {
    const MOMENT_SECONDS: i64 = 2;
    match (end.parse::<jiff::Timestamp>(), begin.parse::<jiff::Timestamp>()) {
        (Ok(end), Ok(begin)) => end.as_second() - begin.as_second() > MOMENT_SECONDS,
        _ => true,
    }
}

/// Invariant 7: weights whole, one side's tasks, as many as before.
fn at_rest(stage: &Stage, sample: &Sample, before: &Before, breaches: &mut Breaches) {
    let (elb, ecs) = (stage.cloud.elb().snapshot(), stage.cloud.ecs().snapshot());
    let rules = rules_of(sample, &elb.rules);
    for rule in rules.iter().filter(|_| sample.is_pair()) {
        let mut weights: Vec<u32> = rule.groups.iter().map(|share| share.weight).collect();
        weights.sort_unstable();
        if weights != [0, WHOLE] {
            breaches.add(7, format!("the weights are {weights:?}, not whole"));
        }
    }
    let live = live_member(sample, &rules);
    let wanted: u32 = before.services.iter().map(|service| service.desired).max().unwrap_or(0);
    for service in
        ecs.services.iter().filter(|service| sample.members.iter().any(|m| m.ecs_service == service.name))
    {
        let expected = if Some(&service.name) == live { wanted } else { 0 };
        if service.desired != expected {
            breaches.add(7, format!("{} wants {} tasks, not {expected}", service.name, service.desired));
        }
        let tasks = ecs.tasks.iter().filter(|task| {
            task.service.as_ref() == Some(&service.name) && task.status != rehearsal_ecs::Status::Stopped
        });
        let (own, orphans): (Vec<_>, Vec<_>) =
            tasks.partition(|task| task.task_definition == service.task_definition);
        if !orphans.is_empty() {
            breaches.add(7, format!("{} orphaned tasks of {} are left", orphans.len(), service.name));
        }
        if own.len() != expected as usize {
            breaches.add(7, format!("{} runs {} tasks, not {expected}", service.name, own.len()));
        }
    }
    let groups = elb.groups.iter().filter(|group| {
        sample
            .members
            .iter()
            .any(|m| Some(&m.ecs_service) == live && m.target_group == group.target_group_arn)
    });
    for group in groups {
        if healthy(group) < before.healthy {
            breaches.add(
                2,
                format!("{} has {} healthy targets, {} before", group.name, healthy(group), before.healthy),
            );
        }
    }
}

/// Invariant 7: an Auto Scaling group that was enlarged is as large as before.
fn room_returned(stage: &Stage, before: &Before, breaches: &mut Breaches) {
    let now = stage.cloud.autoscaling().size(GROUP).map(|(desired, _)| desired);
    if now != before.instances {
        breaches.add(7, format!("{GROUP} is told to have {now:?} instances, {:?} before", before.instances));
    }
}

/// The ECS service that serves.
pub(crate) fn live_member<'a>(
    sample: &'a Sample,
    rules: &[rehearsal_elb::RuleSnapshot],
) -> Option<&'a String> {
    let serves = |arn: &str| {
        rules
            .iter()
            .any(|rule| rule.groups.iter().any(|share| share.target_group_arn == arn && share.weight > 0))
    };
    sample.members.iter().find(|member| serves(&member.target_group)).map(|member| &member.ecs_service)
}

/// Invariants 8 and 10: what runs is what is wanted, or the ledger says why not; and it is pinned.
fn wanted(stage: &Stage, sample: &Sample, ledger: &LedgerSeen, breaches: &mut Breaches) {
    let (elb, ecs) = (stage.cloud.elb().snapshot(), stage.cloud.ecs().snapshot());
    let rules = rules_of(sample, &elb.rules);
    let Some(live) = live_member(sample, &rules) else {
        breaches.add(8, "no side serves");
        return;
    };
    let running = ecs.tasks.iter().filter(|task| {
        task.service.as_ref() == Some(live) && task.status == rehearsal_ecs::Status::Running && !task.stopping
    });
    let differs = running.filter(|task| task.image_digest != ledger.wanted).count();
    if differs > 0 && ledger.wanted.is_some() && !is_explained(ledger) {
        breaches.add(
            8,
            format!("{differs} tasks run something else than what is wanted, and no record says why"),
        );
    }
}

/// Whether the ledger says why what is wanted does not run: by the last deployment that was to bring it, or, if none got
/// as far as a plan, by the last of all.
fn is_explained(ledger: &LedgerSeen) -> bool {
    let mut newest = ledger.deployments.iter().rev();
    let ours = newest.clone().find(|deployment| deployment.digest == ledger.wanted);
    let Some(said) = ours.or_else(|| newest.next().filter(|last| last.digest.is_none())) else {
        return false;
    };
    said.reason.is_some() && said.outcome.as_deref() != Some("Succeeded")
}

/// Invariants 9 and 10: everything that is not ours to change is as it was.
async fn preserved(
    stage: &Stage,
    sample: &Sample,
    before: &Before,
    breaches: &mut Breaches,
) -> anyhow::Result<()> {
    let now: Vec<Value> = rules_in_full(stage, sample).await?.into_iter().map(without_weights).collect();
    let then: Vec<Value> = before.rules_in_full.iter().cloned().map(without_weights).collect();
    if now != then {
        breaches.add(9, "the listener's rules differ in more than weights");
    }
    for service in services_in_full(stage, sample).await? {
        let arn = service["taskDefinition"].as_str().unwrap_or_default();
        let definition = definition(stage, arn).await?;
        let image = definition["containerDefinitions"][0]["image"].as_str().unwrap_or_default();
        if !image.contains("@sha256:") {
            breaches.add(10, format!("{arn} runs {image}, which is not pinned"));
        }
        // What a service was set to before is nobody's copy: the sides of a pair may differ.
        let name = service["serviceName"].as_str().unwrap_or_default();
        let is_as_before = before.services.iter().any(|one| one.name == name && one.task_definition == arn);
        if !is_as_before && without_image(definition.clone()) != without_image(before.task_definition.clone())
        {
            breaches.add(
                9,
                format!("{arn} differs from the task definition it was made of in more than the image"),
            );
        }
    }
    Ok(())
}

fn without_weights(mut rule: Value) -> Value {
    for action in rule["Actions"].as_array_mut().into_iter().flatten() {
        for group in action["ForwardConfig"]["TargetGroups"].as_array_mut().into_iter().flatten() {
            group["Weight"] = Value::Null;
        }
    }
    rule
}

/// A task definition without its image and what AWS itself fills in.
fn without_image(mut definition: Value) -> Value {
    for container in definition["containerDefinitions"].as_array_mut().into_iter().flatten() {
        container["image"] = Value::Null;
    }
    for key in
        ["taskDefinitionArn", "revision", "status", "registeredAt", "registeredBy", "deregisteredAt", "tags"]
    {
        if let Some(definition) = definition.as_object_mut() {
            definition.remove(key);
        }
    }
    definition
}

#[cfg(test)]
mod tests {
    use super::super::DeploymentSeen;
    use super::*;

    fn ended(digest: Option<&str>, outcome: &str, reason: Option<&str>) -> DeploymentSeen {
        DeploymentSeen {
            readiness: vec![],
            digest: digest.map(str::to_owned),
            outcome: Some(outcome.to_owned()),
            reason: reason.map(str::to_owned),
            ..DeploymentSeen::default()
        }
    }

    #[test]
    fn only_the_last_word_on_what_is_wanted_explains() {
        let explained = |deployments: &[DeploymentSeen]| {
            let (wanted, deployments) = (Some("new".to_owned()), deployments.to_vec());
            is_explained(&LedgerSeen { wanted, deployments, ..LedgerSeen::default() })
        };
        let rolled_back = ended(Some("new"), "RolledBack", Some("it errs"));
        let refused = ended(None, "Refused", Some("no room"));
        let other = ended(Some("old"), "RolledBack", Some("it erred"));
        assert!(explained(&[other.clone(), rolled_back.clone()]));
        assert!(explained(&[other.clone(), refused.clone()]));
        assert!(!explained(&[refused.clone(), other.clone()]), "that was about another image");
        assert!(!explained(&[other]));
        assert!(!explained(&[rolled_back, ended(Some("new"), "Succeeded", None)]), "then it should run");
        assert!(!explained(&[]));
    }
}
