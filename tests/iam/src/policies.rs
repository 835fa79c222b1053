//! The template's policies, as they are deployed on the stage of these tests.

use anyhow::Context as _;
use rehearsal::build::workspace;
use rehearsal_cloud::template::{Options, Stack};
use rehearsal_cloud::{Account, Iam, Judge};
use std::collections::BTreeMap;

/// The template as it is written.
///
/// # Errors
/// If it cannot be read.
pub fn template() -> anyhow::Result<String> {
    std::fs::read_to_string(workspace().join("template.yaml")).context("template.yaml")
}

/// What a template describes, with the parameters of the stage.
///
/// # Errors
/// If it has mistakes.
pub fn stack(template: &str) -> anyhow::Result<Stack> {
    let cluster = ("ClusterName".to_owned(), rehearsal::stage::CLUSTER.to_owned());
    let options = Options { parameters: BTreeMap::from([cluster]), ..Options::default() };
    Ok(Stack::parse(template, &workspace(), &options)?)
}

/// Who judges by the policies of a stack.
///
/// # Errors
/// If a policy has mistakes.
pub fn judge(stack: &Stack) -> anyhow::Result<Judge> {
    Iam::judge_of(stack, &Account::default())
}
