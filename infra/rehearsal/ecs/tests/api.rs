//! The API's shapes, errors, pages and tags, as callers of AWS know them.

mod common;

use common::{CLUSTER, World, list, quick, text};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// All pages of a list.
async fn all(world: &World, operation: &str, mut input: Value, member: &str) -> (Vec<String>, usize) {
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let answer = world.call(operation, input.clone()).await;
        seen.extend(list(&answer[member]));
        pages += 1;
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return (seen, pages),
        }
    }
}

async fn error(world: &World, operation: &str, input: Value) -> ApiError {
    world.ecs.call(operation, input).await.expect_err("an error")
}

#[tokio::test]
async fn what_is_missing_is_a_failure_or_an_error_as_in_aws() {
    let world = World::new(quick()).await;
    let missing =
        |answer: &Value| (text(&answer["failures"][0]["arn"]), text(&answer["failures"][0]["reason"]));
    let answer = world.call("DescribeServices", json!({"cluster": CLUSTER, "services": ["none"]})).await;
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/main/none";
    assert_eq!(missing(&answer), (arn.to_owned(), "MISSING".to_owned()));
    assert_eq!(answer["services"], json!([]));
    let answer = world.call("DescribeTasks", json!({"cluster": CLUSTER, "tasks": ["0123"]})).await;
    assert_eq!(missing(&answer).1, "MISSING");
    let answer = world.call("DescribeClusters", json!({"clusters": ["none"]})).await;
    assert_eq!(missing(&answer).1, "MISSING");
    let input = json!({"cluster": CLUSTER, "containerInstances": ["0123"]});
    assert_eq!(missing(&world.call("DescribeContainerInstances", input).await).1, "MISSING");
    let unknown = error(&world, "DescribeServices", json!({"cluster": "none", "services": ["web"]})).await;
    assert_eq!(
        (unknown.code.as_str(), unknown.message.as_str()),
        ("ClusterNotFoundException", "Cluster not found.")
    );
    for (operation, input, code) in [
        ("UpdateService", json!({"service": "none"}), "ServiceNotFoundException"),
        ("ListTasks", json!({"serviceName": "none"}), "ServiceNotFoundException"),
        ("ListServiceDeployments", json!({"service": "none"}), "ServiceNotFoundException"),
        ("StopTask", json!({"task": "0123"}), "InvalidParameterException"),
        ("CreateService", json!({"serviceName": "web", "taskDefinition": "none"}), "ClientException"),
        ("DescribeServices", json!({"services": []}), "InvalidParameterException"),
        ("DescribeServices", json!({"services": vec!["web"; 11]}), "InvalidParameterException"),
        ("DescribeTaskDefinition", json!({"taskDefinition": "none"}), "ClientException"),
        ("DeregisterTaskDefinition", json!({"taskDefinition": "web"}), "ClientException"),
        ("Fly", json!({}), "UnknownOperationException"),
    ] {
        let mut input = input;
        input["cluster"] = CLUSTER.into();
        assert_eq!(world.refusal(operation, input.clone()).await, code, "{operation} {input}");
    }
}

#[tokio::test]
async fn a_registered_definition_is_described_with_everything_that_was_given() {
    let world = World::new(quick()).await;
    let given: Value = serde_json::from_str(include_str!("data/definition.json")).expect("JSON");
    let made = world.call("RegisterTaskDefinition", given.clone()).await;
    assert_eq!((made["taskDefinition"]["revision"].as_u64(), &made["tags"]), (Some(1), &given["tags"]));
    let input = json!({"taskDefinition": "web", "include": ["TAGS"]});
    let told = world.call("DescribeTaskDefinition", input).await;
    assert_eq!(told["tags"], given["tags"]);
    let definition = &told["taskDefinition"];
    assert_eq!(definition["taskDefinitionArn"], "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1");
    assert_eq!(definition["status"], "ACTIVE");
    for (member, value) in given.as_object().expect("members") {
        match member.as_str() {
            "tags" => {}
            // Defaults are filled in, but nothing given is changed.
            "containerDefinitions" => {
                for (given, told) in value
                    .as_array()
                    .expect("a list")
                    .iter()
                    .zip(definition[member].as_array().expect("a list"))
                {
                    for (member, value) in given.as_object().expect("members") {
                        assert_eq!(&told[member], value, "{member}");
                    }
                }
            }
            _ => assert_eq!(&definition[member], value, "{member}"),
        }
    }
    let untagged = world.call("DescribeTaskDefinition", json!({"taskDefinition": "web:1"})).await;
    assert!(untagged["tags"].is_null(), "tags come only when asked for");
}

#[tokio::test]
async fn definitions_are_listed_by_family_status_and_order() {
    let world = World::new(quick()).await;
    let mut web = Vec::new();
    for _ in 0..12 {
        web.push(world.definition("web", "v1").await);
    }
    world.definition("webserver", "v1").await;
    let family = json!({"familyPrefix": "web", "maxResults": 5});
    let (listed, pages) = all(&world, "ListTaskDefinitions", family, "taskDefinitionArns").await;
    assert_eq!((&listed, pages), (&web, 3), "by revision number, and of no other family");
    let newest = json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 1});
    assert_eq!(
        list(&world.call("ListTaskDefinitions", newest).await["taskDefinitionArns"]),
        [web[11].clone()]
    );
    let gone = world.call("DeregisterTaskDefinition", json!({"taskDefinition": web[11]})).await;
    assert_eq!(gone["taskDefinition"]["status"], "INACTIVE");
    let inactive = json!({"familyPrefix": "web", "status": "INACTIVE"});
    let (listed, _) = all(&world, "ListTaskDefinitions", inactive, "taskDefinitionArns").await;
    assert_eq!(listed, [web[11].clone()]);
    let latest = world.call("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await;
    assert_eq!(latest["taskDefinition"]["revision"], 11, "the latest ACTIVE one");
    let still = world.call("DescribeTaskDefinition", json!({"taskDefinition": web[11]})).await;
    assert_eq!(still["taskDefinition"]["status"], "INACTIVE");
    let input = json!({"cluster": CLUSTER, "serviceName": "web", "taskDefinition": web[11]});
    assert_eq!(world.refusal("CreateService", input).await, "ClientException");
    assert!(world.definition("web", "v1").await.ends_with("/web:13"), "a number is never given again");
    let families = world.call("ListTaskDefinitionFamilies", json!({"familyPrefix": "web"})).await;
    assert_eq!(list(&families["families"]), ["web", "webserver"]);
}

#[tokio::test]
async fn tags_are_put_removed_and_told() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v1").await;
    let tag = |key: &str, value: &str| json!({"key": key, "value": value});
    world.create("web", &definition, 0, None, json!({"tags": [tag("a", "1")]})).await;
    let service = world.describe("web").await;
    assert_eq!(service["tags"], json!([tag("a", "1")]));
    let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/main";
    for arn in [text(&service["serviceArn"]), definition, cluster.to_owned()] {
        let input = json!({"resourceArn": arn, "tags": [tag("a", "2"), tag("b", "3")]});
        world.call("TagResource", input).await;
        let told = world.call("ListTagsForResource", json!({"resourceArn": arn})).await;
        assert_eq!(told["tags"], json!([tag("a", "2"), tag("b", "3")]), "{arn}");
        world.call("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]})).await;
        let told = world.call("ListTagsForResource", json!({"resourceArn": arn})).await;
        assert_eq!(told["tags"], json!([tag("b", "3")]), "{arn}");
        let many: Vec<Value> = (0..50).map(|n| tag(&n.to_string(), "")).collect();
        let input = json!({"resourceArn": arn, "tags": many});
        assert_eq!(world.refusal("TagResource", input).await, "InvalidParameterException");
    }
    let untagged = world.call("DescribeServices", json!({"cluster": CLUSTER, "services": ["web"]})).await;
    assert!(untagged["services"][0]["tags"].is_null(), "tags come only when asked for");
    let nobody = json!({"resourceArn": "arn:aws:ecs:us-east-1:123456789012:service/main/none"});
    assert_eq!(world.refusal("ListTagsForResource", nobody).await, "ServiceNotFoundException");
}

#[tokio::test]
async fn lists_come_in_pages_and_by_what_is_asked() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v1").await;
    for n in 0..12 {
        world.create(&format!("web-{n:02}"), &definition, 0, None, json!({})).await;
    }
    let (services, pages) = all(&world, "ListServices", json!({"cluster": CLUSTER}), "serviceArns").await;
    assert_eq!((services.len(), pages), (12, 2), "ten at a time unless asked otherwise");
    let other = world.definition("other", "v1").await;
    world.create("other", &other, 3, None, json!({})).await;
    world.until_steady("other").await;
    let deployment = world.describe("other").await["deployments"][0]["id"].clone();
    let tasks = |mut input: Value| {
        input["cluster"] = CLUSTER.into();
        input["maxResults"] = 2.into();
        all(&world, "ListTasks", input, "taskArns")
    };
    let (by_service, pages) = tasks(json!({"serviceName": "other"})).await;
    assert_eq!((by_service.len(), pages), (3, 2));
    assert_eq!(tasks(json!({"family": "other"})).await.0, by_service);
    assert_eq!(tasks(json!({"startedBy": deployment})).await.0, by_service);
    assert_eq!(tasks(json!({"containerInstance": world.instance})).await.0, by_service);
    assert_eq!(tasks(json!({"launchType": "EC2"})).await.0, by_service);
    for nothing in [json!({"family": "web"}), json!({"startedBy": "me"}), json!({"desiredStatus": "STOPPED"})]
    {
        assert_eq!(tasks(nothing).await.0, Vec::<String>::new());
    }
    let (clusters, _) = all(&world, "ListClusters", json!({}), "clusterArns").await;
    let told = world.call("DescribeClusters", json!({"clusters": clusters})).await["clusters"][0].clone();
    let counts = ["runningTasksCount", "activeServicesCount", "registeredContainerInstancesCount"];
    assert_eq!(counts.map(|count| told[count].as_u64()), [Some(3), Some(13), Some(1)]);
}

#[tokio::test]
async fn a_services_settings_are_kept_changed_and_told() {
    let world = World::new(quick()).await;
    let group = world.group("web", 0).await;
    let container =
        json!({"name": "web", "image": "v1", "memory": 64, "portMappings": [{"containerPort": 8080}]});
    let input = json!({"family": "web", "networkMode": "awsvpc", "containerDefinitions": [container]});
    let definition = world.call("RegisterTaskDefinition", input).await;
    let definition = text(&definition["taskDefinition"]["taskDefinitionArn"]);
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}});
    let settings = json!({"healthCheckGracePeriodSeconds": 7, "networkConfiguration": network, "propagateTags": "SERVICE"});
    world.create("web", &definition, 0, Some(&group), settings).await;
    let service = world.describe("web").await;
    assert_eq!(service["healthCheckGracePeriodSeconds"], 7);
    assert_eq!(service["networkConfiguration"], network);
    assert_eq!(service["propagateTags"], "SERVICE");
    assert_eq!(service["loadBalancers"][0]["targetGroupArn"], group.as_str());
    assert_eq!(service["deploymentController"]["type"], "ECS");
    let role = "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    assert_eq!(service["roleArn"], role);
    let configuration = json!({"minimumHealthyPercent": 50, "maximumPercent": 150});
    let changed = world.update("web", json!({"deploymentConfiguration": configuration})).await;
    assert_eq!(changed["deploymentConfiguration"]["minimumHealthyPercent"], 50);
    assert_eq!(changed["deploymentConfiguration"]["maximumPercent"], 150);
    assert_eq!(changed["deployments"].as_array().map(Vec::len), Some(1));
    for refused in [
        json!({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}}),
        json!({"loadBalancers": [{"targetGroupArn": group, "containerName": "none", "containerPort": 8080}]}),
        json!({"loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 1}]}),
        json!({"desiredCount": -1}),
    ] {
        let mut input = refused;
        (input["cluster"], input["service"]) = (CLUSTER.into(), "web".into());
        assert_eq!(
            world.refusal("UpdateService", input.clone()).await,
            "InvalidParameterException",
            "{input}"
        );
    }
    assert_eq!(world.describe("web").await["deploymentConfiguration"]["minimumHealthyPercent"], 50);
}

#[tokio::test]
async fn a_service_deployment_tells_what_became_of_a_deployment() {
    let world = World::new(quick()).await;
    world.serving("web", 1, 0).await;
    let next = world.definition("web", "v2").await;
    let current =
        world.update("web", json!({"taskDefinition": next})).await["currentServiceDeployment"].clone();
    let input = json!({"cluster": CLUSTER, "service": "web", "status": ["IN_PROGRESS"]});
    let open = world.call("ListServiceDeployments", input).await;
    assert_eq!(open["serviceDeployments"][0]["serviceDeploymentArn"], current);
    world.until_steady("web").await;
    let input = json!({"serviceDeploymentArns": [current, "arn:none"]});
    let told = world.call("DescribeServiceDeployments", input).await;
    assert_eq!(told["failures"][0]["reason"], "MISSING");
    let deployment = &told["serviceDeployments"][0];
    assert_eq!(deployment["status"], "SUCCESSFUL");
    assert_eq!(deployment["targetServiceRevision"]["runningTaskCount"], 1);
    assert_eq!(deployment["deploymentCircuitBreaker"]["status"], "DISABLED");
    assert!(world.describe("web").await["currentServiceDeployment"].is_null());
}

#[tokio::test]
async fn a_clusters_settings_are_told_and_what_has_no_effect_is_refused() {
    let world = World::new(quick()).await;
    let asked = json!({"clusters": [CLUSTER], "include": ["SETTINGS"]});
    let told = world.call("DescribeClusters", asked).await["clusters"][0].clone();
    assert_eq!(told["settings"], json!([{"name": "containerInsights", "value": "disabled"}]));
    let told = world.call("DescribeClusters", json!({"clusters": [CLUSTER]})).await["clusters"][0].clone();
    assert_eq!(told["settings"], json!([]), "only when asked for");
    let on = json!([{"name": "containerInsights", "value": "enabled"}]);
    for (operation, input) in [
        ("UpdateClusterSettings", json!({"cluster": CLUSTER, "settings": on})),
        ("CreateCluster", json!({"clusterName": "other", "settings": on})),
        ("CreateCluster", json!({"clusterName": "other", "serviceConnectDefaults": {"namespace": "n"}})),
    ] {
        assert_eq!(world.refusal(operation, input).await, "UnsupportedFeatureException");
    }
}

#[tokio::test]
async fn a_cluster_is_deleted_once_nothing_is_left_in_it() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    let input = json!({"cluster": CLUSTER});
    assert_eq!(world.refusal("DeleteCluster", input.clone()).await, "ClusterContainsServicesException");
    world.call("DeleteService", json!({"cluster": CLUSTER, "service": "web", "force": true})).await;
    world.until("the service is gone", |seen| seen.services.is_empty()).await;
    assert_eq!(
        world.refusal("DeleteCluster", input.clone()).await,
        "ClusterContainsContainerInstancesException"
    );
    world.ecs.remove_container_instance(&world.instance);
    assert_eq!(world.call("DeleteCluster", input.clone()).await["cluster"]["status"], "INACTIVE");
    assert_eq!(world.refusal("ListServices", input).await, "ClusterNotFoundException");
}

#[tokio::test]
async fn reading_is_no_change_but_writing_is() {
    let world = World::new(quick()).await;
    let mut changes = world.ecs.changes();
    changes.mark_unchanged();
    world.call("ListClusters", json!({})).await;
    world.call("DescribeClusters", json!({"clusters": [CLUSTER]})).await;
    assert!(!changes.has_changed().expect("an ECS"));
    world.definition("web", "v1").await;
    assert!(changes.has_changed().expect("an ECS"));
}
