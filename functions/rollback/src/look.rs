//! What `rollback` looks at: both members, the routes, and whether ECS still takes the revisions that they had.

use crate::{Members, View};
use changeover_aws::ecs::find_task_definition;
use changeover_aws::look::{routes, side};
use changeover_domain::StepError;
use changeover_domain::definition::ACTIVE;
use changeover_domain::plan::{Member, Plan};
use changeover_domain::record::Progress;
use changeover_lambda::{Context, Held};

pub(crate) async fn look(context: &Context, held: &Held<'_>) -> Result<View, StepError> {
    let (plan, progress) = (held.plan()?, &held.record.progress);
    let live = side(&context.aws, &plan.cluster, &plan.live).await?;
    let (live_before, original) = back(plan, progress);
    let members = match (&plan.next, plan.pair_groups()) {
        (Some(next), Some((live_group, next_group))) => {
            let now = side(&context.aws, &plan.cluster, next).await?;
            Members::Pair {
                live_group: live_group.to_owned(),
                next_group: next_group.to_owned(),
                next_is_active: is_taken(context, &now.service.task_definition, &next.task_definition)
                    .await?,
                next: Box::new(now),
                next_before: next.clone(),
                routes: routes(&context.aws, plan).await?.into_iter().map(|found| found.route).collect(),
                sticky: plan.sticky(),
            }
        }
        _ => Members::Rolling,
    };
    Ok(View {
        now: context.now(),
        is_active: is_taken(context, &live.service.task_definition, &live_before.task_definition).await?,
        broken: plan.source.is_some(),
        live,
        live_before,
        original,
        members,
        revision: progress.start.revision.clone(),
        asked_at: progress.asked_at(),
        began_at: progress.back.rollback_at,
        restored_at: progress.back.restored_at,
        others_until: progress.recovery.taken_over_at.map(|at| context.config.function_timeout.after(at)),
        shown: progress.shift.step.is_some(),
        quiet: progress.drain.quiet_at.is_some(),
        harmful: progress.health.harmful,
        tells: progress.back.tells,
        patience: plan.settings.health_timeout,
        convergence: context.config.convergence,
        stickiness: plan.pace.stickiness,
        // What draining gave back before it went back pins to the new tasks.
        pinned_at: progress
            .pinned_at
            .filter(|at| progress.back.rollback_at.is_some_and(|began| *at >= began)),
        deregistration_delay: plan.pace.deregistration_delay,
    })
}

/// What the live member goes back to, and the revision that it was set to if that is another one. As long as no task was
/// asked for, it was left as it was.
fn back(plan: &Plan, progress: &Progress) -> (Member, Option<String>) {
    let to = match (&progress.start.started_at, &progress.start.way_back) {
        (None, _) => plan.source(),
        (Some(_), Some(copy)) => copy.as_str(),
        (Some(_), None) => plan.live.task_definition.as_str(),
    };
    let before = Member { task_definition: to.to_owned(), ..plan.live.clone() };
    (before, (to != plan.source()).then(|| plan.source().to_owned()))
}

/// Whether ECS takes a revision for a service that is set to another; not asked of one that it is set to.
async fn is_taken(context: &Context, set_to: &str, revision: &str) -> Result<bool, StepError> {
    if set_to == revision {
        return Ok(true);
    }
    let found = find_task_definition(&context.aws, revision).await?;
    let status = found.as_ref().and_then(|(definition, _)| definition.status());
    Ok(status.is_some_and(|status| status.as_str() == ACTIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::progress::Start;
    use changeover_domain::samples;

    fn plan(source: Option<&str>) -> Plan {
        Plan { next: None, source: source.map(str::to_owned), ..samples::plan() }
    }

    fn goes_to(source: Option<&str>, started: bool, copy: Option<&str>) -> (String, Option<String>) {
        let start = Start {
            started_at: started.then_some(Timestamp::UNIX_EPOCH),
            way_back: copy.map(str::to_owned),
            ..Start::default()
        };
        let progress = Progress { start, ..Progress::default() };
        let (member, original) = back(&plan(source), &progress);
        (member.task_definition, original)
    }

    #[test]
    fn it_goes_back_to_what_it_was_and_to_the_copy_once_tasks_were_asked_for() {
        assert_eq!(goes_to(None, true, None), ("td:1".into(), None));
        assert_eq!(goes_to(None, false, Some("td:7")), ("td:1".into(), None), "nothing was changed");
        assert_eq!(goes_to(None, true, Some("td:7")), ("td:7".into(), Some("td:1".into())));
    }

    #[test]
    fn a_broken_service_goes_back_to_what_served() {
        assert_eq!(goes_to(Some("td:2"), true, None), ("td:1".into(), Some("td:2".into())));
        assert_eq!(goes_to(Some("td:2"), false, None), ("td:2".into(), None), "nothing was changed");
    }
}
