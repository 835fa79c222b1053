//! What the sample says: its outputs name what is there, its parameters can all be left as they are.

use crate::template::{PATH, written};
use contract::{stack, text};
use serde_json::Value;

fn output(name: &str) -> String {
    let value = &written()["Outputs"][name]["Value"];
    let told = value.get("Sub").or(value.get("GetAtt")).unwrap_or(value);
    let told = told.as_str().or_else(|| told[0].as_str());
    told.unwrap_or_else(|| panic!("the sample has no output {name}: {value}")).to_owned()
}

#[test]
fn every_parameter_has_a_default_and_says_what_it_is_for() {
    let template = written();
    let groups =
        template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array().cloned();
    let shown: Vec<Value> = groups
        .expect("groups")
        .iter()
        .flat_map(|group| group["Parameters"].as_array().expect("names").clone())
        .collect();
    for (name, parameter) in template["Parameters"].as_object().expect("Parameters") {
        assert!(parameter.get("Default").is_some(), "{name} has no default");
        assert!(parameter["Description"].as_str().is_some_and(|said| said.len() > 15), "{name}");
        assert!(shown.contains(&name.as_str().into()), "{name} is in no group");
    }
    assert_eq!(shown.len(), template["Parameters"].as_object().expect("Parameters").len());
}

#[test]
fn what_narrows_changeover_are_parameters_of_changeover() {
    let known = stack().parameters;
    let told = output("NarrowingParameters");
    let mut narrowed = 0;
    for (name, _) in told.split_whitespace().filter_map(|word| word.split_once('=')) {
        assert!(known.contains_key(name), "Changeover has no parameter {name}");
        narrowed += 1;
    }
    assert_eq!(narrowed, 5, "{told}");
}

#[test]
fn the_readme_names_outputs_folders_and_services_that_are_there() {
    let readme = text("infra/sample/README.md");
    for name in ["WebUrl", "RepositoryUri", "NarrowingParameters"] {
        assert!(readme.contains(name) && !output(name).is_empty(), "{name}");
    }
    for name in ["ConsoleUrl", "DashboardUrl", "StateMachineArn", "TableName"] {
        assert!(readme.contains(name) && stack().outputs.contains_key(name), "{name}");
    }
    assert!(readme.contains(PATH));
    for folder in ["infra/sample/good", "infra/sample/bad"] {
        assert!(readme.contains(folder), "{folder}");
        let dockerfile = text(&format!("{folder}/Dockerfile"));
        // Both are what the services begin with, but for a file: their port and health check fit.
        let first = written()["Parameters"]["FirstImage"]["Default"].as_str().expect("a default").to_owned();
        assert!(dockerfile.contains(&format!("FROM {first}\n")), "{folder} is not made from {first}");
    }
}

/// A role that trusts everybody's tasks, or may do more than start these, would be a bad example.
#[test]
fn no_role_of_the_sample_may_everything() {
    for (id, properties) in crate::template::resources("AWS::IAM::Role") {
        for policy in properties["Policies"].as_array().into_iter().flatten() {
            for statement in policy["PolicyDocument"]["Statement"].as_array().expect("statements") {
                let is_login = statement["Action"] == "ecr:GetAuthorizationToken";
                assert!(is_login || statement["Resource"] != "*", "{id}: {statement}");
            }
        }
        assert!(properties.get("ManagedPolicyArns").is_none(), "{id} has policies of others");
    }
}
