//! The README lists what the served cloud understands: exactly the operations that it lets in and that a service
//! behind the port does.

use rehearsal::binaries::Binaries;
use rehearsal::build::workspace;
use rehearsal::stage::{Setting, Stage};
use rehearsal_cloud::scaling::Scaling;
use rehearsal_cloud::ssm::Ssm;
use rehearsal_cloud::tagging::Tagging;
use rehearsal_cloud::{Account, Cloud};
use rehearsal_wire::{ApiError, Service};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The heading of the list.
const HEADING: &str = "### What the served cloud understands";

/// `| service | Operation, … |`, as the README has it.
fn listed() -> BTreeMap<String, BTreeSet<String>> {
    let readme = std::fs::read_to_string(workspace().join("README.md")).expect("there is one");
    let (_, section) = readme.split_once(HEADING).expect("it has the section");
    let section = section.split("\n#").next().unwrap_or_default();
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (service, operations) = (cells.next()?, cells.next()?);
        let service = service.strip_prefix('`')?.strip_suffix('`')?;
        let operations = operations.split(", ").map(str::to_owned).collect();
        Some((service.to_owned(), operations))
    };
    section.lines().filter(|line| line.starts_with("| `")).filter_map(row).collect()
}

/// Asks the service itself, for the port refuses what is incomplete. An empty call does no harm: whatever it lacks is
/// refused.
async fn asked(cloud: &Cloud, service: Service, operation: &str) -> Result<Value, ApiError> {
    let nothing = json!({});
    match service {
        Service::Ecs => cloud.ecs().call(operation, nothing).await,
        Service::Elbv2 => cloud.elb().call(operation, nothing).await,
        Service::Lambda => cloud.lambda().call(operation, nothing).await,
        Service::StepFunctions => cloud.stepfunctions().call(operation, nothing).await,
        Service::DynamoDb => cloud.dynamodb().call(operation, nothing),
        Service::Ecr => cloud.ecr().call(operation, &nothing),
        Service::EventBridge => cloud.events().call(operation, &nothing),
        Service::Scheduler => cloud.scheduler().call(operation, &nothing),
        Service::CloudWatch => cloud.cloudwatch().call(operation, &nothing),
        Service::Logs => cloud.logs().call(operation, &nothing),
        Service::Sns => cloud.sns().call(operation, &nothing),
        Service::ApplicationAutoScaling => Scaling::new(Account::default()).call(operation, &nothing),
        Service::Tagging => Tagging::new(Arc::new(Vec::new)).call(operation, &nothing),
        Service::Ssm => Ssm::new(Account::default()).call(operation, &nothing),
        Service::Sts | Service::CloudFormation => cloud.call(service, operation, nothing).await,
        // There is nothing behind it but the port.
        Service::AutoScaling => {
            let whole = json!({"AutoScalingGroupName": "x", "DesiredCapacity": 1});
            cloud.call(service, operation, whole).await
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_lists_what_is_understood() {
    let binaries = Binaries::build().expect("the functions build");
    let nobody = Setting { pair: false, ..Setting::default() };
    let stage = Stage::set(&binaries, &nobody).await.expect("the cloud starts");
    let mut understood = BTreeMap::new();
    for service in Service::ALL {
        let mut done = BTreeSet::new();
        for operation in service.operations() {
            if !asked(&stage.cloud, service, operation)
                .await
                .is_err_and(|error| error.code == "UnknownOperationException")
            {
                done.insert(operation.to_owned());
            }
        }
        if !done.is_empty() {
            understood.insert(service.name().to_owned(), done);
        }
    }
    stage.strike().await;
    let table: Vec<String> = (understood.iter())
        .map(|(service, all)| {
            format!("| `{service}` | {} |", all.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
        })
        .collect();
    assert!(listed() == understood, "the README's list should be:\n\n{}\n", table.join("\n"));
}
