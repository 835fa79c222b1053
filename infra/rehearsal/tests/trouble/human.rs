//! What cannot be brought to an end: traffic is where it is served best, nothing is deleted, and a person is called. What the
//! operations guide then advises is done in just that state.

use crate::show::{Kind, Show, ends};
use rehearsal::stage::CLUSTER;
use rehearsal_cloud::ApiFault;
use rehearsal_wire::{ApiError, Service};
use serde_json::json;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn when_neither_side_can_serve_a_person_is_called_and_nothing_is_deleted() {
    let show = Show::begin(Kind::Pair, &[("health-timeout", "10s"), ("bake", "6s")]).await;
    let members = show.sample.members.clone();
    let [blue, green] = members.as_slice() else { panic!("a pair has two") };
    // As bad as what serves nobody: it is no better than the old tasks that are gone.
    show.push("v2", &["--error-rate", "1"]).await;
    show.reached("Bake", 1).await;
    // The old image is gone from the registry, and then the old tasks are: ECS cannot start others.
    let gone = json!({"repositoryName": show.sample.repository, "imageIds": [{"imageTag": "v1"}]});
    show.call(Service::Ecr, "BatchDeleteImage", gone).await;
    let listed = json!({"cluster": CLUSTER, "serviceName": blue.ecs_service});
    let listed = show.call(Service::Ecs, "ListTasks", listed).await;
    for task in listed["taskArns"].as_array().expect("a list") {
        let stop = json!({"cluster": CLUSTER, "task": task, "reason": "an accident"});
        show.call(Service::Ecs, "StopTask", stop).await;
    }
    show.rests(1).await;
    let rules = show.call(Service::Elbv2, "DescribeRules", json!({"RuleArns": [show.sample.rule]})).await;
    let groups = rules["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"].clone();
    let weight = |arn: &str| {
        let group = groups.as_array().and_then(|all| all.iter().find(|one| one["TargetGroupArn"] == arn));
        group.and_then(|group| group["Weight"].as_u64())
    };
    assert_eq!((weight(&blue.target_group), weight(&green.target_group)), (Some(0), Some(100)), "{groups}");
    let running = json!({"cluster": CLUSTER, "serviceName": green.ecs_service});
    let running = show.call(Service::Ecs, "ListTasks", running).await;
    assert_eq!(running["taskArns"].as_array().map(Vec::len), Some(2), "the new tasks still run");
    let topic = &show.stage.cloud.stack().topics.first().expect("the template has a topic").arn;
    let told = |words: &str| {
        let messages = show.stage.cloud.sns().messages(topic);
        messages.iter().any(|one| one.subject.as_deref().unwrap_or_default().contains(words))
    };
    assert!(told("NeedsHuman"), "{:?}", show.stage.cloud.sns().messages(topic));
    show.until("the alarm rises", async || show.alarms().await.contains(&"NeedsHumanAlarm".to_owned())).await;
    show.until("the topic is told", async || told("ALARM: \"changeover-needs-human\"")).await;
    let left = show.ledger().await;
    assert_eq!(left.holder, None, "whoever repairs it is not locked out");
    let last = left.deployments.last().expect("a deployment");
    assert_eq!(last.outcome.as_deref(), Some("NeedsHuman"));
    let reason = last.reason.clone().unwrap_or_default();
    for part in ["old tasks are healthy", "nothing was deleted", &blue.ecs_service, "start an execution"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    // What the operations guide advises: the side that has all the weight is whole, so the other goes to no tasks.
    let other = json!({"cluster": CLUSTER, "service": blue.ecs_service, "desiredCount": 0});
    show.call(Service::Ecs, "UpdateService", other).await;
    // Then an execution is started, which plans from what it finds: the image runs there.
    show.start(json!({})).await;
    show.rests(2).await;
    assert_eq!(last_outcome(&show).await.as_deref(), Some("Succeeded"));
    // And the push that repairs it goes as any other.
    show.push("v3", &[]).await;
    show.rests(3).await;
    let observed = show.end(false).await;
    let outcomes: Vec<&str> = ends(&observed).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["NeedsHuman", "Succeeded", "Succeeded"]);
    assert!(observed.record.summary.by_version["v3"].counts.ok > 0, "the repair serves");
}

/// Going back is refused with the weights in between: nothing else is deployed until a person has made one side whole.
#[tokio::test(flavor = "multi_thread")]
async fn when_going_back_is_refused_a_person_makes_one_side_whole_and_goes_on() {
    let show = Show::begin(Kind::Pair, &[("bake", "60s")]).await;
    let members = show.sample.members.clone();
    let [_, green] = members.as_slice() else { panic!("a pair has two") };
    show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    let stack = show.stage.cloud.stack();
    let function = stack.function("RollbackFunction").expect("there is such a function").name.clone();
    show.stage.cloud.set_fault_hook(Some(Arc::new(move |caller, call| {
        let is_it = caller.name() == function && call.operation == "ModifyRule";
        is_it.then(|| ApiFault::Fail(ApiError::new("AccessDenied", "no policy allows it").with_status(403)))
    })));
    show.start(json!({"rollback": true, "cause": "INC-1"})).await;
    show.rests(2).await;
    assert_eq!(last_outcome(&show).await.as_deref(), Some("NeedsHuman"));
    show.stage.cloud.set_fault_hook(None);
    // As long as neither side has all the weight, an execution changes nothing and says what has to be done.
    show.start(json!({})).await;
    show.rests(3).await;
    let refused = show.ledger().await.deployments.last().cloned().expect("a deployment");
    assert_eq!(refused.outcome.as_deref(), Some("Refused"));
    let reason = refused.reason.unwrap_or_default();
    assert!(reason.contains("weight"), "{reason}");
    // The old side has its tasks; it gets all the weight, and the other goes to no tasks.
    show.weigh([100, 0]).await;
    let other = json!({"cluster": CLUSTER, "service": green.ecs_service, "desiredCount": 0});
    show.call(Service::Ecs, "UpdateService", other).await;
    show.until("the other side has no tasks", async || {
        let input = json!({"cluster": CLUSTER, "serviceName": green.ecs_service});
        show.call(Service::Ecs, "ListTasks", input).await["taskArns"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    show.start(json!({"settings": {"bake": "4s"}})).await;
    show.rests(4).await;
    let observed = show.end(true).await;
    let outcomes: Vec<&str> = ends(&observed).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes.last(), Some(&"Succeeded"), "{outcomes:?}");
    assert_eq!(observed.record.summary.totals.failed, 0, "users noticed nothing of any of this");
}

async fn last_outcome(show: &Show) -> Option<String> {
    show.ledger().await.deployments.last().and_then(|deployment| deployment.outcome.clone())
}
