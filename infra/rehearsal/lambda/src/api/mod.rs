//! Lambda's API: Invoke, ListFunctions, GetFunction, GetFunctionConfiguration, and functions of one's own.

mod create;

use crate::function::Function;
use crate::lambda::Lambda;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};

/// How much of the log `LogType: Tail` gives back.
const TAIL: usize = 4_096;
/// AWS's bound on one page of functions.
const PAGE: usize = 50;

impl Lambda {
    /// Answers one call of the service `lambda`.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        match operation {
            "Invoke" => self.call_invoke(&input).await,
            "ListFunctions" => self.list(&input),
            "GetFunction" => {
                let function = self.named(&input)?;
                let repository = if function.command.is_some() { "ECR" } else { "S3" };
                let code = json!({ "RepositoryType": repository, "Location": "" });
                let tags = self.tags_of(&function.name);
                Ok(json!({ "Configuration": describe(&function), "Code": code, "Tags": tags }))
            }
            "GetFunctionConfiguration" => Ok(describe(&*self.named(&input)?)),
            "CreateFunction" => self.create(&input),
            "DeleteFunction" => self.delete(&input),
            "ListTags" => self.list_tags(&input),
            "TagResource" => self.tag(&input),
            "UntagResource" => self.untag(&input),
            other => Err(ApiError::new("UnknownOperationException", format!("Unknown operation {other}"))),
        }
    }

    async fn call_invoke(&self, input: &Value) -> Result<Value, ApiError> {
        let function = self.named(input)?;
        let payload = match input.get("Payload").and_then(Value::as_str) {
            Some(text) => Bytes::from(BASE64.decode(text).map_err(|_| not_json())?),
            None => Bytes::new(),
        };
        if !payload.is_empty() && serde_json::from_slice::<Value>(&payload).is_err() {
            return Err(not_json());
        }
        match input.get("InvocationType").and_then(Value::as_str).unwrap_or("RequestResponse") {
            "DryRun" => Ok(json!({ "StatusCode": 204 })),
            "Event" => {
                self.invoke_event(&function.name, payload);
                Ok(json!({ "StatusCode": 202 }))
            }
            _ => {
                let mut answer = match self.run(&function.name, payload).await {
                    Ok(body) => json!({
                        "StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": BASE64.encode(body),
                    }),
                    Err(failure) => failure.for_invoke_api()?,
                };
                if input.get("LogType").and_then(Value::as_str) == Some("Tail") {
                    answer["LogResult"] = self.tail(&function.name).into();
                }
                Ok(answer)
            }
        }
    }

    /// Invokes without waiting, as EventBridge and `InvocationType: Event` do: what fails is tried again
    /// as often as the configuration says, and is handed to whoever keeps dead letters after that.
    pub fn invoke_event(&self, name_or_arn: &str, payload: Bytes) {
        let inner = self.inner.clone();
        let name = name_or_arn.to_owned();
        self.inner.running.spawn(async move {
            let mut waits = inner.config.async_retries.clone().into_iter();
            loop {
                let outcome = crate::lambda::measured(inner.clone(), name.clone(), payload.clone()).await;
                let Err(failure) = outcome else { return };
                let error = failure.for_step_functions();
                tracing::warn!(function = %name, %error, "an asynchronous invocation failed");
                let Some(wait) = waits.next() else { return inner.bury(&name, &payload) };
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(wait) => {}
                    () = inner.stop.cancelled() => return,
                }
            }
        });
    }

    fn named(&self, input: &Value) -> Result<std::sync::Arc<Function>, ApiError> {
        let name = input.get("FunctionName").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            return Err(ApiError::new("ValidationException", "FunctionName must not be empty"));
        }
        self.inner.resolve(name).map_err(|refusal| refusal.to_api())
    }

    /// In pages; a marker is the name of the last function given.
    fn list(&self, input: &Value) -> Result<Value, ApiError> {
        let pools = self.inner.pools.lock();
        let marker = input.get("Marker").and_then(Value::as_str).unwrap_or_default();
        if !marker.is_empty() && !pools.contains_key(marker) {
            return Err(ApiError::new("InvalidParameterValueException", "Invalid Marker"));
        }
        let size = input.get("MaxItems").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let size = size.unwrap_or(PAGE).clamp(1, PAGE);
        let mut left = pools.iter().filter(|(name, _)| name.as_str() > marker);
        let here: Vec<_> = left.by_ref().take(size).collect();
        let functions: Vec<Value> = here.iter().map(|(_, pool)| describe(&pool.function)).collect();
        let mut answer = json!({ "Functions": functions });
        if let (Some(_), Some((last, _))) = (left.next(), here.last()) {
            answer["NextMarker"] = last.as_str().into();
        }
        Ok(answer)
    }

    fn tail(&self, name: &str) -> String {
        let lines: Vec<String> = self.logs(name).into_iter().map(|line| line.text).collect();
        let text = lines.join("\n").into_bytes();
        BASE64.encode(&text[text.len().saturating_sub(TAIL)..])
    }
}

fn not_json() -> ApiError {
    ApiError::new(
        "InvalidRequestContentException",
        "Could not parse request body into json: Could not parse payload into json",
    )
    .with_field("Type", "User".into())
}

fn describe(function: &Function) -> Value {
    let variables: Map<String, Value> =
        function.environment.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut described = json!({
        "FunctionName": function.name,
        "FunctionArn": function.arn,
        "Role": function.role,
        "Timeout": function.timeout.as_secs(),
        "MemorySize": function.memory_mb,
        "Version": "$LATEST",
        "Environment": { "Variables": variables },
        "PackageType": if function.command.is_some() { "Image" } else { "Zip" },
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Architectures": [if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }],
    });
    // An image has neither.
    if function.command.is_none() {
        described["Runtime"] = "provided.al2023".into();
        described["Handler"] = function.handler.as_str().into();
    }
    described
}
