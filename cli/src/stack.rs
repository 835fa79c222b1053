//! Which of Changeover's stacks is meant.

use crate::args::Globals;
use crate::failure::Failure;
use crate::suggest::{meant, or_list};
use changeover_aws::Aws;
use changeover_aws::stacks::{self, STACK_TAG, Stack};

/// The stack that is named, or the only one there is.
pub async fn find(aws: &Aws, globals: &Globals) -> Result<Stack, Failure> {
    choose(stacks::all(aws).await?, globals.stack.as_deref())
}

fn choose(mut stacks: Vec<Stack>, named: Option<&str>) -> Result<Stack, Failure> {
    let names: Vec<String> = stacks.iter().map(|stack| stack.name.clone()).collect();
    if let Some(named) = named {
        return match stacks.into_iter().find(|stack| stack.name == named) {
            Some(stack) => Ok(stack),
            None if names.is_empty() => Err(none(&format!(", and so none of the name {named}"))),
            None => Err(Failure::usage(format!(
                "There is no stack {named} with the tag {STACK_TAG} in this account and region.{}",
                meant(named, &names).unwrap_or_else(|| format!(" There are: {}.", or_list(&names)))
            ))),
        };
    }
    match stacks.len() {
        1 => Ok(stacks.remove(0)),
        0 => Err(none("")),
        _ => Err(Failure::usage(format!(
            "There are several stacks here: {}. Say which one with --stack or CHANGEOVER_STACK.",
            or_list(&names)
        ))),
    }
}

fn none(more: &str) -> Failure {
    Failure::usage(format!(
        "There is no stack of Changeover in this account and region{more}: no state machine and table have the tag {STACK_TAG}.\nCheck --region and --profile; to install it, see docs/guide.md. A stack that was installed before this command line gets the tag with its next `sam deploy`."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks(names: &[&str]) -> Vec<Stack> {
        let stack = |name: &&str| Stack {
            name: (*name).to_owned(),
            state_machine: format!("arn:{name}"),
            table: format!("{name}-Table"),
        };
        names.iter().map(stack).collect()
    }

    #[test]
    fn the_only_stack_is_meant_and_of_several_the_one_that_is_named() {
        assert_eq!(choose(stacks(&["a"]), None).unwrap().name, "a");
        assert_eq!(choose(stacks(&["a", "b"]), Some("b")).unwrap().name, "b");
        let told = |names: &[&str], named| choose(stacks(names), named).unwrap_err().words;
        assert!(told(&[], None).contains("no stack of Changeover"));
        assert!(told(&["prod", "test"], None).contains("prod, test"));
        assert!(told(&["prod", "test"], Some("prd")).contains("Did you mean prod?"));
        assert!(told(&["prod", "test"], Some("zzzzzz")).contains("There are: prod, test."));
    }
}
