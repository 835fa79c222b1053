//! A plan: everything a deployment will do and everything that rollback needs, known before the first change.

use crate::image::PinnedImage;
use crate::route::{Route, WHOLE, Weight};
use crate::settings::{Settings, Strategy};
use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// What one ECS service was when the deployment began: what rollback restores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The ECS service's name.
    pub ecs_service: String,
    /// Its target groups; none for a service behind no load balancer. A pair's members have just one.
    pub target_groups: Vec<String>,
    /// The task definition it was set to, by ARN.
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

/// How target groups drain and how often they are checked: the paces that waiting follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The longest deregistration delay of the target groups.
    pub deregistration_delay: Seconds,
    /// The longest health-check interval of the target groups: two readings closer than this are one.
    pub check_interval: Seconds,
    /// The longest stickiness on a route: how long clients may stay pinned to a side of weight 0.
    pub stickiness: Seconds,
}

/// What will be done, to what, and how it was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The ECS cluster.
    pub cluster: String,
    /// The image that will run.
    pub image: PinnedImage,
    /// The container that gets it.
    pub container: String,
    /// The side that serves now; the service itself when rolling.
    pub live: Member,
    /// The side being prepared; none when rolling.
    pub next: Option<Member>,
    /// The routes as they were: the pre-state of every shift.
    pub routes: Vec<Route>,
    /// How many tasks to start.
    pub tasks: u32,
    /// Paces of draining and health checks.
    pub pace: Pace,
    /// The settings it was planned with.
    pub settings: Settings,
    /// What is worth knowing before it starts, in words: a moved tag, capacity that cannot be seen.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Plan {
    /// How the service changes over.
    pub fn strategy(&self) -> Strategy {
        self.settings.strategy
    }

    /// The member that runs the new revision: the next side, or the rolling service.
    pub fn target(&self) -> &Member {
        self.next.as_ref().unwrap_or(&self.live)
    }

    /// The weight of a step by its index; the whole after the last.
    pub fn weight_of(&self, step: usize) -> Weight {
        self.settings.steps.get(step).copied().unwrap_or(WHOLE)
    }

    /// Whether a step is the last.
    pub fn is_last(&self, step: usize) -> bool {
        step + 1 >= self.settings.steps.len()
    }

    /// The two target groups of a pair: live and next.
    pub fn pair_groups(&self) -> Option<(&str, &str)> {
        Some((self.live.target_group()?, self.next.as_ref()?.target_group()?))
    }
}
