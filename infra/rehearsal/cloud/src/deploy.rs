//! Makes what the template describes.

use crate::front::Callers;
use crate::services::Services;
use crate::template::{Function, Stack};
use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything but the callers' keys goes into the services.
pub(crate) async fn deploy(
    stack: &Stack,
    binaries: &BTreeMap<String, PathBuf>,
    services: &Services,
) -> anyhow::Result<Callers> {
    for table in &stack.tables {
        let made = services.dynamodb.call("CreateTable", table.create_input());
        made.with_context(|| format!("table {}", table.logical_id))?;
        if let Some(input) = table.ttl_input() {
            let set = services.dynamodb.call("UpdateTimeToLive", input);
            set.with_context(|| format!("time to live of table {}", table.logical_id))?;
        }
    }
    for topic in &stack.topics {
        services.sns.create(&topic.name);
    }
    for queue in &stack.queues {
        services.sqs.create(&queue.name);
    }
    for group in &stack.log_groups {
        services.logs.add_group(&group.name, days(&group.properties));
    }
    for alarm in &stack.alarms {
        let added = services.cloudwatch.add_alarm(&alarm.name, &alarm.properties);
        added.map_err(|why| anyhow!("alarm {}: {why}", alarm.logical_id))?;
    }
    let callers = functions(stack, binaries, services)?;
    for machine in &stack.state_machines {
        let tags: Vec<Value> =
            machine.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let input = json!({
            "name": machine.name, "definition": machine.definition, "roleArn": machine.role_arn,
            "type": machine.kind, "tags": tags,
        });
        let made = services.stepfunctions.call("CreateStateMachine", input).await;
        made.with_context(|| format!("state machine {}", machine.logical_id))?;
    }
    for rule in stack.rules.values() {
        services.events.put_rule(rule.clone());
    }
    let now = rehearsal_world::now();
    for schedule in stack.schedules.values() {
        services.scheduler.put(crate::scheduler::Schedule { created: now, ..schedule.clone() });
    }
    Ok(callers)
}

fn functions(
    stack: &Stack,
    binaries: &BTreeMap<String, PathBuf>,
    services: &Services,
) -> anyhow::Result<Callers> {
    let mut callers = Callers::new(&services.account.region);
    let mut missing = Vec::new();
    for function in &stack.functions {
        match binary_of(function, binaries, services.lambda.is_linked()) {
            Ok(binary) => services.lambda.deploy(rehearsal_lambda::Function {
                name: function.name.clone(),
                arn: function.arn.clone(),
                binary,
                command: None,
                environment: function.environment.clone(),
                memory_mb: function.memory_mb,
                timeout: function.timeout,
                handler: function.handler.clone(),
                role: function.role_arn.clone(),
                credentials: callers.admit(&function.name, &function.role_arn),
            }),
            Err(why) => missing.push(why),
        }
    }
    if !missing.is_empty() {
        bail!("functions cannot be deployed: {}", missing.join("; "));
    }
    Ok(callers)
}

/// Where a function's binary is; of code that is linked only the name counts.
fn binary_of(
    function: &Function,
    binaries: &BTreeMap<String, PathBuf>,
    linked: bool,
) -> Result<PathBuf, String> {
    let id = &function.logical_id;
    let name = function.binary.as_ref().ok_or(format!("{id} has no Metadata.BuildProperties.Binary"))?;
    let path = binaries.get(name).ok_or(format!("{id} needs the binary {name}, which was not given"))?;
    if linked || path.is_file() {
        Ok(path.clone())
    } else {
        Err(format!("{id}: {} is no file", path.display()))
    }
}

/// `RetentionInDays`, which a parameter gives as text.
fn days(properties: &Value) -> Option<u64> {
    let days = properties.get("RetentionInDays")?;
    days.as_u64().or_else(|| days.as_str()?.parse().ok())
}
