//! The stage of a rehearsal: a cloud from template.yaml with sample services that serve version `v1`.

mod pace;
mod sample;
pub(crate) mod set_up;

pub use pace::Pace;
pub use sample::{Image, Member, Sample};

use crate::binaries::Binaries;
use crate::build::workspace;
use anyhow::Context as _;
use rehearsal_cloud::{Cloud, CloudConfig};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The ECS cluster of the sample services.
pub const CLUSTER: &str = "rehearsal";
/// The Auto Scaling group of its instances, if they have one.
pub const GROUP: &str = "workers";
/// The longest that sample services may take to serve.
const STEADY_DEADLINE: Duration = Duration::from_secs(60);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Which services there are, and how the cloud behaves.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Seeds every lag and id.
    pub seed: u64,
    /// The port of all AWS APIs; 0 for any.
    pub port: u16,
    /// The first traffic port; 0 for any. A second service takes the next one.
    pub traffic_port: u16,
    /// Container instances, each with CPU units and MiB of memory.
    pub instances: Vec<(u32, u32)>,
    /// The instances are an Auto Scaling group that is tagged for the cluster and may have this many; none if they are
    /// just there.
    pub group: Option<u32>,
    /// Whether tasks run on Fargate Spot, by a capacity provider strategy.
    pub spot: bool,
    /// How many tasks each service runs.
    pub tasks: u32,
    /// Whether there is a blue/green pair.
    pub pair: bool,
    /// How many rolling services there are, all deployed by pushes to one repository.
    pub rolling: u16,
    /// The tag by which the first task definitions name their images; none if by digest, as deployments leave them.
    pub by_tag: Option<&'static str>,
    /// Options of the sample application in the first image.
    pub first_image: Vec<String>,
    /// Its annotations.
    pub first_annotations: Vec<(String, String)>,
    /// Variables of the containers of the first task definition.
    pub environment: Vec<(String, String)>,
    /// Whether containers have a health check of their own.
    pub checked: bool,
    /// How many seconds users stay with the side of a pair that they met first; none where they do not.
    pub sticky: Option<u32>,
    /// Tags besides the necessary ones, without their prefix.
    pub tags: BTreeMap<String, String>,
    /// Parameters of the stack besides the rehearsal's own.
    pub parameters: BTreeMap<String, String>,
    /// How quick health checks, drains and load balancer nodes are.
    pub pace: Pace,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            seed: 1,
            port: 0,
            traffic_port: 0,
            instances: vec![(2048, 4096); 3],
            group: None,
            spot: false,
            tasks: 4,
            pair: true,
            rolling: 0,
            by_tag: None,
            first_image: Vec::new(),
            first_annotations: Vec::new(),
            environment: Vec::new(),
            checked: false,
            sticky: None,
            tags: BTreeMap::new(),
            parameters: BTreeMap::new(),
            pace: Pace::AWS,
        }
    }
}

/// The cloud and its sample services.
pub struct Stage {
    /// The cloud.
    pub cloud: Cloud,
    /// The sample services.
    pub samples: Vec<Sample>,
    /// The binaries that run in it.
    pub binaries: Binaries,
    /// Whether its containers have a health check of their own.
    pub checked: bool,
    /// Whether its tasks run on Fargate Spot.
    pub spot: bool,
    /// Variables of its containers.
    pub environment: Vec<(String, String)>,
    /// How quick it is.
    pub pace: Pace,
}

impl Stage {
    /// Starts the cloud, deploys the stack from template.yaml, and waits until the sample services serve.
    ///
    /// # Errors
    /// If the template cannot be read, a port is taken, or the services do not come up in time.
    pub async fn set(binaries: &Binaries, setting: &Setting) -> anyhow::Result<Self> {
        let own = [("ClusterName".to_owned(), CLUSTER.to_owned())];
        let parameters =
            own.into_iter().chain(setting.pace.parameters()).chain(setting.parameters.clone()).collect();
        let cloud = Cloud::start(CloudConfig {
            template: workspace().join("template.yaml"),
            parameters,
            binaries: binaries.functions(),
            port: setting.port,
            seed: setting.seed,
            elb: setting.pace.balancers(),
            ecs: rehearsal_ecs::Config {
                containers: binaries.instead().map(|linked| linked.containers.clone()),
                ..setting.pace.tasks()
            },
            lambda: rehearsal_lambda::Config {
                code: binaries.instead().map(|linked| linked.code.clone()),
                ..rehearsal_lambda::Config::default()
            },
            metrics: setting.pace.metrics(),
            ..CloudConfig::default()
        })
        .await
        .context("the cloud does not start")?;
        let mut stage = Self {
            cloud,
            samples: Vec::new(),
            binaries: binaries.clone(),
            checked: setting.checked,
            spot: setting.spot,
            environment: setting.environment.clone(),
            pace: setting.pace,
        };
        match set_up::all(&stage, setting).await {
            Ok(samples) => stage.samples = samples,
            Err(error) => {
                stage.strike().await;
                return Err(error.context("the sample services cannot be set up"));
            }
        }
        Ok(stage)
    }

    /// The ledger's table.
    ///
    /// # Errors
    /// If the template has none.
    pub fn table(&self) -> anyhow::Result<&str> {
        let table = self.cloud.stack().tables.first();
        Ok(&table.context("template.yaml has no table")?.name)
    }

    /// The state machine's ARN.
    ///
    /// # Errors
    /// If the template has none.
    pub fn state_machine(&self) -> anyhow::Result<&str> {
        let machine = self.cloud.stack().state_machines.first();
        Ok(&machine.context("template.yaml has no state machine")?.arn)
    }

    /// Calls an AWS API of the cloud, as its operator.
    ///
    /// # Errors
    /// What the API answered, with the operation.
    pub async fn call(&self, service: Service, operation: &str, input: Value) -> anyhow::Result<Value> {
        let answer = self.cloud.call(service, operation, input).await;
        answer.map_err(|error| anyhow::anyhow!("{operation}: {error}"))
    }

    /// Pushes an image, as `docker push` would in the end. Returns its digest.
    ///
    /// # Errors
    /// What the registry answered.
    pub async fn push(&self, repository: &str, tag: &str, image: &Image) -> anyhow::Result<String> {
        let manifest = image.manifest();
        let input = json!({"repositoryName": repository, "imageTag": tag, "imageManifest": manifest});
        let answer = self.call(Service::Ecr, "PutImage", input).await?;
        let digest = answer["image"]["imageId"]["imageDigest"].as_str();
        digest.map(str::to_owned).context("PutImage: the answer holds no digest")
    }

    /// Gives the members of a pair behind a rule these weights, as somebody's hand does.
    ///
    /// # Errors
    /// What Elastic Load Balancing answered.
    pub async fn weigh(&self, pair: &Sample, weights: [u32; 2]) -> anyhow::Result<()> {
        let groups: Vec<Value> = (pair.members.iter().zip(weights))
            .map(|(member, weight)| json!({"TargetGroupArn": member.target_group, "Weight": weight}))
            .collect();
        let actions = json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]);
        self.call(Service::Elbv2, "ModifyRule", json!({"RuleArn": pair.rule, "Actions": actions}))
            .await
            .map(drop)
    }

    /// The newest tag of every image of a repository, by digest.
    pub async fn tags(&self, repository: &str) -> BTreeMap<String, String> {
        let listed = self.call(Service::Ecr, "DescribeImages", json!({"repositoryName": repository})).await;
        let listed = listed.unwrap_or_default();
        let tag = |image: &Value| {
            let tag = image["imageTags"].as_array()?.last()?.as_str()?;
            Some((image["imageDigest"].as_str()?.to_owned(), tag.to_owned()))
        };
        listed["imageDetails"].as_array().into_iter().flatten().filter_map(tag).collect()
    }

    /// Waits until every sample service runs what it should and every node of its load balancer knows.
    pub(crate) async fn until_steady(&self) -> anyhow::Result<()> {
        let steady = async {
            loop {
                let services = self.cloud.ecs().snapshot().services;
                let elb = self.cloud.elb().snapshot();
                if services.iter().all(|service| service.steady) && elb.pending == 0 {
                    return;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let deadline = STEADY_DEADLINE * self.pace.patience;
        tokio::time::timeout(deadline, steady)
            .await
            .with_context(|| format!("the sample services do not serve after {deadline:?}"))
    }

    /// Takes everything down; no process is left.
    pub async fn strike(&self) {
        self.cloud.shutdown().await;
    }
}
