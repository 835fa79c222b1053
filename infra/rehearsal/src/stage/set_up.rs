//! Makes the sample services, by the AWS APIs alone.

use super::sample::Member;
use super::{CLUSTER, GROUP, Image, LOOK_AGAIN, STEADY_DEADLINE, Sample, Setting, Stage};
use anyhow::Context as _;
use changeover_domain::name::ServiceName;
use changeover_domain::room::GROUP_TAG;
use rehearsal_cloud::autoscaling::GroupSetting;
use rehearsal_wire::Service;
use serde_json::{Value, json};

/// What a task takes.
pub(crate) const TASK_CPU: u32 = 256;
/// MiB.
pub(crate) const TASK_MEMORY: u32 = 256;
/// MiB, where it runs on Fargate: the least that goes with so much CPU.
const FARGATE_MEMORY: u32 = 512;
/// The capacity provider of tasks that may be taken back.
const SPOT: &str = "FARGATE_SPOT";
/// Between two health checks of a container that has one of its own: as often as ECS allows.
const CHECK_SECONDS: u32 = 5;
/// The port that the container says it listens on.
const CONTAINER_PORT: u16 = 8080;
/// The subnets of load balancers, in two zones as AWS has it.
const SUBNETS: [&str; 2] = ["subnet-0a1b2c3d", "subnet-1b2c3d4e"];
/// The role of the sample tasks.
const EXECUTION_ROLE: &str = "arn:aws:iam::123456789012:role/rehearsal-task-execution";

pub(super) async fn all(stage: &Stage, setting: &Setting) -> anyhow::Result<Vec<Sample>> {
    stage.call(Service::Ecs, "CreateCluster", json!({"clusterName": CLUSTER})).await?;
    instances(stage, setting)?;
    if setting.spot {
        let given = json!({"cluster": CLUSTER, "capacityProviders": ["FARGATE", SPOT],
            "defaultCapacityProviderStrategy": []});
        stage.call(Service::Ecs, "PutClusterCapacityProviders", given).await?;
    }
    let mut samples = Vec::new();
    if setting.pair {
        let digest = first_image(stage, setting, "web").await?;
        let members = ["web-blue", "web-green"];
        samples.push(sample(stage, setting, ("web", &digest), &members, setting.traffic_port).await?);
    }
    if setting.rolling > 0 {
        let digest = first_image(stage, setting, "api").await?;
        for number in 1..=setting.rolling {
            let name = if number == 1 { "api".to_owned() } else { format!("api-{number}") };
            let port = if setting.traffic_port == 0 { 0 } else { setting.traffic_port + number };
            samples.push(sample(stage, setting, ("api", &digest), &[&name], port).await?);
        }
    }
    stage.until_steady().await?;
    Ok(samples)
}

/// The container instances: of an Auto Scaling group, which has all of one size, or one by one.
fn instances(stage: &Stage, setting: &Setting) -> anyhow::Result<()> {
    let Some(most) = setting.group else {
        for (cpu, memory) in &setting.instances {
            let added = stage.cloud.ecs().add_container_instance(CLUSTER, *cpu, *memory, &[]);
            added.context("no container instance")?;
        }
        return Ok(());
    };
    let size = *setting.instances.first().context("a group needs the size of its instances")?;
    let desired = u32::try_from(setting.instances.len())?;
    let group = GroupSetting {
        name: GROUP.to_owned(),
        cluster: CLUSTER.to_owned(),
        size,
        least: desired,
        most,
        desired,
        tags: [(GROUP_TAG.to_owned(), CLUSTER.to_owned())].into(),
    };
    stage.cloud.autoscaling().create(group).context("no Auto Scaling group")
}

/// A repository with its first image: what a task definition names after the repository.
async fn first_image(stage: &Stage, setting: &Setting, repository: &str) -> anyhow::Result<String> {
    stage.call(Service::Ecr, "CreateRepository", json!({"repositoryName": repository})).await?;
    let options: Vec<&str> = setting.first_image.iter().map(String::as_str).collect();
    let image = Image::sample(&stage.binaries, "v1", &options).annotated(setting.first_annotations.clone());
    let digest = stage.push(repository, setting.by_tag.unwrap_or("v1"), &image).await?;
    settled(stage).await?;
    Ok(setting.by_tag.map_or_else(|| format!("@{digest}"), |tag| format!(":{tag}")))
}

async fn sample(
    stage: &Stage,
    setting: &Setting,
    (repository, image): (&str, &str),
    members: &[&str],
    port: u16,
) -> anyhow::Result<Sample> {
    let definition = task_definition(stage, repository, image).await?;
    let mut made = Vec::new();
    for name in members {
        made.push(Member {
            ecs_service: (*name).to_owned(),
            target_group: target_group(stage, setting, name).await?,
        });
    }
    let (load_balancer, listener, rule) = balancer(stage, members[0], &made, (port, setting.sticky)).await?;
    for (index, member) in made.iter().enumerate() {
        let tags = tags(setting, repository, members, index);
        let tasks = if index == 0 { setting.tasks } else { 0 };
        ecs_service(stage, member, &definition, tasks, tags).await?;
    }
    let address = stage.cloud.elb().listener_address(&listener).context("the listener has no address")?;
    let first = ServiceName::new(CLUSTER, members[0]);
    let service = first.of_pair(members.get(1).copied());
    Ok(Sample {
        service,
        repository: repository.to_owned(),
        members: made,
        load_balancer,
        listener,
        rule,
        address,
    })
}

/// Waits until the push of the first image has been handled, and the first ticks of the schedules that tick at once:
/// there is no service yet that they could deploy.
async fn settled(stage: &Stage) -> anyhow::Result<()> {
    let schedules = stage.cloud.stack().schedules.values();
    let ticked = schedules.filter(|schedule| schedule.enabled && schedule.expression.is_rate()).count();
    let handled = async {
        loop {
            let pushed = stage.call(Service::Ecr, "DescribeRepositories", json!({})).await?;
            let pushed = pushed["repositories"].as_array().map_or(0, Vec::len);
            if stage.cloud.lambda().records().len() >= ticked + pushed {
                return anyhow::Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(STEADY_DEADLINE * stage.pace.patience, handled)
        .await
        .context("the push of the first image and the first ticks are not handled")?
}

/// Registers the sample's task definition with an image of the repository, by `@DIGEST` or `:TAG`.
pub(crate) async fn task_definition(stage: &Stage, repository: &str, image: &str) -> anyhow::Result<String> {
    let input = definition(stage, repository, image).await?;
    let registered = stage.call(Service::Ecs, "RegisterTaskDefinition", input).await?;
    text(&registered["taskDefinition"]["taskDefinitionArn"])
}

/// What the sample's task definition is registered by.
pub(crate) async fn definition(stage: &Stage, repository: &str, image: &str) -> anyhow::Result<Value> {
    let repositories =
        stage.call(Service::Ecr, "DescribeRepositories", json!({"repositoryNames": [repository]})).await?;
    let uri = text(&repositories["repositories"][0]["repositoryUri"])?;
    let variables =
        [("GREETING".to_owned(), "hello".to_owned())].into_iter().chain(stage.environment.clone());
    let environment: Vec<Value> =
        variables.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let mut container = json!({
        "name": repository, "image": format!("{uri}{image}"), "essential": true,
        "portMappings": [{"containerPort": CONTAINER_PORT, "protocol": "tcp"}],
        "environment": environment, "stopTimeout": stage.pace.stop_timeout_seconds,
        "logConfiguration": {"logDriver": "awslogs", "options": {
            "awslogs-group": format!("/ecs/{repository}"), "awslogs-region": "us-east-1",
            "awslogs-stream-prefix": "ecs"}},
    });
    if stage.checked {
        let probe = stage.binaries.sample_webapp().display().to_string();
        container["healthCheck"] = json!({"command": ["CMD", probe, "--probe"], "interval": CHECK_SECONDS,
            "timeout": 2, "retries": 2});
    }
    let (compatible, memory) = if stage.spot { ("FARGATE", FARGATE_MEMORY) } else { ("EC2", TASK_MEMORY) };
    Ok(json!({
        "family": repository, "networkMode": "awsvpc", "requiresCompatibilities": [compatible],
        "cpu": TASK_CPU.to_string(), "memory": memory.to_string(), "containerDefinitions": [container],
        // Who pulls images and writes logs for tasks; a deployment has to hand it on.
        "executionRoleArn": EXECUTION_ROLE,
    }))
}

async fn target_group(stage: &Stage, setting: &Setting, name: &str) -> anyhow::Result<String> {
    let input = json!({
        "Name": name, "Protocol": "HTTP", "Port": CONTAINER_PORT, "VpcId": "vpc-0a1b2c3d", "TargetType": "ip",
        "HealthCheckPath": "/health", "HealthCheckIntervalSeconds": setting.pace.check_interval_seconds,
        "HealthCheckTimeoutSeconds": 2.min(setting.pace.check_interval_seconds), "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2,
    });
    // A brisk interval is shorter than AWS allows; so this call goes past the front door.
    let made = stage.cloud.elb().call("CreateTargetGroup", input).await?;
    let arn = text(&made["TargetGroups"][0]["TargetGroupArn"])?;
    let delay = json!([{"Key": "deregistration_delay.timeout_seconds",
        "Value": setting.pace.deregistration_delay_seconds.to_string()}]);
    let input = json!({"TargetGroupArn": arn, "Attributes": delay});
    stage.call(Service::Elbv2, "ModifyTargetGroupAttributes", input).await?;
    Ok(arn)
}

/// A load balancer with a listener. A pair gets a rule of its own with the weights 100 and 0; a single service is
/// behind the default action.
async fn balancer(
    stage: &Stage,
    name: &str,
    members: &[Member],
    (port, sticky): (u16, Option<u32>),
) -> anyhow::Result<(String, String, Option<String>)> {
    let elb = Service::Elbv2;
    let made = stage
        .call(elb, "CreateLoadBalancer", json!({"Name": name, "Type": "application", "Subnets": SUBNETS}))
        .await?;
    let balancer = text(&made["LoadBalancers"][0]["LoadBalancerArn"])?;
    let tuples: Vec<Value> = members
        .iter()
        .enumerate()
        .map(|(index, member)| json!({"TargetGroupArn": member.target_group, "Weight": if index == 0 { 100 } else { 0 }}))
        .collect();
    let mut config = json!({"TargetGroups": tuples});
    if let Some(seconds) = sticky {
        config["TargetGroupStickinessConfig"] = json!({"Enabled": true, "DurationSeconds": seconds});
    }
    let forward = json!([{"Type": "forward", "ForwardConfig": config}]);
    let is_pair = members.len() == 2;
    let not_found = json!([{"Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "nothing here\n"}}]);
    let default = if is_pair { &not_found } else { &forward };
    let input =
        json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": port, "DefaultActions": default});
    // Port 0 is any port, which AWS does not know; so this one call goes past the front door.
    let made = stage.cloud.elb().call("CreateListener", input).await?;
    let listener = text(&made["Listeners"][0]["ListenerArn"])?;
    if !is_pair {
        return Ok((balancer, listener, None));
    }
    let everything = json!([{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}]);
    let input =
        json!({"ListenerArn": listener, "Priority": 10, "Conditions": everything, "Actions": forward});
    let made = stage.call(elb, "CreateRule", input).await?;
    Ok((balancer, listener, Some(text(&made["Rules"][0]["RuleArn"])?)))
}

fn tags(setting: &Setting, repository: &str, members: &[&str], index: usize) -> Vec<Value> {
    let tag = |key: &str, value: &str| json!({"key": format!("changeover:{key}"), "value": value});
    let mut tags = vec![tag("repository", repository)];
    if let [first, second] = members {
        tags.push(tag("strategy", "blue-green"));
        tags.push(tag("pair", if index == 0 { second } else { first }));
    }
    // A rolling service has no weights to step through.
    let fits = |key: &str| members.len() == 2 || key != "steps";
    let extra = setting.tags.iter().filter(|(key, _)| fits(key));
    tags.extend(extra.map(|(key, value)| tag(key, value)));
    tags
}

async fn ecs_service(
    stage: &Stage,
    member: &Member,
    definition: &str,
    tasks: u32,
    tags: Vec<Value>,
) -> anyhow::Result<()> {
    let container = definition.rsplit('/').next().and_then(|name| name.split(':').next()).unwrap_or_default();
    let mut input = json!({
        "cluster": CLUSTER, "serviceName": member.ecs_service, "taskDefinition": definition,
        "desiredCount": tasks, "tags": tags,
        "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
        "healthCheckGracePeriodSeconds": 0,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0a1b2c3d"]}},
        "loadBalancers": [{"targetGroupArn": member.target_group, "containerName": container,
            "containerPort": CONTAINER_PORT}],
    });
    if stage.spot {
        input["capacityProviderStrategy"] = json!([{"capacityProvider": SPOT, "weight": 1}]);
    } else {
        input["launchType"] = "EC2".into();
    }
    stage.call(Service::Ecs, "CreateService", input).await?;
    Ok(())
}

fn text(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).context("the answer holds no ARN")
}
