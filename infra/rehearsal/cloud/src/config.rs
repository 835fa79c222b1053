//! What a cloud is started with.

use crate::account::Account;
use crate::front::Limits;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How much faster than AWS's the metrics' clock runs in a rehearsal, unless configured: the minutes that a load balancer
/// reports last a second here, and so on.
pub const METRICS_SPEED: u32 = 60;

/// How long the periods of load balancers' metrics are, and how late they are complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricPace {
    /// What a load balancer reports in one piece, in seconds; other periods are multiples of it.
    pub minute: u64,
    /// How long after its end a period is complete.
    pub delay: Duration,
}

impl MetricPace {
    /// As AWS does it: each minute, of which something may be missing for two more.
    pub const AWS: Self = Self { minute: 60, delay: Duration::from_secs(120) };

    /// So many times as fast, but no minute lasts less than a second.
    #[must_use]
    pub fn faster(speed: u32) -> Self {
        let speed = speed.max(1);
        Self { minute: (Self::AWS.minute / u64::from(speed)).max(1), delay: Self::AWS.delay / speed }
    }
}

/// What a cloud is started with. `CloudConfig::default()` has the shipped template in the current folder,
/// AWS's rate limits, and any free port.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    /// The template; the state machine's definition is found from its folder.
    pub template: PathBuf,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// The account and region everything lives in, whatever the services' own settings say.
    pub account: Account,
    /// Values in place of the template parameters' defaults.
    pub parameters: BTreeMap<String, String>,
    /// The functions' binaries by what the template calls them (`Metadata.BuildProperties.Binary`).
    pub binaries: BTreeMap<String, PathBuf>,
    /// The port of all APIs on loopback; 0 for any.
    pub port: u16,
    /// Where every random choice starts, whatever the services' own settings say.
    pub seed: u64,
    /// The load balancers.
    pub elb: rehearsal_elb::Config,
    /// ECS.
    pub ecs: rehearsal_ecs::Config,
    /// Lambda.
    pub lambda: rehearsal_lambda::Config,
    /// How long periods of metrics are, and how late they are complete.
    pub metrics: MetricPace,
    /// Whether the template's policies count: a role may only what they allow it. Operators may everything.
    pub enforce_policies: bool,
    /// How many calls are let in; none for no limit.
    pub limits: Option<Limits>,
}

impl Default for CloudConfig {
    fn default() -> Self {
        Self {
            template: PathBuf::from("template.yaml"),
            stack_name: "changeover".to_owned(),
            account: Account::default(),
            parameters: BTreeMap::new(),
            binaries: BTreeMap::new(),
            port: 0,
            seed: 1,
            elb: rehearsal_elb::Config::default(),
            ecs: rehearsal_ecs::Config::default(),
            lambda: rehearsal_lambda::Config::default(),
            metrics: MetricPace::faster(METRICS_SPEED),
            enforce_policies: true,
            limits: Some(Limits::aws()),
        }
    }
}
