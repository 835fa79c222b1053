//! CreateFunction, DeleteFunction and the tags of functions.

use crate::function::Function;
use crate::lambda::Lambda;
use crate::pool::Pool;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// AWS's default of a function's timeout, and its bound.
const TIMEOUT: (u64, u64) = (3, 900);
/// AWS's default of a function's memory, and its bounds, in MB.
const MEMORY: (u64, u64, u64) = (128, 128, 10_240);
/// Members of CreateFunction that this Lambda acts on, or that mean nothing to a process on loopback.
const KNOWN: [&str; 12] = [
    "FunctionName",
    "Role",
    "Code",
    "PackageType",
    "ImageConfig",
    "Timeout",
    "MemorySize",
    "Environment",
    "Tags",
    "Description",
    "Architectures",
    "TracingConfig",
];
/// AWS's bound on the tags of one function.
const MOST_TAGS: usize = 50;

impl Lambda {
    /// Makes a function of a container image whose command answers on standard output.
    pub(super) fn create(&self, input: &Value) -> Result<Value, ApiError> {
        let name = text(input, "FunctionName")?.rsplit(':').next().unwrap_or_default().to_owned();
        let members = input.as_object().into_iter().flatten().map(|(member, _)| member.as_str());
        if let Some(other) = members.into_iter().find(|member| !KNOWN.contains(member)) {
            return Err(wrong(format!("{other} is not part of this Lambda.")));
        }
        let image = input["Code"]["ImageUri"].as_str();
        let (Some("Image"), Some(image)) = (input["PackageType"].as_str(), image) else {
            return Err(wrong(
                "This Lambda makes functions of PackageType Image with Code.ImageUri alone: an image whose command reads the event from standard input and answers on standard output.".to_owned(),
            ));
        };
        if self.inner.pools.lock().contains_key(&name) {
            return Err(ApiError::new(
                "ResourceConflictException",
                format!("Function already exist: {name}"),
            )
            .with_field("Type", "User".into()));
        }
        let pull = self.inner.config.pull.as_ref();
        let pulled = pull.map_or_else(|| Err("there is no registry".to_owned()), |pull| pull(image));
        let pulled = pulled
            .map_err(|why| wrong(format!("Source image {image} does not exist or cannot be run: {why}")))?;
        let words = |member: &str| {
            let list = input["ImageConfig"][member].as_array();
            list.map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>())
        };
        let command: Vec<String> = match (words("EntryPoint"), words("Command")) {
            (None, None) => pulled,
            (entry, command) => entry.into_iter().chain(command).flatten().collect(),
        };
        let number = |member: &str, default: u64, (least, most): (u64, u64)| match input[member].as_u64() {
            None => Ok(default),
            Some(number) if (least..=most).contains(&number) => Ok(number),
            Some(number) => Err(wrong(format!("{member} is {number}: it must be from {least} to {most}."))),
        };
        let timeout = number("Timeout", TIMEOUT.0, (1, TIMEOUT.1))?;
        let memory = number("MemorySize", MEMORY.0, (MEMORY.1, MEMORY.2))?;
        let variables = input["Environment"]["Variables"].as_object().into_iter().flatten();
        let tags = tags(&input["Tags"])?;
        let config = &self.inner.config;
        let function = Function {
            arn: format!("arn:aws:lambda:{}:{}:function:{name}", config.region, config.account),
            name: name.clone(),
            binary: command.first().map(Into::into).unwrap_or_default(),
            command: Some(command),
            environment: variables
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            memory_mb: u32::try_from(memory).unwrap_or(u32::MAX),
            timeout: Duration::from_secs(timeout),
            handler: String::new(),
            role: text(input, "Role")?.to_owned(),
            credentials: crate::function::Credentials::default(),
        };
        let described = super::describe(&function);
        let pool = Pool::new(function, config.max_environments);
        self.inner.pools.lock().insert(name.clone(), pool);
        self.inner.tags.lock().insert(name, tags);
        Ok(described)
    }

    pub(super) fn delete(&self, input: &Value) -> Result<Value, ApiError> {
        let function = self.named(input)?;
        if function.command.is_none() {
            return Err(wrong(format!("{} belongs to a stack: delete that.", function.name)));
        }
        drop(self.inner.pools.lock().remove(&function.name));
        self.inner.tags.lock().remove(&function.name);
        Ok(json!({ "StatusCode": 204 }))
    }

    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let function = self.about(input)?;
        Ok(json!({ "Tags": self.tags_of(&function.name) }))
    }

    pub(super) fn tag(&self, input: &Value) -> Result<Value, ApiError> {
        let function = self.about(input)?;
        let more = tags(&input["Tags"])?;
        let mut all = self.inner.tags.lock();
        let known = all.entry(function.name.clone()).or_default();
        let mut after = known.clone();
        after.extend(more);
        if after.len() > MOST_TAGS {
            return Err(wrong(format!("A function has at most {MOST_TAGS} tags.")));
        }
        *known = after;
        Ok(Value::Null)
    }

    pub(super) fn untag(&self, input: &Value) -> Result<Value, ApiError> {
        let function = self.about(input)?;
        let keys: Vec<&str> =
            input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(known) = self.inner.tags.lock().get_mut(&function.name) {
            known.retain(|key, _| !keys.contains(&key.as_str()));
        }
        Ok(Value::Null)
    }

    /// The tags of a function by its name or ARN, as they are now; none of what is not there.
    #[must_use]
    pub fn tags_of(&self, name_or_arn: &str) -> BTreeMap<String, String> {
        let Ok(function) = self.inner.resolve(name_or_arn) else { return BTreeMap::new() };
        self.inner.tags.lock().get(&function.name).cloned().unwrap_or_default()
    }

    fn about(&self, input: &Value) -> Result<Arc<Function>, ApiError> {
        let arn = text(input, "Resource")?;
        self.inner.resolve(arn).map_err(|refusal| refusal.to_api())
    }
}

fn tags(given: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let tags: BTreeMap<String, String> = (given.as_object().into_iter().flatten())
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    if tags.len() > MOST_TAGS {
        return Err(wrong(format!("A function has at most {MOST_TAGS} tags.")));
    }
    Ok(tags)
}

fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, ApiError> {
    let given = input[member].as_str().filter(|text| !text.is_empty());
    given.ok_or_else(|| wrong(format!("{member} must not be empty")))
}

fn wrong(message: String) -> ApiError {
    ApiError::new("InvalidParameterValueException", message).with_field("Type", "User".into())
}
