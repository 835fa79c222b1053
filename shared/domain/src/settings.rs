//! Settings: what tags, execution input and the stack's defaults say about a deployment.

use crate::alarm::{self, RedAlarms};
use crate::calendar;
use crate::gate::{self, Placed, Point};
use crate::judging::{self, Judging};
use crate::route::{WHOLE, Weight};
use crate::schema;
use crate::span::Seconds;
pub use objection::Objection;
use parse::{at_most, hook_time, number, steps, text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Before every tag of ours.
pub const TAG_PREFIX: &str = "changeover:";
/// Most steps a deployment may have; each costs a bake.
pub const MAX_STEPS: usize = 20;
/// Longest bake after one step.
pub const MAX_BAKE: Seconds = Seconds(24 * 3600);
/// Longest time the side that went out may stay warm.
pub const MAX_ROLLBACK_WINDOW: Seconds = Seconds(24 * 3600);
/// Most healthy readings in a row that may be asked for.
pub const MAX_HEALTHY_CHECKS: u32 = 100;
/// Longest time tasks may take to be healthy.
pub const MAX_HEALTH_TIMEOUT: Seconds = Seconds(6 * 3600);
/// Most requests that a bake may wait for.
pub const MAX_MINIMUM_REQUESTS: u64 = 1_000_000;

/// How a service changes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// One ECS service; ECS itself replaces its tasks.
    Rolling,
    /// A pair of ECS services; weights move from one to the other.
    BlueGreen,
}

/// What a push does to a deployment that is still running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnPush {
    /// The running deployment ends first.
    Queue,
    /// The running deployment is rolled back.
    Supersede,
}

/// What is done when a service does not run any more what it was brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDrift {
    /// It is brought there again.
    #[default]
    Bring,
    /// People are told.
    Tell,
}

impl OnDrift {
    /// Reads it as it is written.
    ///
    /// # Errors
    /// What may be written.
    pub fn parse(value: &str) -> Result<Self, String> {
        match value {
            "bring" => Ok(Self::Bring),
            "tell" => Ok(Self::Tell),
            _ => Err("must be bring or tell".to_owned()),
        }
    }
}

/// All settings of one deployment, defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The ECR repository whose pushes deploy this service.
    pub repository: String,
    /// Which image tag, or a pattern of them.
    pub image_tag: String,
    /// The containers that get the image, separated by spaces; none: those whose image is of the repository.
    pub container: Option<String>,
    /// How it changes over.
    pub strategy: Strategy,
    /// The other ECS service of the pair.
    pub pair: Option<String>,
    /// The next side's weights, rising, the last one 100.
    pub steps: Vec<Weight>,
    /// How long to watch after each step.
    pub bake: Seconds,
    /// Healthy readings in a row before traffic.
    pub healthy_checks: u32,
    /// How long tasks may take to be healthy before the deployment has failed.
    pub health_timeout: Seconds,
    /// How many requests the next side must have answered before a bake passes.
    pub minimum_requests: u64,
    /// How long the side that went out stays warm after success.
    pub rollback_window: Seconds,
    /// What a push during a deployment does.
    pub on_push: OnPush,
    /// How strictly it is judged. Records of old do not have it.
    #[serde(default)]
    pub judging: Judging,
    /// What is done when going back could not work.
    #[serde(default)]
    pub no_way_back: Objection,
    /// What is done when old and new could not have their database together.
    #[serde(default)]
    pub schema_mismatch: Objection,
    /// What is done when the service does not run any more what it was brought to; `dispatch` looks.
    #[serde(default)]
    pub on_drift: OnDrift,
    /// The CloudWatch alarms that are watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<String>,
    /// What is done with those that are red already.
    #[serde(default)]
    pub red_alarms: RedAlarms,
    /// The change calendar that says when deployments may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// What a team lets happen at the deployment's points.
    #[serde(default)]
    pub hooks: Vec<Placed>,
    /// How long each of them may take, but for pauses.
    #[serde(default = "hook_timeout")]
    pub hook_timeout: Seconds,
}

/// How long a hook may take unless it is set; of records of old as well.
fn hook_timeout() -> Seconds {
    Seconds(1800)
}

/// The settings there are, as written after `changeover:`.
pub const KEYS: [&str; 23] = [
    "repository",
    "image-tag",
    "container",
    "strategy",
    "pair",
    "steps",
    "bake",
    "healthy-checks",
    "health-timeout",
    "tolerated-errors",
    "tolerated-slowdown",
    "certainty",
    "unproven",
    "minimum-requests",
    "rollback-window",
    "on-push",
    "no-way-back",
    "schema-mismatch",
    "on-drift",
    "hook-timeout",
    "alarms",
    "red-alarms",
    "calendar",
];

/// Raw settings by key, without the prefix.
pub type Raw = BTreeMap<String, String>;

/// Before every Docker label of ours.
pub const LABEL_PREFIX: &str = "changeover.";

/// Takes our settings out of a container's Docker labels. They hold what a tag's value cannot, such as quotes. What a
/// container says of its database's schema is no setting.
pub fn from_labels<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Raw {
    labels
        .into_iter()
        .filter(|(key, _)| ![schema::BRINGS, schema::BEARS].contains(key))
        .filter_map(|(key, value)| Some((key.strip_prefix(LABEL_PREFIX)?.to_owned(), value.to_owned())))
        .collect()
}

/// Takes our tags out of a service's tags.
pub fn from_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Raw {
    tags.into_iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(TAG_PREFIX)?.to_owned(), value.to_owned())))
        .collect()
}

/// The tags of both members of a pair as one's. Where they differ `plan` refuses, and until then the first one's count;
/// whom a member is paired with, only its own tag says.
#[must_use]
pub fn of_both(first: &Raw, second: &Raw) -> Raw {
    let mut both = second.clone();
    both.remove("pair");
    both.extend(first.clone());
    both
}

/// Reads settings, each from the first layer that has it: input over tags over the stack's defaults.
///
/// # Errors
/// Every mistake there is, one sentence each.
pub fn read(input: &Raw, tags: &Raw, defaults: &Raw) -> Result<Settings, Vec<String>> {
    read_with_labels(input, tags, &Raw::new(), defaults)
}

/// The same where containers have Docker labels of ours: hooks, below the tags and over the stack's defaults.
///
/// # Errors
/// As [`read`].
pub fn read_with_labels(
    input: &Raw,
    tags: &Raw,
    labels: &Raw,
    defaults: &Raw,
) -> Result<Settings, Vec<String>> {
    let layers = [("input", input), ("tag", tags), (LABEL, labels), ("default", defaults)];
    let mut reader = Reader { layers, mistakes: vec![] };
    reader.unknown_keys();
    let mut settings = Settings {
        repository: reader.get("repository", None, text),
        image_tag: reader.get("image-tag", Some("latest"), text),
        container: reader.optional("container"),
        strategy: reader.get("strategy", Some("rolling"), |value| match value {
            "rolling" => Ok(Strategy::Rolling),
            "blue-green" => Ok(Strategy::BlueGreen),
            _ => Err("must be rolling or blue-green".to_owned()),
        }),
        pair: reader.optional("pair"),
        steps: reader.get("steps", Some("100"), steps),
        bake: reader.get("bake", Some("60s"), at_most(MAX_BAKE)),
        healthy_checks: reader.get("healthy-checks", Some("3"), number(1, MAX_HEALTHY_CHECKS)),
        health_timeout: reader.get("health-timeout", Some("10m"), at_most(MAX_HEALTH_TIMEOUT)),
        minimum_requests: reader.get("minimum-requests", Some("20"), number(0, MAX_MINIMUM_REQUESTS)),
        rollback_window: reader.get("rollback-window", Some("0s"), at_most(MAX_ROLLBACK_WINDOW)),
        on_push: reader.get("on-push", Some("queue"), |value| match value {
            "queue" => Ok(OnPush::Queue),
            "supersede" => Ok(OnPush::Supersede),
            _ => Err("must be queue or supersede".to_owned()),
        }),
        judging: Judging {
            tolerated_errors: reader.get(
                "tolerated-errors",
                Some("0.1"),
                judging::within(judging::TOLERATED_ERRORS),
            ),
            tolerated_slowdown: reader.get(
                "tolerated-slowdown",
                Some("2"),
                judging::within(judging::TOLERATED_SLOWDOWN),
            ),
            certainty: reader.get("certainty", Some("99"), judging::within(judging::CERTAINTY)),
            unproven: reader.get("unproven", Some("as-quiet"), judging::unproven),
        },
        no_way_back: reader.get("no-way-back", Some("refuse"), Objection::parse),
        schema_mismatch: reader.get("schema-mismatch", Some("refuse"), Objection::parse),
        on_drift: reader.get("on-drift", Some("bring"), OnDrift::parse),
        alarms: reader.given("alarms", alarm::read).unwrap_or_default(),
        red_alarms: reader.get("red-alarms", Some("refuse"), alarm::red),
        calendar: reader.given("calendar", calendar::read),
        hooks: Vec::new(),
        hook_timeout: reader.get("hook-timeout", Some("30m"), hook_time),
    };
    settings.hooks = reader.hooks(settings.strategy);
    reader.strategy_fits(&settings);
    if reader.mistakes.is_empty() { Ok(settings) } else { Err(reader.mistakes) }
}

/// The layer of Docker labels.
const LABEL: &str = "Docker label";

struct Reader<'a> {
    layers: [(&'static str, &'a Raw); 4],
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn find(&self, key: &str) -> Option<(&'static str, &str)> {
        self.layers.iter().find_map(|(layer, raw)| Some((*layer, raw.get(key)?.as_str())))
    }

    fn unknown_keys(&mut self) {
        let labels = self.layers.iter().filter(|(layer, _)| *layer == LABEL);
        let odd = labels.flat_map(|(_, raw)| raw.keys()).filter(|key| !gate::is_key(key));
        self.mistakes.extend(odd.map(|key| {
            format!(
                "{LABEL} {LABEL_PREFIX}{key}: only hooks are labels; set {TAG_PREFIX}{key} as a tag of the ECS service"
            )
        }));
        for (layer, raw) in self.layers.iter().filter(|(layer, _)| *layer != LABEL) {
            for key in raw.keys().filter(|key| !KEYS.contains(&key.as_str()) && !gate::is_key(key)) {
                self.mistakes.push(format!(
                    "{layer} {TAG_PREFIX}{key}: there is no such setting; there are {}, and the points {} with .1 to .{} after them if wanted",
                    KEYS.join(", "),
                    Point::ALL.map(Point::word).join(", "),
                    gate::MAX_NUMBER
                ));
            }
        }
    }

    /// A setting's value; after a mistake some value that is never used, since the mistakes are returned.
    fn get<T: Fallback>(
        &mut self,
        key: &str,
        default: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let found = self.find(key).map(|(layer, value)| (layer, value.to_owned()));
        let Some((layer, value)) = found.or_else(|| default.map(|value| ("default", value.to_owned())))
        else {
            self.mistakes.push(format!("{TAG_PREFIX}{key} is missing: set the tag on the ECS service"));
            return T::fallback();
        };
        parse(value.trim()).unwrap_or_else(|why| {
            self.mistakes.push(format!("{layer} {TAG_PREFIX}{key} is {value:?}: {why}"));
            T::fallback()
        })
    }

    /// A setting's value if there is one; after a mistake some value that is never used.
    fn given<T: Fallback>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.optional(key).map(|_| self.get(key, None, parse))
    }

    /// Hooks, each from the first layer that has it.
    fn hooks(&mut self, strategy: Strategy) -> Vec<Placed> {
        let keys: BTreeSet<&String> =
            self.layers.iter().flat_map(|(_, raw)| raw.keys()).filter(|key| gate::is_key(key)).collect();
        let found = keys.iter().filter_map(|key| {
            let (layer, value) = self.find(key)?;
            let prefix = if layer == LABEL { LABEL_PREFIX } else { TAG_PREFIX };
            Some((format!("{layer} {prefix}{key}"), key.as_str(), value))
        });
        let mut mistakes = Vec::new();
        let hooks = gate::read(found, strategy == Strategy::Rolling, &mut mistakes);
        self.mistakes.extend(mistakes);
        hooks
    }

    fn optional(&self, key: &str) -> Option<String> {
        self.find(key).map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn strategy_fits(&mut self, settings: &Settings) {
        match settings.strategy {
            Strategy::BlueGreen if settings.pair.is_none() => self.mistakes.push(format!(
                "{TAG_PREFIX}strategy is blue-green but {TAG_PREFIX}pair is missing: name the other ECS service of the pair"
            )),
            Strategy::Rolling if settings.pair.is_some() => self.mistakes.push(format!(
                "{TAG_PREFIX}strategy is rolling but {TAG_PREFIX}pair is set: set the strategy to blue-green or remove the pair"
            )),
            Strategy::Rolling if settings.steps != [WHOLE] => self.mistakes.push(format!(
                "{TAG_PREFIX}steps is set but {TAG_PREFIX}strategy is rolling, which has no weights: use blue-green or remove the steps"
            )),
            _ => {}
        }
    }
}

/// A value to go on with after a mistake, so that the other mistakes are found as well.
trait Fallback {
    fn fallback() -> Self;
}
macro_rules! fallback {
    ($($type:ty => $value:expr),* $(,)?) => { $(impl Fallback for $type { fn fallback() -> Self { $value } })* };
}
fallback!(String => String::new(), Strategy => Strategy::Rolling, OnPush => OnPush::Queue, Objection => Objection::Refuse,
    OnDrift => OnDrift::Bring, RedAlarms => RedAlarms::Refuse, Vec<String> => Vec::new(), judging::Millionths => judging::Millionths(0),
    judging::Unproven => judging::Unproven::default(),
    Vec<Weight> => vec![WHOLE], Seconds => Seconds(0), u32 => 1, u64 => 1);

mod objection;
mod parse;
#[cfg(test)]
mod tests;
