//! CloudFormation: tells of the one stack that the cloud was made from. It makes, changes and deletes none.
//!
//! Words of errors are those of CloudFormation's own answers as the AWS CLI shows them.

use crate::account::Account;
use crate::input::{text, unknown};
use crate::template::Stack;
use jiff::Timestamp;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// What a resource and a stack are here from the beginning.
const COMPLETE: &str = "CREATE_COMPLETE";

/// The stack, and since when it is there. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct CloudFormation {
    stack: std::sync::Arc<Stack>,
    id: String,
    created: Timestamp,
}

impl CloudFormation {
    /// Tells of this stack.
    pub(crate) fn new(account: &Account, stack: &Stack) -> Self {
        // The last part of AWS's is a UUID; what it is nobody reads.
        let id = account.arn("cloudformation", &format!("stack/{}/rehearsal", stack.name));
        Self { stack: std::sync::Arc::new(stack.clone()), id, created: rehearsal_world::now() }
    }

    /// Answers one call of the service `cloudformation`.
    pub(crate) fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let asked = text(input, "StackName");
        let is_ours = asked.is_none_or(|asked| asked == self.stack.name || asked == self.id);
        match operation {
            "DescribeStacks" if is_ours => Ok(json!({ "Stacks": [self.whole()] })),
            "DescribeStacks" => {
                Err(invalid(format!("Stack with id {} does not exist", asked.unwrap_or_default())))
            }
            "DescribeStackResource" | "DescribeStackResources" if !is_ours => {
                Err(invalid(format!("Stack '{}' does not exist", asked.unwrap_or_default())))
            }
            "DescribeStackResource" => {
                let id = text(input, "LogicalResourceId").unwrap_or_default();
                let mut detail = self.resource(id)?;
                detail["LastUpdatedTimestamp"] = json!(self.created.as_second());
                Ok(json!({ "StackResourceDetail": detail }))
            }
            "DescribeStackResources" => {
                let one = text(input, "LogicalResourceId");
                let ids = self.stack.resources.keys().filter(|id| one.is_none_or(|one| one == *id));
                let found: Result<Vec<Value>, ApiError> = ids
                    .map(|id| {
                        let mut resource = self.resource(id)?;
                        resource["Timestamp"] = json!(self.created.as_second());
                        Ok(resource)
                    })
                    .collect();
                Ok(json!({ "StackResources": found? }))
            }
            other => Err(unknown(other)),
        }
    }

    fn whole(&self) -> Value {
        let stack = &self.stack;
        let parameters: Vec<Value> = stack
            .parameters
            .iter()
            .map(|(key, value)| json!({ "ParameterKey": key, "ParameterValue": words(value) }))
            .collect();
        let outputs: Vec<Value> = stack
            .outputs
            .iter()
            .map(|(key, value)| {
                let mut output = json!({ "OutputKey": key, "OutputValue": words(value) });
                if let Some(description) = stack.descriptions.get(key) {
                    output["Description"] = json!(description);
                }
                output
            })
            .collect();
        json!({
            "StackName": stack.name, "StackId": self.id, "CreationTime": self.created.as_second(),
            "StackStatus": COMPLETE, "DisableRollback": false, "Parameters": parameters, "Outputs": outputs,
            "Capabilities": ["CAPABILITY_IAM"], "Tags": [],
        })
    }

    fn resource(&self, id: &str) -> Result<Value, ApiError> {
        let Some((kind, physical)) = self.stack.resources.get(id) else {
            return Err(invalid(format!("Resource {id} does not exist for stack {}", self.stack.name)));
        };
        Ok(json!({
            "StackName": self.stack.name, "StackId": self.id, "LogicalResourceId": id, "PhysicalResourceId": physical,
            "ResourceType": kind, "ResourceStatus": COMPLETE,
        }))
    }
}

/// A value as CloudFormation tells it: lists with commas.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::new("ValidationError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> CloudFormation {
        let stack = Stack {
            name: "changeover".to_owned(),
            parameters: [("ClusterName".to_owned(), json!("*")), ("Subnets".to_owned(), json!(["a", "b"]))]
                .into(),
            outputs: [("TableName".to_owned(), json!("changeover-Table"))].into(),
            descriptions: [("TableName".to_owned(), "The ledger".to_owned())].into(),
            resources: [(
                "Table".to_owned(),
                ("AWS::DynamoDB::Table".to_owned(), "changeover-Table".to_owned()),
            )]
            .into(),
            ..Stack::default()
        };
        CloudFormation::new(&Account::default(), &stack)
    }

    #[test]
    fn the_stack_is_told_with_its_outputs_and_parameters() {
        let told = told();
        for input in [json!({}), json!({ "StackName": "changeover" }), json!({ "StackName": told.id })] {
            let stack = &told.call("DescribeStacks", &input).unwrap()["Stacks"][0];
            let output = json!({ "OutputKey": "TableName", "OutputValue": "changeover-Table", "Description": "The ledger" });
            assert_eq!(stack["Outputs"][0], output);
            assert_eq!(stack["Parameters"][1]["ParameterValue"], "a,b");
            assert_eq!(stack["StackStatus"], "CREATE_COMPLETE");
        }
    }

    #[test]
    fn a_resource_is_told_and_what_is_not_there_is_refused_in_aws_words() {
        let told = told();
        let asked = |stack: &str, id: &str| {
            told.call("DescribeStackResource", &json!({ "StackName": stack, "LogicalResourceId": id }))
        };
        assert_eq!(
            asked("changeover", "Table").unwrap()["StackResourceDetail"]["PhysicalResourceId"],
            "changeover-Table"
        );
        let error = asked("changeover", "Tabel").unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("ValidationError", "Resource Tabel does not exist for stack changeover")
        );
        assert_eq!(asked("other", "Table").unwrap_err().message, "Stack 'other' does not exist");
        let error = told.call("DescribeStacks", &json!({ "StackName": "other" })).unwrap_err();
        assert_eq!(error.message, "Stack with id other does not exist");
    }
}
