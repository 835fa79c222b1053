//! The AWS CLI, typed as a user types it: what the cloud prints, and whatever else one does.

use crate::clients::{Shell, there_is};
use crate::server::{REHEARSE, Served, until_asked};
use serde_json::{Value, json};
use std::time::Duration;

/// Requests that users make, to be found in the metrics.
const REQUESTS: usize = 20;
/// How often a command is typed again.
const AGAIN: Duration = Duration::from_secs(1);

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    until_asked(what, AGAIN, so).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deploys_and_looks_around() {
    if !there_is("aws --version").await {
        return;
    }
    let served = Served::start().await;
    let shell = Shell::of(&served);
    // One machine, two services: what is done to one does not disturb the other.
    tokio::join!(changes_over(&served, &shell), scales(&served, &shell));
    tokio::join!(stops_by_hand(&served, &shell), drains_an_instance(&shell));
    tokio::join!(shifts_by_hand(&served, &shell), runs_a_server_of_ones_own(&served, &shell));
    served.close().await;
}

/// The one printed command with this in it.
pub fn printed<'a>(served: &'a Served, part: &str) -> &'a str {
    let found: Vec<&str> = served.commands().filter(|command| command.contains(part)).collect();
    assert_eq!(found.len(), 1, "{part}: {found:?}");
    found[0]
}

/// Gives a build the tag that deploys it, follows the deployment, and finds the same end everywhere.
async fn changes_over(served: &Served, shell: &Shell) {
    let pushed = shell.json(printed(served, "put-image")).await;
    assert_eq!(pushed["image"]["imageId"]["imageTag"], "v2");
    let list = printed(served, "list-executions");
    let started = async || {
        let listed = shell.json(list).await;
        listed["executions"].as_array().is_some_and(|executions| executions.len() == 1)
    };
    until("the push starts an execution", started).await;
    let execution = shell.text(&format!("{list} --query 'executions[0].executionArn' --output text")).await;
    let ended = over(shell, &execution).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    let output: Value = serde_json::from_str(ended["output"].as_str().expect("an output")).expect("JSON");
    assert_eq!(output["outcome"], "Succeeded", "{output}");
    for _ in 0..REQUESTS {
        assert_eq!(served.body("web").await.as_deref(), Ok("v2"));
    }
    // Everything else that it prints works as it stands; a second deployment is for later.
    for command in
        served.commands().filter(|one| !one.contains("put-image") && !one.contains("start-execution"))
    {
        let said = shell.json(command).await;
        assert!(said.as_object().is_some_and(|members| !members.is_empty()), "{command}: {said}");
    }
    let ledger = shell.json(printed(served, "dynamodb query")).await;
    let outcomes: Vec<&Value> = ledger["Items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["outcome"].get("S"))
        .collect();
    assert_eq!(outcomes, [&json!("Succeeded")]);
    tells_history(shell, &execution).await;
    meters(served, shell).await;
    describes_tasks(shell).await;
}

async fn tells_history(shell: &Shell, execution: &str) {
    let history = format!("aws stepfunctions get-execution-history --execution-arn {execution}");
    let all = shell.json(&history).await;
    let all = all["events"].as_array().expect("events");
    let kind = |index: usize| all[index]["type"].as_str().unwrap_or_default();
    assert_eq!((kind(0), kind(all.len() - 1)), ("ExecutionStarted", "ExecutionSucceeded"));
    let last = shell.json(&format!("{history} --reverse-order --max-items 1")).await;
    assert_eq!(last["events"].as_array().map(Vec::as_slice), Some(&all[all.len() - 1..]));
    let first = shell.json(&format!("{history} --max-items 5")).await;
    assert!(first["NextToken"].is_string(), "{first}");
    let token = first["NextToken"].as_str().unwrap_or_default();
    let next = shell.json(&format!("{history} --max-items 5 --starting-token {token}")).await;
    assert_eq!(next["events"].as_array().map(Vec::as_slice), Some(&all[5..10]));
}

/// The requests of before are in the metrics of the side that served them.
async fn meters(served: &Served, shell: &Shell) {
    let listener = printed(served, "describe-rules").rsplit(' ').next().unwrap_or_default();
    let balancer =
        listener.split("listener/").nth(1).and_then(|rest| rest.rsplit_once('/')).expect("an ARN").0;
    let groups = shell.json("aws elbv2 describe-target-groups --names web-green").await;
    let group = groups["TargetGroups"][0]["TargetGroupArn"].as_str().and_then(|arn| arn.rsplit(':').next());
    let query = json!([{"Id": "served", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {
        "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_2XX_Count",
        "Dimensions": [{"Name": "LoadBalancer", "Value": balancer}, {"Name": "TargetGroup", "Value": group}]}}}]);
    let now = jiff::Timestamp::now();
    let (from, to) = (now - jiff::SignedDuration::from_mins(5), now + jiff::SignedDuration::from_mins(2));
    let get = format!(
        "aws cloudwatch get-metric-data --start-time {from} --end-time {to} --metric-data-queries '{query}'"
    );
    let seen = async || {
        let data = shell.json(&get).await;
        let values = data["MetricDataResults"][0]["Values"].as_array().cloned().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a few")]
        let wanted = REQUESTS as f64;
        values.iter().filter_map(Value::as_f64).sum::<f64>() >= wanted
    };
    until("the requests are in the metrics", seen).await;
}

async fn describes_tasks(shell: &Shell) {
    let list =
        "aws ecs list-tasks --cluster rehearsal --service-name web-green --query 'taskArns' --output text";
    let tasks = shell.text(list).await;
    let tasks = tasks.split_whitespace().collect::<Vec<_>>().join(" ");
    let described = shell.json(&format!("aws ecs describe-tasks --cluster rehearsal --tasks {tasks}")).await;
    let described = described["tasks"].as_array().expect("tasks");
    assert_eq!(described.len(), 4);
    let definition = described[0]["taskDefinitionArn"].as_str().expect("an ARN");
    for task in described {
        assert_eq!(
            (&task["lastStatus"], &task["taskDefinitionArn"]),
            (&json!("RUNNING"), &json!(definition))
        );
    }
    let said = shell
        .json(&format!("aws ecs describe-task-definition --task-definition {definition} --include TAGS"))
        .await;
    let image = said["taskDefinition"]["containerDefinitions"][0]["image"].as_str().unwrap_or_default();
    assert!(image.contains("/web@sha256:"), "{said}");
    let group = "aws elbv2 describe-target-groups --names web-green --output text \
         --query 'TargetGroups[0].TargetGroupArn'";
    shell.text(&format!("aws elbv2 wait target-in-service --target-group-arn $({group})")).await;
}

/// Waits for an execution to be over, as a user does; how it ended.
pub async fn over(shell: &Shell, execution: &str) -> Value {
    let describe = format!("aws stepfunctions describe-execution --execution-arn {execution}");
    until("the execution is over", async || shell.json(&describe).await["status"] != "RUNNING").await;
    shell.json(&describe).await
}

/// More tasks for the rolling service.
async fn scales(served: &Served, shell: &Shell) {
    let update = "aws ecs update-service --cluster rehearsal --service api --desired-count 5";
    assert_eq!(shell.json(update).await["service"]["desiredCount"], 5);
    shell.text("aws ecs wait services-stable --cluster rehearsal --services api").await;
    let services = shell.json("aws ecs describe-services --cluster rehearsal --services api").await;
    let service = &services["services"][0];
    assert_eq!(
        (&service["runningCount"], &service["deployments"][0]["rolloutState"]),
        (&json!(5), &json!("COMPLETED"))
    );
    let group = service["loadBalancers"][0]["targetGroupArn"].as_str().expect("an ARN");
    shell.text(&format!("aws elbv2 wait target-in-service --target-group-arn {group}")).await;
    let health = shell.json(&format!("aws elbv2 describe-target-health --target-group-arn {group}")).await;
    assert_eq!(health["TargetHealthDescriptions"].as_array().map(Vec::len), Some(5));
    assert_eq!(served.body("api").await.as_deref(), Ok("v1"));
}

/// A deployment that is stopped by hand is brought to an end, and users notice nothing.
async fn stops_by_hand(served: &Served, shell: &Shell) {
    let started = shell.json(printed(served, "\"redeploy\":true")).await;
    let execution = started["executionArn"].as_str().expect("an ARN");
    let tasks = "aws ecs describe-services --cluster rehearsal --services web-blue --query 'services[0].desiredCount'";
    until("the other side starts", async || shell.text(tasks).await == "4").await;
    shell
        .json(&format!(
            "aws stepfunctions stop-execution --execution-arn {execution} --cause 'second thoughts'"
        ))
        .await;
    let stopped = over(shell, execution).await;
    assert_eq!((&stopped["status"], &stopped["cause"]), (&json!("ABORTED"), &json!("second thoughts")));
    let running = format!("{} --status-filter RUNNING", printed(served, "list-executions"));
    let at_rest =
        async || shell.text(tasks).await == "0" && shell.json(&running).await["executions"] == json!([]);
    until("the other side is gone again and nothing runs", at_rest).await;
    assert_eq!(served.body("web").await.as_deref(), Ok("v2"));
}

/// An instance is emptied for maintenance, and comes back.
async fn drains_an_instance(shell: &Shell) {
    let list = "aws ecs list-container-instances --cluster rehearsal --output text --query";
    let instance = shell.text(&format!("{list} 'containerInstanceArns[0]'")).await;
    let update = format!(
        "aws ecs update-container-instances-state --cluster rehearsal --container-instances {instance} --status"
    );
    assert_eq!(
        shell.json(&format!("{update} DRAINING")).await["containerInstances"][0]["status"],
        "DRAINING"
    );
    let describe =
        format!("aws ecs describe-container-instances --cluster rehearsal --container-instances {instance}");
    let is_empty = async || {
        let described = shell.json(&describe).await;
        let instance = &described["containerInstances"][0];
        instance["runningTasksCount"] == 0 && instance["pendingTasksCount"] == 0
    };
    until("the instance is empty", is_empty).await;
    shell.json(&format!("{update} ACTIVE")).await;
    let active = shell.text(&format!("{list} 'length(containerInstanceArns)' --status ACTIVE")).await;
    assert_eq!(active, "3");
}

/// The printed server of one's own, for the rolling service.
async fn runs_a_server_of_ones_own(served: &Served, shell: &Shell) {
    if !there_is("python3 --version").await {
        return;
    }
    let said = served.said.join("\n");
    let (_, push) = said.split_once(" --tag v6 -- ").expect("it is printed");
    let (command, _) = push.split_once("\n\n").expect("it ends");
    let port = served.port();
    let pushed =
        shell.text(&format!("{REHEARSE} push --port {port} --repository api --tag v6 -- {command}")).await;
    assert!(pushed.starts_with("pushed api:v6 as sha256:"), "{pushed}");
    let find = format!(
        "{} --output text --query \"executions[?starts_with(name,'api-')].executionArn\"",
        printed(served, "list-executions")
    );
    until("the push starts an execution", async || !shell.text(&find).await.is_empty()).await;
    let ended = over(shell, &shell.text(&find).await).await;
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(served.body("api").await.as_deref(), Ok("mine"));
}

/// Weights written by hand are the weights.
async fn shifts_by_hand(served: &Served, shell: &Shell) {
    let rules = shell.json(printed(served, "describe-rules")).await;
    let rule = rules["Rules"].as_array().expect("rules").iter().find(|rule| rule["IsDefault"] == false);
    let rule = rule.expect("the pair's rule");
    let mut actions = rule["Actions"].clone();
    let weights = |actions: &Value| {
        let groups = actions[0]["ForwardConfig"]["TargetGroups"].as_array().cloned().unwrap_or_default();
        groups.iter().map(|group| group["Weight"].as_u64().unwrap_or_default()).collect::<Vec<_>>()
    };
    assert_eq!(weights(&actions), [0, 100], "as the deployment left them");
    for (group, weight) in
        actions[0]["ForwardConfig"]["TargetGroups"].as_array_mut().expect("two").iter_mut().zip([5, 95])
    {
        group["Weight"] = weight.into();
    }
    let arn = rule["RuleArn"].as_str().expect("an ARN");
    shell.json(&format!("aws elbv2 modify-rule --rule-arn {arn} --actions '{actions}'")).await;
    let after = shell.json(&format!("aws elbv2 describe-rules --rule-arns {arn}")).await;
    assert_eq!(weights(&after["Rules"][0]["Actions"]), [5, 95]);
    assert_eq!(after["Rules"][0]["Conditions"], rule["Conditions"], "nothing else has changed");
}
