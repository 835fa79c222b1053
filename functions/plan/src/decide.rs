//! The plan, or every reason against it, given all that was seen.

use crate::containers::{containers, runs};
use crate::guard::guarded;
use crate::notes::notes;
use crate::readiness::{Sides, readiness};
use crate::refusal::{of_members, of_pair, of_rolling_groups, of_routes};
use crate::schema::schema;
use changeover_aws::elb::TargetGroup;
use changeover_domain::Timestamp;
use changeover_domain::alarm::AlarmSeen;
use changeover_domain::calendar::{self, Postponed};
use changeover_domain::capacity::{Instance, shortage};
use changeover_domain::definition::DefinitionSeen;
use changeover_domain::evidence::{ServiceSeen, TaskSeen};
use changeover_domain::image::PinnedImage;
use changeover_domain::name::ServiceName;
use changeover_domain::plan::{MAX_EXECUTION, Member, Pace, Plan};
use changeover_domain::readiness::Presence;
use changeover_domain::rollout::{Failing, Rollout, rollout};
use changeover_domain::room::{GROUP_TAG, Group, Making, Room, make};
use changeover_domain::route::Route;
use changeover_domain::schema::Version;
use changeover_domain::settings::{Settings, Strategy};
use changeover_domain::span::Seconds;
use std::collections::BTreeMap;

/// How long tasks may take to be healthy where the settings are wrong: as long as by default.
const HEALTH_PATIENCE: Seconds = Seconds(600);

/// Why there is no image while the settings do not even say where to look: no mistake of its own.
pub(crate) const UNKNOWN_IMAGE: &str = "which image is meant cannot be told before the settings are right";

/// Everything that was seen.
#[derive(Debug, Clone)]
pub struct View {
    /// The time of the look.
    pub now: Timestamp,
    /// Whether to deploy even what runs already.
    pub redeploy: bool,
    /// The service's name.
    pub service: ServiceName,
    /// The ECS services that are meant: one, or a pair.
    pub names: Vec<String>,
    /// Those of them that there are.
    pub members: Vec<ServiceSeen>,
    /// The settings, or every mistake in them.
    pub settings: Result<Settings, Vec<String>>,
    /// The members' tasks, by the members' names.
    pub tasks: BTreeMap<String, Vec<TaskSeen>>,
    /// The annotations of the images that run and of the one that is meant, by digest; those of the service's repository.
    pub annotations: BTreeMap<String, BTreeMap<String, String>>,
    /// The version of its schema that the service's database has; none if no hook has brought one.
    pub database: Option<Version>,
    /// What the registry says of the images that run, by `REGISTRY/REPOSITORY@DIGEST`.
    pub registry: BTreeMap<String, Presence>,
    /// The roles that a copy may carry on: the stack's `TaskRoles`.
    pub task_roles: String,
    /// The task definitions, by ARN, of the members and of what runs on them; those that were deleted are left out.
    pub definitions: BTreeMap<String, DefinitionSeen>,
    /// The members' target groups.
    pub groups: Vec<TargetGroup>,
    /// The routes that forward to any of them.
    pub routes: Vec<Route>,
    /// The image, or why there is none.
    pub image: Result<PinnedImage, String>,
    /// Why functions of hooks cannot be invoked, one sentence each.
    pub closed_hooks: Vec<String>,
    /// What `changeover:container` says, read although something else is wrong with the settings.
    pub container: Option<String>,
    /// The container instances, if tasks run on such.
    pub instances: Option<Vec<Instance>>,
    /// The Auto Scaling group that may be enlarged to make room.
    pub group: Option<Group>,
    /// The alarms that are to be watched, as far as there are any of these names.
    pub alarms: Vec<AlarmSeen>,
    /// The calendar that says when deployments may begin; none if none is set.
    pub calendar: Option<calendar::Seen>,
    /// Who goes past it although it is closed, and why.
    pub overridden: Option<String>,
    /// How long after a bake its numbers are complete.
    pub numbers_after: Seconds,
}

impl View {
    /// How far ECS is with what it was told last of a member.
    pub(crate) fn rollout(&self, member: &ServiceSeen) -> Rollout {
        let tasks = self.tasks.get(&member.name).map(Vec::as_slice).unwrap_or_default();
        let patience = self.settings.as_ref().map_or(HEALTH_PATIENCE, |settings| settings.health_timeout);
        rollout(member, tasks, self.now, patience)
    }

    /// The rollout of a member that does not come about, if so.
    fn failing(&self, member: &ServiceSeen) -> Option<Failing> {
        match self.rollout(member) {
            Rollout::Failing(failing) => Some(failing),
            Rollout::Over | Rollout::Moving => None,
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This is what will be done.
    Go(Box<Plan>),
    /// The service runs the image already.
    NothingToDo(String),
    /// Why not: every mistake, one sentence each.
    Refuse(Vec<String>),
    /// Not now: nothing but a closed calendar stands against it.
    Postpone(String, Postponed),
}

/// Plans or refuses. Pure: everything it knows is in its arguments. Whatever can be judged is judged, so that one
/// mistake does not hide another.
pub fn decide(view: &View) -> Decision {
    guarded(view, of_service(view))
}

/// What the service itself says, and what is to become of it.
fn of_service(view: &View) -> Decision {
    let settings = view.settings.as_ref().ok();
    let mut mistakes = told(view);
    let strategy = strategy(view);
    of_members(view, strategy, &mut mistakes);
    if let Some(why) = view.image.as_ref().err().filter(|why| settings.is_some() || *why != UNKNOWN_IMAGE) {
        mistakes.push(why.clone());
    }
    of_pair(view, strategy, &mut mistakes);
    // Of a pair of which one is missing, what can be judged is judged of the other.
    let both = sides(view, strategy);
    let Some((live, next)) = both.or_else(|| Some((view.members.first()?, None))) else {
        return Decision::Refuse(mistakes);
    };
    of_traffic(view, strategy, (live, next), &mut mistakes);
    let definition = view.definitions.get(&live.task_definition).cloned().unwrap_or_default();
    // One that was deleted is told of once.
    let is_known = view.definitions.contains_key(&live.task_definition);
    let mut containers = if is_known {
        containers(view, &live.task_definition, &definition, &mut mistakes)
    } else {
        Vec::new()
    };
    let failing = view.failing(live);
    // Of a rollout that fails, tasks come and go.
    let tasks = if failing.is_some() { live.desired } else { live.running.max(live.desired) };
    if tasks == 0 && next.is_some() {
        mistakes.push(format!("the live side {} runs no tasks: start it before deploying", live.name));
    }
    let mut notes = settings.map(|settings| notes(view, settings)).unwrap_or_default();
    of_room(view, live, next, &definition, tasks, &mut mistakes, &mut notes);
    notes.extend(failing.iter().map(|failing| repair(live, failing)));
    let idle = next.and_then(|next| view.failing(next));
    notes.extend(idle.iter().map(|failing| format!("{}: it gives way to the new image", failing.why)));
    let serving = failing.as_ref().map_or(live.task_definition.as_str(), |failing| &failing.serving);
    let sides = Sides { live, next, serving, containers: &containers };
    let readiness = readiness(view, &sides, &mut mistakes);
    let migration = schema(view, live, serving, &containers, &mut mistakes, &mut notes);
    let pace = pace(view);
    mistakes.extend(settings.and_then(|settings| too_long(settings, &pace, view.numbers_after)));
    match (&view.image, settings) {
        (Ok(image), Some(settings)) if mistakes.is_empty() => {
            if !view.redeploy && failing.is_none() && runs(&definition, &containers, image) {
                return Decision::NothingToDo(format!("{} runs {image} already", view.service));
            }
            notes.extend((tasks == 0).then(|| unproven(live)));
            let plan = Plan {
                cluster: view.service.cluster.clone(),
                image: image.clone(),
                other_containers: containers.split_off(containers.len().min(1)),
                container: containers.pop().unwrap_or_default(),
                migration,
                source: failing.as_ref().map(|_| live.task_definition.clone()),
                live: served(live, failing),
                // One that waits and cannot even do that goes back to waiting without tasks.
                next: next.map(|next| Member {
                    desired: if idle.is_some() { 0 } else { next.desired },
                    ..member(next)
                }),
                routes: view.routes.clone(),
                tasks,
                room: room(view, target(live, next), &definition),
                pace,
                settings: settings.clone(),
                readiness,
                ignored_alarms: vec![],
                notes,
            };
            Decision::Go(Box::new(plan))
        }
        _ => Decision::Refuse(mistakes),
    }
}

/// What settings and hooks themselves say against it.
fn told(view: &View) -> Vec<String> {
    let settings = view.settings.as_ref().err().into_iter().flatten();
    settings.chain(&view.closed_hooks).cloned().collect()
}

/// Where requests come from.
fn of_traffic(
    view: &View,
    strategy: Strategy,
    (live, next): (&ServiceSeen, Option<&ServiceSeen>),
    mistakes: &mut Vec<String>,
) {
    match (strategy, groups_of(live, next)) {
        (Strategy::BlueGreen, Some((live_group, next_group))) if live_group != next_group => {
            of_routes(&view.routes, live_group, next_group, mistakes);
        }
        (Strategy::Rolling, _) => of_rolling_groups(view, live, mistakes),
        _ => {}
    }
}

/// How the service changes over; while the settings are wrong, as it looks.
pub fn strategy(view: &View) -> Strategy {
    let looks = if view.names.len() == 2 { Strategy::BlueGreen } else { Strategy::Rolling };
    view.settings.as_ref().map_or(looks, |settings| settings.strategy)
}

/// The live member and, of a pair, the next one. Which is live the routes say, and nothing else does.
fn sides(view: &View, strategy: Strategy) -> Option<(&ServiceSeen, Option<&ServiceSeen>)> {
    let first = view.members.first()?;
    if strategy == Strategy::Rolling {
        return Some((first, None));
    }
    let second = view.members.get(1)?;
    let gets_traffic = |member: &ServiceSeen| {
        let group = member.target_groups.keys().next();
        group.is_some_and(|group| view.routes.iter().any(|route| route.sends_to(group)))
    };
    Some(if gets_traffic(second) && !gets_traffic(first) {
        (second, Some(first))
    } else {
        (first, Some(second))
    })
}

fn groups_of<'a>(live: &'a ServiceSeen, next: Option<&'a ServiceSeen>) -> Option<(&'a str, &'a str)> {
    Some((live.target_groups.keys().next()?, next?.target_groups.keys().next()?))
}

/// Whether the new tasks find room besides the old.
fn of_room(
    view: &View,
    live: &ServiceSeen,
    next: Option<&ServiceSeen>,
    definition: &DefinitionSeen,
    tasks: u32,
    mistakes: &mut Vec<String>,
    notes: &mut Vec<String>,
) {
    let warm = next.map_or(0, |next| next.running);
    let Some(instances) = view.instances.as_ref().filter(|_| on_instances(target(live, next))) else {
        notes.push(
            "room for the new tasks cannot be seen beforehand: a capacity provider or Fargate makes it"
                .to_owned(),
        );
        return;
    };
    let more = tasks.saturating_sub(warm);
    let Some(group) = &view.group else {
        mistakes.extend(shortage(instances, &definition.need, more).map(|shortage| {
            format!(
                "{shortage}; add container instances, let a capacity provider do it, or tag their Auto Scaling group with {GROUP_TAG}, so that it is enlarged"
            )
        }));
        return;
    };
    match make(instances, group, &definition.need, more) {
        Making::Enough => {}
        Making::Coming(why) => notes.push(why),
        Making::Enlarge { to, why } => {
            notes.push(format!("{} is enlarged from {} to {to} instances: {why}", group.name, group.desired));
        }
        Making::Impossible(why) => mistakes.push(why),
    }
}

/// The member that runs the new tasks.
fn target<'a>(live: &'a ServiceSeen, next: Option<&'a ServiceSeen>) -> &'a ServiceSeen {
    next.unwrap_or(live)
}

/// Whether a member's tasks are placed on container instances that we can see.
fn on_instances(member: &ServiceSeen) -> bool {
    member.launch_type.as_deref() == Some("EC2")
}

/// The group that may be enlarged for a member's tasks.
fn room(view: &View, member: &ServiceSeen, definition: &DefinitionSeen) -> Option<Room> {
    let group = view.group.as_ref().filter(|group| on_instances(member) && !group.managed)?;
    Some(Room { group: group.name.clone(), need: definition.need.clone() })
}

/// An execution that times out is recovered, which takes back what it brought: better not to begin.
fn too_long(settings: &Settings, pace: &Pace, numbers_after: Seconds) -> Option<String> {
    // What a bake without requests waits for is left out: it is for the few that have none.
    let longest = pace.longest(settings, numbers_after);
    (longest > MAX_EXECUTION).then(|| {
        format!(
            "a deployment with these settings would take up to {}h: at most {MAX_EXECUTION} are allowed; {} steps with a bake of {}, a rollback window of {} and a stickiness of {} count the most",
            longest.0.div_ceil(3600),
            settings.steps.len(),
            settings.bake,
            settings.rollback_window,
            pace.stickiness
        )
    })
}

fn member(seen: &ServiceSeen) -> Member {
    Member {
        ecs_service: seen.name.clone(),
        target_groups: seen.target_groups.keys().cloned().collect(),
        task_definition: seen.task_definition.clone(),
        desired: seen.desired,
        running: seen.running,
    }
}

/// The live member as it serves: what ECS could not bring about is none of its tasks'.
fn served(live: &ServiceSeen, failing: Option<Failing>) -> Member {
    match failing {
        Some(Failing { serving, tasks, .. }) => {
            Member { task_definition: serving, running: tasks, ..member(live) }
        }
        None => member(live),
    }
}

/// That nothing proves the revision, in words.
fn unproven(live: &ServiceSeen) -> String {
    format!("{} is told to run no tasks: it gets the revision, which no task proves", live.name)
}

/// That this is a repair, in words.
fn repair(live: &ServiceSeen, failing: &Failing) -> String {
    let serves = match failing.tasks {
        0 => "nothing serves meanwhile, so that there is nothing to go back to".to_owned(),
        tasks => format!("{tasks} tasks of {} serve meanwhile, and going back goes to them", failing.serving),
    };
    format!("a repair of {}: {}; {serves}", live.name, failing.why)
}

pub(crate) fn pace(view: &View) -> Pace {
    let longest = |each: fn(&TargetGroup) -> Seconds| view.groups.iter().map(each).max().unwrap_or_default();
    let stickiness = view.routes.iter().filter_map(|route| route.stickiness_seconds).max().unwrap_or(0);
    Pace {
        deregistration_delay: longest(|group| group.deregistration_delay),
        check_interval: longest(|group| group.check_interval),
        stickiness: Seconds(stickiness),
        pins: view.groups.iter().any(|group| group.pins),
    }
}
