//! Bad calls, typed with the AWS CLI: they get AWS's error codes, and what is not here says so.

use crate::clients::{Shell, there_is};
use crate::server::Served;

/// As many commands at a time as the machine has room for.
const AT_ONCE: usize = 2;
/// What stands for the long parts of the commands.
const SHORT: [(&str, &str); 3] = [
    ("ELB:", "arn:aws:elasticloadbalancing:us-east-1:123456789012:"),
    ("STATES:", "arn:aws:states:us-east-1:123456789012:"),
    ("RULE", "listener-rule/app/x/0000000000000000/0000000000000000/0000000000000000"),
];

/// Commands with AWS's code for what is wrong with them.
const REFUSED: [(&str, &str); 30] = [
    ("ecs describe-services --cluster nowhere --services api", "ClusterNotFoundException"),
    ("ecs update-service --cluster rehearsal --service nobody --desired-count 1", "ServiceNotFoundException"),
    ("ecs list-tasks --cluster rehearsal --service-name nobody", "ServiceNotFoundException"),
    ("ecs update-service --cluster rehearsal --service api --task-definition api:99", "ClientException"),
    ("ecs update-service --cluster rehearsal --service api --desired-count -1", "InvalidParameterException"),
    ("ecs describe-task-definition --task-definition nothing", "ClientException"),
    ("ecs register-task-definition --family api --container-definitions '[]'", "ClientException"),
    ("ecs delete-service --cluster rehearsal --service api", "InvalidParameterException"),
    (
        "ecs stop-task --cluster rehearsal --task 00000000000000000000000000000000",
        "InvalidParameterException",
    ),
    ("elbv2 describe-rules --rule-arns ELB:RULE", "RuleNotFound"),
    (
        "elbv2 modify-rule --rule-arn ELB:RULE --actions Type=fixed-response,FixedResponseConfig={StatusCode=404}",
        "RuleNotFound",
    ),
    (
        "elbv2 describe-target-health --target-group-arn ELB:targetgroup/x/0000000000000000",
        "TargetGroupNotFound",
    ),
    ("elbv2 describe-load-balancers --names nothing", "LoadBalancerNotFound"),
    ("elbv2 create-target-group --name bad_name --protocol HTTP --port 80", "ValidationError"),
    (
        "stepfunctions describe-execution --execution-arn STATES:execution:changeover:nothing",
        "ExecutionDoesNotExist",
    ),
    (
        "stepfunctions stop-execution --execution-arn STATES:execution:changeover:nothing",
        "ExecutionDoesNotExist",
    ),
    (
        "stepfunctions start-execution --state-machine-arn STATES:stateMachine:nothing",
        "StateMachineDoesNotExist",
    ),
    (
        "stepfunctions start-execution --state-machine-arn STATES:stateMachine:changeover --input nonsense",
        "InvalidExecutionInput",
    ),
    (
        "stepfunctions start-execution --state-machine-arn STATES:stateMachine:changeover --name 'a b'",
        "InvalidName",
    ),
    ("stepfunctions describe-execution --execution-arn nonsense", "InvalidArn"),
    ("dynamodb describe-table --table-name nothing", "ResourceNotFoundException"),
    ("dynamodb scan --table-name x", "ValidationException"),
    ("ecr describe-images --repository-name nothing", "RepositoryNotFoundException"),
    ("ecr describe-images --repository-name web --image-ids imageTag=nothing", "ImageNotFoundException"),
    ("ecr put-image --repository-name web --image-manifest '{}'", "InvalidParameterException"),
    ("events describe-rule --name nothing", "ResourceNotFoundException"),
    ("lambda get-function --function-name nothing", "ResourceNotFoundException"),
    (
        "cloudwatch get-metric-statistics --namespace X --metric-name Y --period 60 --statistics Sum \
         --start-time 2026-01-02T00:00:00Z --end-time 2026-01-01T00:00:00Z",
        "InvalidParameterValue",
    ),
    // AWS has these; here they are not, and the answer says so.
    ("ecs list-attributes --target-type container-instance --cluster rehearsal", "UnknownOperationException"),
    ("ec2 describe-instances", "InvalidAction"),
];

#[tokio::test(flavor = "multi_thread")]
async fn bad_calls_get_the_codes_of_aws() {
    if !there_is("aws --version").await {
        return;
    }
    let served = Served::start().await;
    let shell = Shell::of(&served);
    for few in REFUSED.chunks(AT_ONCE) {
        let mut asked = few.iter().map(|(command, code)| is_refused(&shell, command, code));
        match (asked.next(), asked.next()) {
            (Some(one), Some(other)) => drop(tokio::join!(one, other)),
            (Some(one), None) => one.await,
            _ => {}
        }
    }
    let again = "aws ecr put-image --repository-name api --image-tag v1 --image-manifest \
         \"$(aws ecr batch-get-image --repository-name api --image-ids imageTag=v1 \
         --query 'images[0].imageManifest' --output text)\"";
    refused(&shell, again, "ImageAlreadyExistsException").await;
    served.close().await;
}

async fn is_refused(shell: &Shell, command: &str, code: &str) {
    let whole = SHORT.iter().fold(command.to_owned(), |text, (short, long)| text.replace(short, long));
    refused(shell, &format!("aws {whole}"), code).await;
}

async fn refused(shell: &Shell, command: &str, code: &str) {
    let output = shell.run(command).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{command} went well");
    assert!(
        said.contains(&format!("An error occurred ({code}) when calling the ")),
        "{command}: {code}? {said}"
    );
}
