//! RunTask: tasks that no service wants, started once.

use super::compatible::{check_launch, check_network};
use super::create_service::check_fargate;
use super::input::{client, count, invalid};
use crate::constraint::{Constraints, strategies};
use crate::definition::{ContainerPlan, Definition};
use crate::ecs::Inner;
use crate::launch::Origin;
use crate::life::Life;
use crate::placement::Refusal;
use crate::state::State;
use crate::strategy::{self, FARGATE, Share};
use crate::tags::Tags;
use crate::task::Task;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// AWS's bound on one RunTask.
const MOST: u32 = 10;
/// AWS's bound on `clientToken`.
const LONGEST_TOKEN: usize = 64;
/// AWS's bound on `startedBy`.
const LONGEST_STARTED_BY: usize = 128;
/// Members that this ECS would have to act on, and does not.
const REFUSED: [&str; 2] = ["volumeConfigurations", "referenceId"];
/// What an override may change here.
const OVERRIDES: [&str; 3] = ["name", "command", "environment"];

impl State {
    /// Starts tasks; the lives that are to be lived, and the answer. With a token that was used before nothing is started
    /// and the answer is the same tasks.
    pub(crate) fn run_task(
        &mut self,
        inner: &Arc<Inner>,
        input: &Value,
    ) -> Result<(Vec<Life>, Value), ApiError> {
        let cluster = self.cluster_name(input)?;
        let count = count(input, "count")?.unwrap_or(1);
        if !(1..=MOST).contains(&count) {
            return Err(invalid(format!("count must be between 1 and {MOST}.")));
        }
        check_members(input)?;
        let before: Vec<Value> = self
            .tasks
            .values()
            .filter(|task| !token(input).is_empty() && task.token == token(input))
            .map(Task::json)
            .collect();
        if !before.is_empty() {
            return Ok((Vec::new(), json!({ "tasks": before, "failures": [] })));
        }
        let definition = self.deployable(input["taskDefinition"].as_str().unwrap_or_default())?.clone();
        let mut plans = definition.containers();
        overridden(&mut plans, &input["overrides"])?;
        let (launch_type, strategy) = self.runs_on(&cluster, input)?;
        let on_fargate = launch_type.as_deref() == Some(FARGATE) || strategy.iter().any(Share::is_fargate);
        check_fargate(on_fargate, input)?;
        check_launch(&definition, on_fargate)?;
        check_network(&definition, &input["networkConfiguration"])?;
        let mut origin = self.origin(cluster, input, &definition)?;
        origin.launch_type = launch_type.unwrap_or_default();
        let (mut lives, mut tasks, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        let mut has: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..count {
            if let Some(share) = strategy::next(&strategy, |name| has.get(name).copied().unwrap_or(0)) {
                *has.entry(share.provider.clone()).or_default() += 1;
                origin.provide(share);
            }
            match self.launch_of(inner, &origin, &definition, &plans, &[]) {
                Ok(life) => {
                    tasks.extend(self.task(&life.arn).map(Task::json));
                    lives.push(life);
                }
                Err(refusal) if matches!(refusal, Refusal::Closest { .. }) || !lives.is_empty() => {
                    failures.push(failure(&self.arns.cluster(&origin.cluster), &refusal));
                }
                Err(refusal) => return Err(refused(&refusal)),
            }
        }
        Ok((lives, json!({ "tasks": tasks, "failures": failures })))
    }

    /// Who wants the tasks, as the call says; where they run is not said here.
    fn origin(&self, cluster: String, input: &Value, definition: &Definition) -> Result<Origin, ApiError> {
        let tags = Tags::parse(input)?;
        let propagates = input["propagateTags"].as_str() == Some("TASK_DEFINITION");
        Ok(Origin {
            cluster_arn: self.arns.cluster(&cluster),
            cluster,
            service: None,
            group: input["group"].as_str().map(str::to_owned),
            started_by: input["startedBy"].as_str().unwrap_or_default().to_owned(),
            token: token(input).to_owned(),
            launch_type: String::new(),
            provider: None,
            tags: if propagates { definition.tags.clone().with(tags) } else { tags },
            overrides: input["overrides"].clone(),
            constraints: Constraints::read(&input["placementConstraints"]).map_err(invalid)?,
            strategies: strategies(&input["placementStrategy"]).map_err(invalid)?,
        })
    }
}

/// Refuses what this ECS would have to act on and does not, and what is too long.
fn check_members(input: &Value) -> Result<(), ApiError> {
    for member in REFUSED {
        let given = &input[member];
        if !given.is_null() && given.as_array().is_none_or(|list| !list.is_empty()) {
            let message = format!("{member} of RunTask is not part of this ECS.");
            return Err(ApiError::new("UnsupportedFeatureException", message));
        }
    }
    let started_by = input["startedBy"].as_str().unwrap_or_default();
    if token(input).len() > LONGEST_TOKEN || started_by.len() > LONGEST_STARTED_BY {
        return Err(invalid(format!(
            "clientToken has at most {LONGEST_TOKEN} characters, startedBy {LONGEST_STARTED_BY}."
        )));
    }
    Ok(())
}

/// What makes a repeated call the same.
fn token(input: &Value) -> &str {
    input["clientToken"].as_str().unwrap_or_default()
}

/// What AWS answers where nothing can be started at all.
fn refused(refusal: &Refusal) -> ApiError {
    match refusal {
        Refusal::NoInstances | Refusal::Closest { .. } => {
            invalid("No Container Instances were found in your cluster.")
        }
        Refusal::EmptyProvider => invalid("No Container Instances were found in your capacity provider."),
        Refusal::NoCapacity => client(
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        ),
        Refusal::FargateQuota => {
            client("You've reached the limit on the number of vCPUs you can run concurrently")
        }
    }
}

/// The entry of `failures` for an instance that came closest, as ECS has it: about what, and what is lacking.
fn failure(cluster: &str, refusal: &Refusal) -> Value {
    let arn = match refusal {
        Refusal::Closest { instance, .. } => {
            format!("{}/{instance}", cluster.replacen(":cluster/", ":container-instance/", 1))
        }
        _ => cluster.to_owned(),
    };
    let constraint = match refusal {
        Refusal::Closest { lack, .. } => lack.constraint(),
        _ => None,
    };
    json!({ "arn": arn, "reason": constraint.or(refusal.resource()).unwrap_or("AGENT") })
}

/// Puts overrides into the containers that they name.
fn overridden(plans: &mut [ContainerPlan], overrides: &Value) -> Result<(), ApiError> {
    let others = overrides.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    if let Some(other) = others.into_iter().find(|name| *name != "containerOverrides") {
        return Err(ApiError::new(
            "UnsupportedFeatureException",
            format!("the override {other} is not part of this ECS."),
        ));
    }
    for one in overrides["containerOverrides"].as_array().into_iter().flatten() {
        let name = one["name"].as_str().unwrap_or_default();
        let Some(plan) = plans.iter_mut().find(|plan| plan.name == name) else {
            return Err(client(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        };
        let members = one.as_object().into_iter().flatten().map(|(member, _)| member.as_str());
        if let Some(other) = members.into_iter().find(|member| !OVERRIDES.contains(member)) {
            return Err(ApiError::new(
                "UnsupportedFeatureException",
                format!("the override {other} of a container is not part of this ECS."),
            ));
        }
        if let Some(words) = one["command"].as_array().filter(|words| !words.is_empty()) {
            plan.command = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let variables = one["environment"].as_array().into_iter().flatten();
        plan.environment.extend(variables.map(|pair| (text(&pair["name"]), text(&pair["value"]))));
    }
    Ok(())
}
