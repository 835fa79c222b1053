//! A plan: everything a deployment will do and everything that rollback needs, known before the first change.

use crate::gate::{Hook, Point};
use crate::image::PinnedImage;
use crate::readiness::Readiness;
use crate::room::Room;
use crate::route::{Route, RouteId, WHOLE, Weight};
use crate::schema::Migration;
use crate::settings::{Settings, Strategy};
use crate::span::Seconds;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one ECS service was when the deployment began: what rollback restores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The ECS service's name.
    pub ecs_service: String,
    /// Its target groups; none for a service behind no load balancer. A pair's members have just one.
    pub target_groups: Vec<String>,
    /// The task definition, by ARN, of the tasks that it ran: the one it was set to, unless ECS could not bring that about.
    pub task_definition: String,
    /// How many tasks it was told to run.
    pub desired: u32,
    /// How many it ran.
    pub running: u32,
}

impl Member {
    /// A pair's member's only target group.
    pub fn target_group(&self) -> Option<&str> {
        self.target_groups.first().map(String::as_str)
    }
}

/// How long an execution may run, everything included: the state machine's `TimeoutSeconds`.
pub const MAX_EXECUTION: Seconds = Seconds(72 * 3600);
/// Most looks of one deployment while it waits. Each is a task, a choice and a wait: nine events of the 25,000 that
/// Step Functions keeps of an execution; what remains is for changes and for retries.
pub const MAX_LOOKS: u64 = 2_500;
/// Longest wait for the last request to a side that went out; after that the deregistration delay alone protects
/// what is left.
pub const QUIET_PATIENCE: Seconds = Seconds(1800);
/// Longest wait, besides the deregistration delay, for ECS to stop tasks.
pub const STOP_PATIENCE: Seconds = Seconds(900);

/// How long after a change AWS may still tell what was before: it promises no read-after-write. What is younger than this
/// and looks as it did before the change is "not yet", and nothing that anybody did.
pub const READ_PATIENCE: Seconds = Seconds(10);

/// How long AWS may keep tasks that are watched from being seen before that ends the deployment: as long as a bake may wait
/// for requests, by default, or a drain for the last of them.
pub const BLIND_PATIENCE: Seconds = Seconds(1800);

/// How often the next side's tasks are brought up to what the live side has grown to, or what somebody took away: after
/// that somebody else sets them again and again.
pub const MAX_RAISES: u32 = 10;

/// How long a number of tasks that somebody else sets again is set right again, before that is for a person to settle.
pub const FIGHT_PATIENCE: Seconds = Seconds(300);

/// How target groups drain and how often they are checked: the paces that waiting follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The longest deregistration delay of the target groups.
    pub deregistration_delay: Seconds,
    /// The longest health-check interval of the target groups: two readings closer than this are one.
    pub check_interval: Seconds,
    /// The longest stickiness on a route: how long clients may stay pinned to a side of weight 0.
    pub stickiness: Seconds,
    /// Whether a target group pins clients to its targets. AWS allows it on a weighted route only with stickiness, which then
    /// cannot be switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pins: bool,
}

impl Pace {
    /// The longest that a deployment with these settings takes if it waits for everything that it may wait for, and is
    /// rolled back in the end; each bake with this much more, for its numbers to be there and to be enough.
    pub fn longest(&self, settings: &Settings, after_bake: Seconds) -> Seconds {
        let bakes = (settings.bake.0 + after_bake.0).saturating_mul(settings.steps.len().max(1) as u64);
        let start_and_back = settings.health_timeout.0 * 2;
        let drain = match settings.strategy {
            // ECS stops its old tasks without waiting for any of this.
            Strategy::Rolling => 0,
            // Pins are waited for once before the old tasks go, and once more if it goes back.
            Strategy::BlueGreen => {
                self.stickiness.0.saturating_mul(2) + QUIET_PATIENCE.0 + settings.rollback_window.0
            }
        };
        let stops = (self.deregistration_delay.0 + STOP_PATIENCE.0) * 2;
        Seconds(bakes.saturating_add(start_and_back + drain + stops).saturating_add(hooks(settings)))
    }
}

/// How long the hooks of settings may take, in seconds: one after each step as often as there are steps.
fn hooks(settings: &Settings) -> u64 {
    let each = settings.hooks.iter().map(|placed| {
        let limit = match placed.hook {
            Hook::Pause { limit, .. } => limit,
            Hook::Lambda { .. } | Hook::Task { .. } => settings.hook_timeout,
        };
        let times = if placed.point == Point::AfterStep { settings.steps.len().max(1) } else { 1 };
        limit.0.saturating_mul(times as u64)
    });
    each.fold(0, u64::saturating_add)
}

/// What will be done, to what, and how it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The ECS cluster.
    pub cluster: String,
    /// The image that will run.
    pub image: PinnedImage,
    /// The container that gets it; of several the first.
    pub container: String,
    /// Others that get it as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_containers: Vec<String>,
    /// The side that serves now; the service itself when rolling.
    pub live: Member,
    /// The side being prepared; none when rolling.
    pub next: Option<Member>,
    /// The routes as they were: the pre-state of every shift.
    pub routes: Vec<Route>,
    /// How many tasks to start.
    pub tasks: u32,
    /// The Auto Scaling group that may be enlarged for them; none without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
    /// Paces of draining and health checks.
    pub pace: Pace,
    /// The settings it was planned with.
    pub settings: Settings,
    /// What the task at `before-start` does to the database's schema, if images say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    /// The task definition that the new revision is a copy of, where that is not the live member's: the one that this
    /// was set to, which ECS could not bring about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The proof that going back would work.
    #[serde(default)]
    pub readiness: Readiness,
    /// Alarms that were red before anything was changed, and are not watched for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_alarms: Vec<String>,
    /// What is worth knowing before it starts, in words: a moved tag, capacity that cannot be seen.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Plan {
    /// How the service changes over.
    pub fn strategy(&self) -> Strategy {
        self.settings.strategy
    }

    /// The routes on which clients are pinned, and are let go for a while: whoever gets everything gets them as well.
    pub fn sticky(&self) -> Vec<RouteId> {
        let sticky = self.routes.iter().filter(|route| route.is_sticky() && !self.pace.pins);
        sticky.map(|route| route.id.clone()).collect()
    }

    /// Every container that gets the image.
    pub fn containers(&self) -> Vec<String> {
        std::iter::once(&self.container).chain(&self.other_containers).cloned().collect()
    }

    /// Container → the image that it gets.
    pub fn images(&self) -> BTreeMap<String, String> {
        self.containers().into_iter().map(|name| (name, self.image.uri.clone())).collect()
    }

    /// The member that runs the new revision: the next side, or the rolling service.
    pub fn target(&self) -> &Member {
        self.next.as_ref().unwrap_or(&self.live)
    }

    /// The task definition that the live member was set to when this was planned: what the new revision is a copy of.
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or(&self.live.task_definition)
    }

    /// The weight of a step by its index; the whole after the last.
    pub fn weight_of(&self, step: usize) -> Weight {
        self.settings.steps.get(step).copied().unwrap_or(WHOLE)
    }

    /// Whether a step is the last.
    pub fn is_last(&self, step: usize) -> bool {
        step + 1 >= self.settings.steps.len()
    }

    /// How long to wait between two looks: as configured, or longer where everything that may be waited for is so long
    /// that the execution's history would not hold it.
    pub fn poll(&self, configured: Seconds, after_bake: Seconds) -> Seconds {
        let longest = self.pace.longest(&self.settings, after_bake);
        configured.max(Seconds(longest.0 / MAX_LOOKS))
    }

    /// The alarms that are watched: those that were not red before.
    pub fn alarms(&self) -> Vec<String> {
        let watched = self.settings.alarms.iter().filter(|name| !self.ignored_alarms.contains(name));
        watched.cloned().collect()
    }

    /// The two target groups of a pair: live and next.
    pub fn pair_groups(&self) -> Option<(&str, &str)> {
        Some((self.live.target_group()?, self.next.as_ref()?.target_group()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use crate::settings::{MAX_BAKE, MAX_HEALTH_TIMEOUT, MAX_ROLLBACK_WINDOW, MAX_STEPS, Raw, read};

    /// What Step Functions keeps of an execution, and what a look adds to it: a task's five events, and two each of a
    /// choice and of a wait.
    const HISTORY: u64 = 25_000;
    const EVENTS_OF_A_LOOK: u64 = 9;
    const DAY: u64 = 24 * 3600;

    fn plan(tags: &[(&str, String)], stickiness: Seconds) -> Plan {
        let tags: Raw = tags.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        let plan = samples::plan();
        let pace =
            Pace { deregistration_delay: Seconds(3600), check_interval: Seconds(5), stickiness, ..plan.pace };
        Plan { pace, settings: read(&Raw::new(), &tags, &Raw::new()).unwrap(), ..plan }
    }

    #[test]
    fn usual_deployments_are_looked_at_as_often_as_configured() {
        let usual = plan(&[("repository", "web".to_owned())], Seconds(0));
        assert_eq!(usual.poll(Seconds(10), Seconds(1800)), Seconds(10));
    }

    #[test]
    fn the_longest_is_all_that_may_be_waited_for() {
        let tags = |strategy: &str| {
            let mut tags = vec![("repository", "web".to_owned()), ("strategy", strategy.to_owned())];
            if strategy == "blue-green" {
                tags.push(("pair", "green".to_owned()));
                tags.push(("steps", "50 100".to_owned()));
            }
            tags.extend([("bake", "2h".to_owned()), ("rollback-window", "3h".to_owned())]);
            tags
        };
        let hours = |plan: &Plan, patience| plan.pace.longest(&plan.settings, patience).0 / 3600;
        // Two bakes, 10 min to begin and to go back, stickiness twice, 30 min of requests, the window, twice 75 min of stops.
        let pair = plan(&tags("blue-green"), Seconds(DAY));
        assert_eq!(hours(&pair, Seconds(0)), 4 + 48 + 3 + 3);
        assert_eq!(hours(&pair, Seconds(3600)), 4 + 48 + 3 + 3 + 2);
        let rolling = plan(&tags("rolling"), Seconds(DAY));
        assert_eq!(hours(&rolling, Seconds(0)), 2 + 2, "it waits for no stickiness and has no window");
    }

    #[test]
    fn the_longest_deployment_fits_into_a_history() {
        let steps: Vec<String> = (1..=MAX_STEPS).map(|step| (step * 5).to_string()).collect();
        let tags = [
            ("repository", "web".to_owned()),
            ("pair", "green".to_owned()),
            ("strategy", "blue-green".to_owned()),
            ("steps", steps.join(" ")),
            ("bake", MAX_BAKE.to_string()),
            ("health-timeout", MAX_HEALTH_TIMEOUT.to_string()),
            ("rollback-window", MAX_ROLLBACK_WINDOW.to_string()),
        ];
        let longest = plan(&tags, Seconds(7 * DAY));
        let poll = longest.poll(Seconds(1), Seconds(1800));
        let waits =
            MAX_BAKE.0 * MAX_STEPS as u64 + MAX_HEALTH_TIMEOUT.0 * 2 + MAX_ROLLBACK_WINDOW.0 + 14 * DAY;
        assert!(waits / poll.0 * EVENTS_OF_A_LOOK < HISTORY, "{poll}");
    }
}
