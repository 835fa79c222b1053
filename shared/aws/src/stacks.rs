//! Finding the stacks of Changeover in an account and region, by their tag.

use crate::{At, Aws};
use aws_sdk_resourcegroupstagging::types::TagFilter;
use changeover_domain::StepError;
use std::collections::BTreeMap;

/// The tag that a stack's state machine and table have; its value is the stack's name.
pub const STACK_TAG: &str = "changeover:stack";
/// Most tagged resources that are looked at: two for each stack.
const MAX_RESOURCES: usize = 1_000;

/// What a stack is driven by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its state machine's ARN.
    pub state_machine: String,
    /// The name of its ledger's table.
    pub table: String,
}

/// The stacks there are, by name. One that lacks its state machine is none; a table that outlived its stack is none either.
pub async fn all(aws: &Aws) -> Result<Vec<Stack>, StepError> {
    let filter = TagFilter::builder().key(STACK_TAG).build();
    let request = aws.tagging().get_resources().tag_filters(filter);
    let request =
        request.resource_type_filters("states:stateMachine").resource_type_filters("dynamodb:table");
    let mut pages = request.into_paginator().send();
    let mut found: Vec<(String, String)> = Vec::new();
    while let Some(page) = pages.next().await {
        for resource in page.at("GetResources", STACK_TAG)?.resource_tag_mapping_list() {
            let name =
                resource.tags().iter().find(|tag| tag.key() == STACK_TAG).map(|tag| tag.value().to_owned());
            found.extend(name.zip(resource.resource_arn().map(str::to_owned)));
        }
        if found.len() >= MAX_RESOURCES {
            break;
        }
    }
    Ok(whole(&found))
}

/// The whole ones among tagged resources, by tag and ARN. Of several tables of one name, as they are left when a stack is
/// deleted and made again, none can be told to be the ledger: the last by name is taken.
fn whole(found: &[(String, String)]) -> Vec<Stack> {
    let of = |part: &str| -> BTreeMap<&str, &str> {
        found
            .iter()
            .filter(|(_, arn)| arn.contains(part))
            .map(|(name, arn)| (name.as_str(), arn.as_str()))
            .collect()
    };
    let (machines, tables) = (of(":stateMachine:"), of(":table/"));
    let stack = |(name, machine): (&&str, &&str)| {
        let table = tables.get(name)?.rsplit('/').next()?;
        Some(Stack {
            name: (*name).to_owned(),
            state_machine: (*machine).to_owned(),
            table: table.to_owned(),
        })
    };
    machines.iter().filter_map(stack).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_a_state_machine_with_its_table() {
        let tagged = |name: &str, arn: &str| (name.to_owned(), arn.to_owned());
        let found = [
            tagged("b", "arn:aws:states:us-east-1:1:stateMachine:b"),
            tagged("b", "arn:aws:dynamodb:us-east-1:1:table/b-Table-X"),
            tagged("left", "arn:aws:dynamodb:us-east-1:1:table/left-Table-Y"),
            tagged("half", "arn:aws:states:us-east-1:1:stateMachine:half"),
        ];
        let stacks = whole(&found);
        assert_eq!(stacks.len(), 1);
        assert_eq!((stacks[0].name.as_str(), stacks[0].table.as_str()), ("b", "b-Table-X"));
    }
}
