//! A stack's policies, read: those of roles, those of resources, and who may take on which role.

use super::managed;
use crate::account::Account;
use crate::template::{Plain, Role, Stack};
use anyhow::{Context as _, bail};
use rehearsal_iam::{Decision, Judge, Need, Policy, Principal, Purpose};
use serde_json::{Value, json};

/// A judge who knows them all.
pub(super) fn judge(stack: &Stack, account: &Account) -> anyhow::Result<Judge> {
    let judge = Judge::default();
    for role in &stack.roles {
        judge.add(&role.arn, &role.logical_id, of_role(role)?);
    }
    for resource in &stack.others {
        let document = |member: &str| resource.properties.get(member).cloned().unwrap_or_default();
        match resource.kind.as_str() {
            "AWS::Lambda::Permission" => {
                let (arn, document) = permission(resource, account)?;
                attach(&judge, stack, resource, &arn, &document)?;
            }
            "AWS::SQS::QueuePolicy" => {
                // A queue goes by its URL here; its name ends both URL and ARN.
                for url in listed(resource, "Queues") {
                    let name = url.rsplit('/').next().unwrap_or(url);
                    attach(&judge, stack, resource, &account.arn("sqs", name), &document("PolicyDocument"))?;
                }
            }
            "AWS::SNS::TopicPolicy" => {
                for arn in listed(resource, "Topics") {
                    attach(&judge, stack, resource, arn, &document("PolicyDocument"))?;
                }
            }
            _ => {}
        }
    }
    Ok(judge)
}

fn of_role(role: &Role) -> anyhow::Result<Vec<Policy>> {
    let mut policies = Vec::new();
    for policy in &role.policies {
        policies.push(read(&role.logical_id, &policy.name, &policy.document, Purpose::Identity)?);
    }
    for arn in &role.managed {
        let document = managed::document(arn);
        let document = document
            .with_context(|| format!("{}: the rehearsal does not know what {arn} allows", role.logical_id))?;
        policies.push(read(&role.logical_id, arn, &document, Purpose::Identity)?);
    }
    Ok(policies)
}

fn read(of: &str, name: &str, document: &Value, purpose: Purpose) -> anyhow::Result<Policy> {
    Policy::read(name, document, purpose).map_err(|mistakes| anyhow::anyhow!("{of}: {}", mistakes.join("; ")))
}

/// Attaches a resource's policy; it goes by the name of the template's resource that it was made by.
fn attach(judge: &Judge, stack: &Stack, made_by: &Plain, arn: &str, document: &Value) -> anyhow::Result<()> {
    let policy = read(&made_by.logical_id, &made_by.logical_id, document, Purpose::Resource)?;
    judge.add(arn, &name_of(stack, arn), vec![policy]);
    Ok(())
}

/// What the template calls the resource of this ARN.
fn name_of(stack: &Stack, arn: &str) -> String {
    let functions = stack.functions.iter().map(|function| (&function.arn, &function.logical_id));
    let plain = stack.queues.iter().chain(&stack.topics).map(|plain| (&plain.arn, &plain.logical_id));
    let mut all = functions.chain(plain);
    all.find(|(of, _)| *of == arn).map_or_else(|| arn.to_owned(), |(_, name)| name.clone())
}

/// What Lambda makes of a permission: a statement in the function's own policy.
fn permission(resource: &Plain, account: &Account) -> anyhow::Result<(String, Value)> {
    let text = |member: &str| resource.properties.get(member).and_then(Value::as_str);
    let needed =
        |member: &str| text(member).with_context(|| format!("{} has no {member}", resource.logical_id));
    let function = needed("FunctionName")?;
    let arn = match function.strip_prefix("arn:") {
        Some(_) => function.to_owned(),
        None => account.arn("lambda", &format!("function:{function}")),
    };
    let principal = needed("Principal")?;
    let principal = if principal.ends_with(".amazonaws.com") {
        json!({ "Service": principal })
    } else {
        json!({ "AWS": principal })
    };
    let mut conditions = serde_json::Map::new();
    if let Some(source) = text("SourceArn") {
        conditions.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": source }));
    }
    if let Some(source) = text("SourceAccount") {
        conditions.insert("StringEquals".to_owned(), json!({ "AWS:SourceAccount": source }));
    }
    let mut statement =
        json!({ "Effect": "Allow", "Principal": principal, "Action": needed("Action")?, "Resource": arn });
    if !conditions.is_empty() {
        statement["Condition"] = conditions.into();
    }
    Ok((arn, json!({ "Version": "2012-10-17", "Statement": [statement] })))
}

fn listed<'a>(resource: &'a Plain, member: &str) -> Vec<&'a str> {
    resource
        .properties
        .get(member)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// AWS lets nothing be made with a role that its service may not take on.
///
/// # Errors
/// Everything that could not be made.
pub(super) fn check_trust(stack: &Stack, account: &Account) -> anyhow::Result<()> {
    let mut wanted: Vec<(&str, &str, &str, &str)> = Vec::new();
    for function in &stack.functions {
        wanted.push((&function.logical_id, &function.role_arn, "lambda", &function.arn));
    }
    for machine in &stack.state_machines {
        wanted.push((&machine.logical_id, &machine.role_arn, "states", &machine.arn));
    }
    for (id, schedule) in &stack.schedules {
        let role = schedule.target.role.as_deref();
        wanted.extend(role.map(|role| (id.as_str(), role, "scheduler", schedule.arn.as_str())));
    }
    for (id, rule) in &stack.rules {
        let roles = rule.targets.iter().filter_map(|target| target.role.as_deref());
        wanted.extend(roles.map(|role| (id.as_str(), role, "events", rule.arn.as_str())));
    }
    let refused: Vec<String> = wanted
        .into_iter()
        .filter(|(_, role, service, source)| !is_trusted(stack, account, role, service, source))
        .map(|(id, role, service, _)| {
            format!("{id}: {service}.amazonaws.com may not take on its role {role}")
        })
        .collect();
    if !refused.is_empty() {
        bail!("roles cannot be taken on: {}", refused.join("; "));
    }
    Ok(())
}

fn is_trusted(stack: &Stack, account: &Account, role: &str, service: &str, source: &str) -> bool {
    let Some(role) = stack.role(role) else { return false };
    let Ok(trust) = read(&role.logical_id, "trust", &role.trust, Purpose::Trust) else { return false };
    let judge = Judge::default();
    judge.add(&role.arn, &role.logical_id, vec![trust]);
    let need = Need::new("sts:AssumeRole", &role.arn)
        .with("aws:SourceAccount", &account.id)
        .with("aws:SourceArn", source);
    let principal = Principal::Service(format!("{service}.amazonaws.com"));
    matches!(judge.decide_for(&role.arn, &principal, &need), Decision::Allowed(_))
}
