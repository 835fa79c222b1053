//! The scenarios: what happens on the stage, and what must come of it.

mod account;
mod already;
mod catalogue;
mod common;
mod database;
mod hand;
mod hooks;
mod images;
mod observe;
mod outage;
mod play;
mod team;

pub use catalogue::{CATALOGUE, MAIN, find};
pub use common::PUSH;
pub use database::{Schemas, Written};
pub use observe::{Observation, Observed};
pub use outage::Outage;
pub use play::{Listener, Options, Play, play};

use crate::stage::{Pace, Setting};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// An image is pushed, and whatever follows from that follows.
    Push,
    /// The same, and once tasks are to start somebody takes the free container instances away.
    PushThenNoRoom,
    /// An image is pushed under a tag that no service waits for, and an operator starts an execution with it.
    Console,
    /// An image is pushed and deployed; then somebody sets the service back to its first task definition, and reconcile
    /// ticks.
    PushThenReset,
    /// An image is pushed under a tag that no service waits for, another one is deployed, and then the older one is given a
    /// tag that is waited for.
    Promote,
    /// An image is pushed together with its parts for each architecture, its signature and whatever else belongs to it.
    PushInCompany,
    /// The image comes by replication from another region.
    Replicate,
    /// Nothing is pushed; somebody starts executions for a cluster and a service that there are not.
    Mistype,
    /// The service's tag names a repository that there is not, for a while; then an image is pushed.
    MistypeRepository,
    /// An image is pushed, and once its deployment is in a state that says something, an operator gives it an order.
    PushThenOrder {
        /// The state.
        at: &'static str,
        /// What it says, from its beginning.
        says: &'static str,
        /// The order: what an execution's input has besides the service, as a JSON object.
        order: &'static str,
    },
    /// An image is pushed, and while its old tasks stay warm another one is.
    WindowThenPush,
    /// An image is pushed, and while some users meet it the side that serves is given more tasks.
    PushThenGrow,
    /// An image is pushed, and while some users meet it Fargate Spot takes one of its tasks back.
    PushThenInterrupt,
    /// An image is pushed, and once users meet it an alarm of the team's own rises.
    AlarmRises,
    /// An image is pushed while an alarm of the team's own is red; then an operator deploys it all the same.
    AlarmWasRed,
    /// An image is pushed while the team's calendar is closed, which opens after a while.
    Frozen,
    /// Nothing is pushed; the canary schedule of the stack ticks.
    Scheduled,
    /// No deployment: somebody flips the weights and stops the old tasks at once.
    Careless,
}

/// How the service is before anything happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Already {
    /// As deployments leave it.
    Fine,
    /// Its task definition names its image by a tag, which the push moves: as services are before their first deployment.
    ByTag,
    /// Its task definition was deregistered.
    Deregistered,
    /// The image that it runs was deleted from the registry.
    WithoutImage,
    /// Its task definition cannot be copied, nor be run by the other side: too many tags, another port, a role that the
    /// stack may not pass.
    Unfit,
    /// Somebody has told it to run an image that crashes, and nothing gives that up.
    Failing,
}

/// Which requests may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayFail {
    /// None.
    None,
    /// Those that the new version answers, while it has no more than this weight.
    NewVersion(u32),
    /// Those that the new version never answers, while it has no more than this weight.
    Unanswered(u32),
    /// Some must, and only those that the version answers which serves at first.
    OldVersion,
    /// Some must, and only those that the load balancer itself answers with this status.
    Balancer(u16),
    /// Some must: this is the control.
    Must,
    /// Any: they fail without any deployment as well, or as long as somebody goes on showing them what fails.
    Any,
}

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Whether the service is a blue/green pair; otherwise it is one rolling service.
    pub pair: bool,
    /// How the service is before that.
    pub already: Already,
    /// What happens.
    pub script: Script,
    /// Options of the sample application in the image that runs already.
    pub before: &'static [&'static str],
    /// Options of the sample application in the new image.
    pub image: &'static [&'static str],
    /// What goes wrong at a time of day, whoever serves by then; none where nothing does.
    pub outage: Option<Outage>,
    /// Whether containers have a health check of their own.
    pub checked: bool,
    /// How many seconds users stay with the side that they met first; none where they do not. Two thirds of the requests
    /// are then of users who keep cookies.
    pub sticky: Option<u32>,
    /// The versions of the schema that the old and the new version are written for, where they have a database together.
    pub database: Option<Schemas>,
    /// Settings by tag, besides the usual ones.
    pub tags: &'static [(&'static str, &'static str)],
    /// Functions of hooks: the name of each, and what it answers, one status after the other.
    pub functions: &'static [(&'static str, &'static str)],
    /// How the deployment must end; none where there is no deployment.
    pub outcome: Option<&'static str>,
    /// What the reason must say.
    pub reason: &'static [&'static str],
    /// What the advice must say.
    pub advice: &'static [&'static str],
    /// Which requests may fail.
    pub may_fail: MayFail,
    /// CPU units of each container instance.
    pub instances: &'static [u32],
    /// How many instances their Auto Scaling group may have; none if they are in none.
    pub group: Option<u32>,
    /// Whether tasks run on Fargate Spot, by a capacity provider strategy, and on no instances.
    pub spot: bool,
}

/// The tag that a push moves where task definitions name images by it.
pub(super) const MOVING_TAG: &str = "prod";
/// Enough for both sides.
const ROOM: &[u32] = &[2048, 2048, 2048];
/// What every scenario sets, so that a rehearsal is over soon.
const QUICK: [(&str, &str); 5] = [
    ("image-tag", "v@"),
    ("healthy-checks", "2"),
    ("bake", "4s"),
    ("health-timeout", "60s"),
    ("minimum-requests", "20"),
];
/// When the canary schedule ticks: after the sample services serve.
const CANARY_IN: std::time::Duration = std::time::Duration::from_secs(25);
/// The pair's name.
const CANARY_SERVICE: &str = "rehearsal/web-blue";
/// How long instances may take to join: several times as long as they do.
const INSTANCE_PATIENCE_SECONDS: u32 = 20;
/// MiB of each container instance.
const INSTANCE_MEMORY: u32 = 8192;

impl Scenario {
    /// When its image is pushed, if that is timed, on a stage that begins to be set now.
    fn push_at(&self, pace: Pace) -> Option<Timestamp> {
        self.outage.map(|_| Outage::push_at(pace))
    }

    /// The options of an image: its own, what it is written for, and what an outage makes of it.
    fn options(
        &self,
        own: &[&str],
        written: Option<Written>,
        suffers: bool,
        push_at: Option<Timestamp>,
    ) -> Vec<String> {
        let told = self.outage.filter(|_| suffers).zip(push_at).map(|(outage, at)| outage.told(at));
        let own = own.iter().map(|option| (*option).to_owned());
        let written = written.map(Written::options);
        own.chain(written.into_iter().flatten()).chain(told.into_iter().flatten()).collect()
    }

    /// The stage that it needs.
    fn setting(
        &self,
        seed: u64,
        pace: Pace,
        push_at: Option<Timestamp>,
        environment: Vec<(String, String)>,
    ) -> Setting {
        let before = self.database.map(|schemas| schemas.before);
        let tags: BTreeMap<String, String> = self.settings(pace).into_iter().collect();
        let mut parameters = BTreeMap::new();
        if self.script == Script::Scheduled {
            let at = rehearsal_world::now() + CANARY_IN * pace.patience;
            parameters.insert("CanaryService".to_owned(), CANARY_SERVICE.to_owned());
            parameters
                .insert("CanarySchedule".to_owned(), format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S")));
        }
        if self.already == Already::Unfit {
            parameters.insert("TaskRoles".to_owned(), already::OTHER_ROLES.to_owned());
        }
        if self.group.is_some() && !pace.is_own() {
            parameters.insert("RoomPatienceSeconds".to_owned(), INSTANCE_PATIENCE_SECONDS.to_string());
        }
        Setting {
            seed,
            parameters,
            pair: self.pair,
            rolling: u16::from(!self.pair),
            by_tag: (self.already == Already::ByTag).then_some(MOVING_TAG),
            tags,
            instances: self.instances.iter().map(|cpu| (*cpu, INSTANCE_MEMORY)).collect(),
            group: self.group,
            spot: self.spot,
            first_image: self.options(self.before, before, true, push_at),
            first_annotations: before.map(Written::annotations).unwrap_or_default(),
            environment,
            checked: self.checked,
            sticky: self.sticky,
            pace,
            ..Setting::default()
        }
    }

    /// The settings that it is played with, by tag without prefix; of two the later counts.
    pub(crate) fn settings(&self, pace: Pace) -> Vec<(String, String)> {
        // At AWS's own pace the defaults hold for all but the image tag and what the scenario is about.
        let usual = if pace.is_own() { &QUICK[..1] } else { &QUICK[..] };
        let moving = (self.already == Already::ByTag).then_some(("image-tag", MOVING_TAG));
        let pairs = usual.iter().chain(self.tags).chain(moving.as_ref());
        let all: BTreeMap<String, String> =
            pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        all.into_iter().collect()
    }

    /// What is expected, in words.
    pub fn expected(&self) -> String {
        let users = match self.may_fail {
            MayFail::None => "no failed request".to_owned(),
            MayFail::NewVersion(weight) => format!("failures only of the new version, within its {weight} %"),
            MayFail::Unanswered(weight) => {
                format!("unanswered requests only of the new version, within its {weight} %")
            }
            MayFail::OldVersion => "requests lost, each answered by the old version".to_owned(),
            MayFail::Balancer(status) => {
                format!("requests lost, each answered {status} by the load balancer")
            }
            MayFail::Must => "lost requests".to_owned(),
            MayFail::Any => "whatever fails without it as well".to_owned(),
        };
        match self.outcome {
            Some(outcome) => format!("{outcome}, {users}"),
            None => users,
        }
    }
}
