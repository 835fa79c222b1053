//! State machines: made, changed, described, tagged.

use super::Inner;
use super::input::{check_name, page, required};
use super::record::Deployed;
use crate::machine::{Machine, Mistake};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// AWS's bound on the diagnostics in one answer.
const MOST_DIAGNOSTICS: usize = 100;

fn diagnostic(mistake: &Mistake) -> Value {
    let mut told = json!({ "severity": "ERROR", "code": mistake.code, "message": mistake.message });
    if let Some(pointer) = &mistake.pointer {
        told["location"] = json!(pointer);
    }
    told
}

fn parse(definition: &str) -> Result<Arc<Machine>, ApiError> {
    let machine = Machine::parse(definition);
    machine.map(Arc::new).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        let mistakes = mistakes.join(", ");
        ApiError::new("InvalidDefinition", format!("Invalid State Machine Definition: '{mistakes}'"))
    })
}

pub(super) fn does_not_exist(arn: &str) -> ApiError {
    ApiError::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
}

/// A role of this account.
fn check_role(arn: &str, account: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", of, role]
            if role.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            if of == &account {
                return Ok(());
            }
            Err(ApiError::new("AccessDeniedException", "Cross-account pass role is not allowed."))
        }
        _ => Err(ApiError::new("InvalidArn", format!("Invalid Role Arn: '{arn}'"))),
    }
}

/// What AWS would act on and nothing here does.
fn check_settings(input: &Value) -> Result<(), ApiError> {
    let given = |pointer: &str| input.pointer(pointer).and_then(Value::as_str);
    let refused = |code: &str, why: &str| Err(ApiError::new(code, why));
    if given("/loggingConfiguration/level").is_some_and(|level| level != "OFF") {
        return refused("InvalidLoggingConfiguration", "executions are not logged here: leave the level OFF");
    }
    if input.pointer("/tracingConfiguration/enabled") == Some(&Value::Bool(true)) {
        return refused("InvalidTracingConfiguration", "there are no traces here: leave tracing disabled");
    }
    if given("/encryptionConfiguration/type").is_some_and(|kind| kind != "AWS_OWNED_KEY") {
        return refused("InvalidEncryptionConfiguration", "there are no keys here: use AWS_OWNED_KEY");
    }
    if input["versionDescription"].is_string() && input["publish"] != true {
        return refused("ValidationException", "Version description can only be set when publish is true");
    }
    Ok(())
}

fn tags_of(input: &Value) -> BTreeMap<String, String> {
    let tag = |tag: &Value| {
        Some((tag["key"].as_str()?.to_owned(), tag["value"].as_str().unwrap_or_default().to_owned()))
    };
    input["tags"].as_array().into_iter().flatten().filter_map(tag).collect()
}

impl Inner {
    pub(super) fn create_state_machine(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "name")?;
        check_name(name)?;
        let definition = required(input, "definition")?;
        let role = required(input, "roleArn")?;
        check_role(role, &self.config.account)?;
        check_settings(input)?;
        let machine = parse(definition)?;
        if input["type"].as_str().is_some_and(|kind| kind != "STANDARD") {
            return Err(ApiError::new("StateMachineTypeNotSupported", "only STANDARD is supported here"));
        }
        let arn =
            format!("arn:aws:states:{}:{}:stateMachine:{name}", self.config.region, self.config.account);
        let mut state = self.state.lock();
        if let Some(there) = state.machines.get(&arn) {
            // Making the same again is no error.
            if there.definition == definition {
                let mut answer = json!({ "stateMachineArn": arn, "creationDate": there.created });
                if let Some(version) = there.newest_version().filter(|_| input["publish"] == true) {
                    answer["stateMachineVersionArn"] = json!(version.arn);
                }
                return Ok(answer);
            }
            let message = format!("State Machine Already Exists: '{arn}'");
            return Err(ApiError::new("StateMachineAlreadyExists", message));
        }
        let created = crate::now();
        let mut made = Deployed {
            arn: arn.clone(),
            name: name.to_owned(),
            definition: definition.to_owned(),
            machine,
            role: role.to_owned(),
            created,
            updated: created,
            revision: None,
            tags: tags_of(input),
            version: None,
            versions: Vec::new(),
            next_version: 1,
        };
        let mut answer = json!({ "stateMachineArn": arn, "creationDate": made.created });
        if input["publish"] == true {
            answer["stateMachineVersionArn"] = json!(made.publish(input["versionDescription"].as_str())?.arn);
        }
        state.machines.insert(arn, made);
        Ok(answer)
    }

    /// Executions that run already go on as they began.
    pub(super) fn update_state_machine(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "stateMachineArn")?;
        let definition = input["definition"].as_str();
        if definition.is_none() && input["roleArn"].as_str().is_none() {
            return Err(ApiError::new(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
            ));
        }
        check_settings(input)?;
        if let Some(role) = input["roleArn"].as_str() {
            check_role(role, &self.config.account)?;
        }
        let machine = definition.map(parse).transpose()?;
        let mut state = self.state.lock();
        let there = state.machines.get_mut(arn).ok_or_else(|| does_not_exist(arn))?;
        if let (Some(definition), Some(machine)) = (definition, machine) {
            (there.definition, there.machine) = (definition.to_owned(), machine);
        }
        if let Some(role) = input["roleArn"].as_str() {
            role.clone_into(&mut there.role);
        }
        let revision = self.chance.uuid();
        there.updated = crate::now();
        there.revision = Some(revision.clone());
        let mut answer = json!({ "updateDate": there.updated, "revisionId": revision });
        if input["publish"] == true {
            answer["stateMachineVersionArn"] =
                json!(there.publish(input["versionDescription"].as_str())?.arn);
        }
        Ok(answer)
    }

    /// The state machine of this ARN.
    pub(super) fn machine(&self, arn: &str) -> Result<Deployed, ApiError> {
        if !arn.starts_with("arn:") {
            return Err(ApiError::new(
                "InvalidArn",
                format!("Invalid Arn: 'Resource type not valid in this context: {arn}'"),
            ));
        }
        let state = self.state.lock();
        let versions = || state.machines.values().flat_map(|machine| &machine.versions);
        let of_version = || versions().find(|one| one.version.as_ref().is_some_and(|it| it.arn == arn));
        state.machines.get(arn).or_else(of_version).cloned().ok_or_else(|| does_not_exist(arn))
    }

    pub(super) fn describe_state_machine(&self, input: &Value) -> Result<Value, ApiError> {
        let found = self.machine(required(input, "stateMachineArn")?)?;
        let mut told = json!({
            "stateMachineArn": found.arn, "name": found.name, "status": "ACTIVE",
            "definition": found.definition, "roleArn": found.role, "type": "STANDARD",
            "creationDate": found.created,
            "loggingConfiguration": { "level": "OFF", "includeExecutionData": false },
            "tracingConfiguration": { "enabled": false },
        });
        if let Some(revision) = found.revision {
            told["revisionId"] = json!(revision);
        }
        if let Some(version) = found.version {
            told["stateMachineArn"] = json!(version.arn);
            told["creationDate"] = json!(version.created);
            if let Some(description) = version.description {
                told["description"] = json!(description);
            }
        }
        Ok(told)
    }

    pub(super) fn describe_for_execution(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "executionArn")?;
        self.with_execution(arn, |execution| {
            let machine = &execution.machine;
            let mut told = json!({
                "stateMachineArn": machine.arn, "name": machine.name, "definition": machine.definition,
                "roleArn": machine.role, "updateDate": machine.updated,
            });
            if let Some(revision) = &machine.revision {
                told["revisionId"] = json!(revision);
            }
            told
        })
    }

    pub(super) fn list_state_machines(&self, input: &Value) -> Result<Value, ApiError> {
        let state = self.state.lock();
        let all: Vec<Value> = state
            .machines
            .values()
            .map(|machine| {
                json!({ "stateMachineArn": machine.arn, "name": machine.name, "type": "STANDARD",
                    "creationDate": machine.created })
            })
            .collect();
        page(input, "stateMachines", &all)
    }

    pub(super) fn delete_state_machine(&self, input: &Value) -> Result<Value, ApiError> {
        self.state.lock().machines.remove(required(input, "stateMachineArn")?);
        Ok(json!({}))
    }

    pub(super) fn validate(input: &Value) -> Result<Value, ApiError> {
        let mistakes = Machine::parse(required(input, "definition")?).err().unwrap_or_default();
        let most = input["maxResults"].as_u64().and_then(|most| usize::try_from(most).ok());
        let most = most.filter(|most| (1..=MOST_DIAGNOSTICS).contains(most)).unwrap_or(MOST_DIAGNOSTICS);
        let diagnostics: Vec<Value> = mistakes.iter().take(most).map(diagnostic).collect();
        let result = if mistakes.is_empty() { "OK" } else { "FAIL" };
        Ok(json!({ "result": result, "diagnostics": diagnostics, "truncated": mistakes.len() > most }))
    }

    pub(super) fn tag(&self, input: &Value) -> Result<Value, ApiError> {
        self.with_tags(input, |tags| tags.extend(tags_of(input)))
    }

    pub(super) fn untag(&self, input: &Value) -> Result<Value, ApiError> {
        let keys = input["tagKeys"].as_array().cloned().unwrap_or_default();
        self.with_tags(input, |tags| tags.retain(|key, _| !keys.contains(&json!(key))))
    }

    fn with_tags(
        &self,
        input: &Value,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<Value, ApiError> {
        let arn = required(input, "resourceArn")?;
        let mut state = self.state.lock();
        let found = state.machines.get_mut(arn);
        let found =
            found.ok_or_else(|| ApiError::new("ResourceNotFound", format!("Resource not found: '{arn}'")))?;
        change(&mut found.tags);
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "resourceArn")?;
        let state = self.state.lock();
        let found = state.machines.get(arn);
        let found =
            found.ok_or_else(|| ApiError::new("ResourceNotFound", format!("Resource not found: '{arn}'")))?;
        let tags: Vec<Value> =
            found.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        Ok(json!({ "tags": tags }))
    }
}
