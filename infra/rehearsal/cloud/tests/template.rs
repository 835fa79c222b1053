//! Templates read whole: a small one with everything in it, one full of mistakes, and the one that ships.

use rehearsal_cloud::events::input::InputSpec;
use rehearsal_cloud::template::{Options, Stack};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

fn small(parameters: &[(&str, &str)]) -> Stack {
    let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let options = Options { stack_name: "small".to_owned(), parameters, ..Options::default() };
    Stack::read(&Path::new(DATA).join("small.yaml"), &options).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn functions_have_what_globals_and_they_themselves_say() {
    let stack = small(&[]);
    let step = stack.function("StepFunction").unwrap();
    assert_eq!(step.name, "small-step");
    assert_eq!(step.arn, "arn:aws:lambda:us-east-1:123456789012:function:small-step");
    assert_eq!(step.binary.as_deref(), Some("step"));
    assert_eq!((step.memory_mb, step.timeout), (128, Duration::from_secs(20)));
    let variables: Vec<_> = step.environment.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        variables,
        [("POLL", "7"), ("TABLE", stack.tables[0].name.as_str()), ("TOPIC", &stack.topics[0].arn)]
    );
    assert_eq!(step.role_logical_id.as_deref(), Some("StepRole"));
    assert_eq!(step.log_group, "/small/step");
    let listener = stack.function("ListenFunction").unwrap();
    assert_eq!((listener.memory_mb, listener.timeout), (256, Duration::from_secs(5)));
    assert_eq!(listener.role_logical_id.as_deref(), Some("ListenFunctionRole"), "SAM makes one");
    assert_eq!(listener.log_group, format!("/aws/lambda/{}", listener.name));
}

#[test]
fn the_state_machine_has_its_substitutions() {
    let stack = small(&[]);
    let machine = &stack.state_machines[0];
    assert_eq!(machine.arn, "arn:aws:states:us-east-1:123456789012:stateMachine:small");
    assert!(machine.definition.contains("arn:aws:lambda:us-east-1:123456789012:function:small-step"));
    assert!(!machine.definition.contains("${"));
    assert_eq!(stack.outputs["Machine"], machine.arn.as_str());
}

#[test]
fn rules_and_schedules_come_from_resources_and_from_events() {
    let stack = small(&[]);
    let push = &stack.rules["PushRule"];
    assert!(push.pattern.as_ref().unwrap().matches(&json!({ "source": "aws.ecr" })));
    let target = &push.targets[0];
    assert_eq!((target.retry.attempts, target.retry.age), (4, Duration::from_secs(600)));
    assert_eq!(target.arn, stack.state_machines[0].arn);
    assert!(target.role.is_some());
    assert_eq!(target.dead_letters.as_deref(), Some(stack.queues[0].arn.as_str()));
    assert!(
        matches!(&target.input, InputSpec::Transformer { paths, .. } if paths["r"] == "$.detail.repository-name")
    );

    let listens = &stack.rules["ListenFunctionDied"];
    assert_eq!(listens.targets[0].id, "ListenFunctionLambdaTarget");
    assert_eq!(listens.targets[0].input, InputSpec::Constant(json!({ "died": true })));
    let ticks = &stack.rules["ListenFunctionTick"];
    assert_eq!((ticks.schedule.as_ref().unwrap().source(), ticks.enabled), ("rate(5 minutes)", false));
    let nightly = &stack.schedules["ListenFunctionNightly"];
    assert_eq!((nightly.name.as_str(), nightly.group.as_str()), ("ListenFunctionNightly", "default"));
    assert!(nightly.target.role.as_deref().unwrap().contains("ListenFunctionNightlyRole"));
    assert!(stack.queues.iter().any(|queue| queue.logical_id == "ListenFunctionNightlyQueue"));
    assert!(!stack.schedules.contains_key("CanaryTick"), "its condition is false");

    let canary = small(&[("Canary", "shop/web")]);
    let canary = &canary.schedules["CanaryTick"];
    assert_eq!(canary.target.input.as_deref(), Some("{\"redeploy\":\"shop/web\"}"));
}

#[test]
fn roles_have_the_policies_that_name_them() {
    let stack = small(&[]);
    let role = stack.role("arn:aws:iam::123456789012:role/small-step-role").unwrap();
    let names: Vec<_> = role.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["ledger", "extra"]);
    assert_eq!(role.policies[0].document["Statement"][0]["Resource"], stack.tables[0].arn.as_str());
    assert_eq!(
        stack.others.iter().map(|one| one.logical_id.as_str()).collect::<Vec<_>>(),
        ["Dashboard", "ListenFunctionDiedPermission", "ListenFunctionTickPermission", "PushPermission"]
    );
    assert_eq!(stack.tables[0].ttl.as_deref(), Some("expires_at"));
    assert_eq!(stack.alarms[0].properties["Threshold"], 1);
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Parameters: { Days: { Type: Number, Default: x } }
Conditions: { Odd: !Equals [!Ref Nope, a] }
Resources:
  Bucket: { Type: AWS::S3::Bucket }
  F:
    Type: AWS::Serverless::Function
    Properties: { Runtime: provided.al2023, Handler: bootstrap, CodeUri: ., Timeout: 901, Role: !GetAtt Gone.Arn,
      Environment: { Variables: { A: !GetAtt T.Nope, B: !Sub '${Missing}' } },
      Events: { E: { Type: Api } } }
  T: { Type: AWS::DynamoDB::Table, DependsOn: Away, Properties: { BillingMode: PAY_PER_REQUEST, KeySchema: [] } }
  M: { Type: AWS::Serverless::StateMachine, Properties: { Role: r, DefinitionUri: nope.json } }
  R: { Type: AWS::Events::Rule, Properties: { EventPattern: { a: 1 }, Targets: [{ Id: x, Arn: y, Input: '{' }] } }
  S: { Type: AWS::Scheduler::Schedule, Properties: { ScheduleExpression: often, Target: { Arn: a } } }
";
    let error = Stack::parse(text, Path::new(DATA), &Options::default()).unwrap_err();
    let told = error.to_string();
    for expected in [
        "Parameters.Days: is \"x\", which is no number",
        "Conditions.Odd: Nope is neither a parameter nor a resource",
        "Resources.Bucket: is of type \"AWS::S3::Bucket\", which the rehearsal does not know",
        "Resources.F.Properties.Role: Gone is neither a parameter nor a resource",
        "Resources.F.Properties: Timeout is 901, not within 1 and 900",
        "Resources.F.Properties.Environment.Variables.A: T has no attribute Nope",
        "Resources.F.Properties.Environment.Variables.B: Missing is neither a parameter nor a resource",
        "Resources.F.Properties.Events.E: is of type Api, which the rehearsal does not know",
        "Resources.T: DependsOn Away, which is no resource",
        "Resources.T.Properties: has no AttributeDefinitions",
        "Resources.M.Properties: DefinitionUri nope.json cannot be read",
        "Resources.R.Properties.EventPattern: Event pattern is not valid.",
        "Resources.R.Properties.Targets.0: Input is no JSON",
        "Resources.S.Properties: Invalid Schedule Expression often.",
        "Resources.S.Properties: has no FlexibleTimeWindow",
        "Resources.S.Properties.Target: has no RoleArn",
    ] {
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    assert_eq!(error.mistakes.len(), 16, "and no others: {told}");
}

#[test]
fn the_definition_and_its_substitutions_have_to_agree() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties: { Role: r, DefinitionUri: small.asl.json, DefinitionSubstitutions: { Unused: x } }
";
    let error = Stack::parse(text, Path::new(DATA), &Options::default()).unwrap_err();
    assert_eq!(
        error.mistakes,
        [
            "Resources.M.Properties: DefinitionSubstitutions has Unused, which the definition does not use",
            "Resources.M.Properties: the definition uses ${StepFunctionArn}, which DefinitionSubstitutions does not have",
        ]
    );
}

#[test]
fn what_ships_can_be_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../template.yaml");
    let stack = Stack::read(&path, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    let mut binaries: Vec<_> =
        stack.functions.iter().filter_map(|function| function.binary.as_deref()).collect();
    binaries.sort_unstable();
    assert_eq!(
        binaries,
        [
            "check-health",
            "dispatch",
            "drain",
            "finish",
            "gate",
            "plan",
            "register-revision",
            "rollback",
            "swap",
            "update-service"
        ]
    );
    assert!(stack.functions.iter().all(|function| function.role_logical_id.is_some()));
    assert_eq!(stack.state_machines.len(), 1);
    assert_eq!(stack.tables.len(), 1);
    assert!(!stack.rules.is_empty() && !stack.schedules.is_empty());
}

#[test]
fn policies_that_cannot_be_judged_are_mistakes() {
    let text = "
Transform: AWS::Serverless-2016-10-31
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: sts:AssumeRole }] }
      Policies:
        - PolicyName: p
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - { Effect: Allow, Action: 'ecs:*', Resource: '*', Condition: { IpAddress: { aws:SourceIp: 10.0.0.0/8 } } }
              - { Effect: Allow, Action: 'ecs:*', Resource: '*', Condition: { DateLessThan: { ecs:cluster: x } } }
";
    let error = Stack::parse(text, Path::new(DATA), &Options::default()).unwrap_err();
    let policy = "Resources.R.Properties.Policies.0.PolicyDocument: Statement";
    assert_eq!(
        error.mistakes,
        [
            "Resources.R.Properties.AssumeRolePolicyDocument: Statement.0: has no Principal".to_owned(),
            format!(
                "{policy}.0.Condition.IpAddress.aws:SourceIp: aws:SourceIp is a key that requests here do not come with"
            ),
            format!(
                "{policy}.1.Condition.DateLessThan.ecs:cluster: DateLessThan is an operator that the rehearsal does not know"
            ),
        ]
    );
}
