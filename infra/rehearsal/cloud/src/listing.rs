//! Everything that has tags: asked of the services that own it, page by page.

use crate::account::Account;
use crate::dynamodb::DynamoDb;
use rehearsal_ecs::Ecs;
use rehearsal_elb::Elb;
use rehearsal_lambda::Lambda;
use rehearsal_stepfunctions::StepFunctions;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// What DescribeServices takes at once.
const SERVICES: usize = 10;

/// What DescribeClusters takes at once.
const CLUSTERS: usize = 100;

/// What DescribeTags takes at once.
const BALANCING: usize = 20;

/// What ListStateMachines takes at once; more of them have no tags to be found by here.
const MACHINES: u64 = 1000;

/// ARN and tags.
type Tagged = (String, Vec<(String, String)>);

/// All resources with their tags, as they are now.
pub(crate) async fn tagged(ecs: &Ecs, elb: &Elb) -> Result<Vec<Tagged>, ApiError> {
    let mut all = Vec::new();
    let clusters = pages(ecs, "ListClusters", "clusterArns", json!({})).await?;
    for some in clusters.chunks(CLUSTERS) {
        let input = json!({ "clusters": some, "include": ["TAGS"] });
        let answer = ecs.call("DescribeClusters", input).await?;
        all.extend(items(&answer, "clusters").map(|one| of_ecs(one, "clusterArn")));
    }
    for cluster in &clusters {
        let services = pages(ecs, "ListServices", "serviceArns", json!({ "cluster": cluster })).await?;
        for some in services.chunks(SERVICES) {
            let input = json!({ "cluster": cluster, "services": some, "include": ["TAGS"] });
            let answer = ecs.call("DescribeServices", input).await?;
            all.extend(items(&answer, "services").map(|one| of_ecs(one, "serviceArn")));
        }
    }
    all.extend(balancing(elb).await?);
    Ok(all)
}

/// The state machines and the tables with their tags, as they are now.
pub(crate) async fn tagged_of_stacks(
    account: &Account,
    machines: &StepFunctions,
    tables: &DynamoDb,
) -> Result<Vec<Tagged>, ApiError> {
    let mut all = Vec::new();
    let listed = machines.call("ListStateMachines", json!({ "maxResults": MACHINES })).await?;
    for machine in items(&listed, "stateMachines") {
        let arn = &machine["stateMachineArn"];
        let answer = machines.call("ListTagsForResource", json!({ "resourceArn": arn })).await?;
        all.push((arn.as_str().unwrap_or_default().to_owned(), pairs(&answer["tags"], "key", "value")));
    }
    let listed = tables.call("ListTables", json!({}))?;
    for table in items(&listed, "TableNames").filter_map(Value::as_str) {
        let arn = account.arn("dynamodb", &format!("table/{table}"));
        let answer = tables.call("ListTagsOfResource", json!({ "ResourceArn": arn }))?;
        all.push((arn, pairs(&answer["Tags"], "Key", "Value")));
    }
    Ok(all)
}

/// The tags of one resource, as they are now; none of what has no tags here or is not there.
pub(crate) async fn tags_of(ecs: &Ecs, elb: &Elb, lambda: &Lambda, arn: &str) -> Vec<(String, String)> {
    match arn.split(':').nth(2) {
        Some("ecs") => {
            let answer = ecs.call("ListTagsForResource", json!({ "resourceArn": arn })).await;
            answer.map(|answer| pairs(&answer["tags"], "key", "value")).unwrap_or_default()
        }
        Some("elasticloadbalancing") => {
            let answer = elb.call("DescribeTags", json!({ "ResourceArns": [arn] })).await;
            answer
                .map(|answer| pairs(&answer["TagDescriptions"][0]["Tags"], "Key", "Value"))
                .unwrap_or_default()
        }
        Some("lambda") => lambda.tags_of(arn).into_iter().collect(),
        _ => Vec::new(),
    }
}

async fn pages(ecs: &Ecs, operation: &str, member: &str, mut input: Value) -> Result<Vec<String>, ApiError> {
    let mut arns = Vec::new();
    loop {
        let answer = ecs.call(operation, input.clone()).await?;
        arns.extend(items(&answer, member).filter_map(Value::as_str).map(str::to_owned));
        match answer.get("nextToken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
            Some(token) => input["nextToken"] = token.into(),
            None => return Ok(arns),
        }
    }
}

async fn balancing(elb: &Elb) -> Result<Vec<Tagged>, ApiError> {
    let snapshot = elb.snapshot();
    let mut arns: Vec<String> = snapshot.groups.into_iter().map(|group| group.target_group_arn).collect();
    arns.extend(snapshot.rules.into_iter().map(|rule| rule.load_balancer_arn));
    arns.sort_unstable();
    arns.dedup();
    let mut all = Vec::new();
    for some in arns.chunks(BALANCING) {
        let answer = elb.call("DescribeTags", json!({ "ResourceArns": some })).await?;
        all.extend(items(&answer, "TagDescriptions").map(|one| {
            let arn = one["ResourceArn"].as_str().unwrap_or_default().to_owned();
            (arn, pairs(&one["Tags"], "Key", "Value"))
        }));
    }
    Ok(all)
}

fn of_ecs(resource: &Value, arn: &str) -> Tagged {
    let arn = resource[arn].as_str().unwrap_or_default().to_owned();
    (arn, pairs(&resource["tags"], "key", "value"))
}

fn pairs(tags: &Value, key: &str, value: &str) -> Vec<(String, String)> {
    let text = |tag: &Value, name: &str| tag[name].as_str().unwrap_or_default().to_owned();
    tags.as_array().into_iter().flatten().map(|tag| (text(tag, key), text(tag, value))).collect()
}

fn items<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(member).and_then(Value::as_array).into_iter().flatten()
}
