//! Both services of the sample are planned for with their tags, and nothing is in the way.

use crate::template::{number, resources, word};
use changeover_aws::elb::TargetGroup;
use changeover_domain::capacity::Need;
use changeover_domain::evidence::{EcsDeployment, ServiceSeen};
use changeover_domain::image::PinnedImage;
use changeover_domain::name::ServiceName;
use changeover_domain::plan::Plan;
use changeover_domain::route::{Route, RouteId};
use changeover_domain::settings::{Raw, Strategy, TAG_PREFIX, read};
use changeover_domain::span::Seconds;
use plan::{ContainerSeen, Decision, DefinitionSeen, View, decide};
use serde_json::Value;
use std::collections::BTreeMap;

/// What ECS tells of a service some minutes after the stack was made.
fn service(properties: &Value) -> ServiceSeen {
    let configuration = &properties["DeploymentConfiguration"];
    // CloudFormation's own number for a service that says none.
    let desired = properties.get("DesiredCount").map_or(1, number);
    let definition = word(&properties["TaskDefinition"]);
    let balancers = properties["LoadBalancers"].as_array().expect("LoadBalancers").iter();
    let target_groups = balancers
        .map(|one| {
            (word(&one["TargetGroupArn"]), u16::try_from(number(&one["ContainerPort"])).expect("a port"))
        })
        .collect();
    ServiceSeen {
        name: word(&properties["ServiceName"]),
        status: "ACTIVE".to_owned(),
        task_definition: definition.clone(),
        desired,
        running: desired,
        minimum_healthy_percent: number(&configuration["MinimumHealthyPercent"]),
        maximum_percent: number(&configuration["MaximumPercent"]),
        controller: "ECS".to_owned(),
        ecs_strategy: "ROLLING".to_owned(),
        launch_type: Some(word(&properties["LaunchType"])),
        target_groups,
        deployments: vec![EcsDeployment {
            status: "PRIMARY".to_owned(),
            task_definition: definition,
            desired,
            running: desired,
            rollout_state: Some("COMPLETED".to_owned()),
            ..EcsDeployment::default()
        }],
        settings: tags(properties),
        ..ServiceSeen::default()
    }
}

/// Our tags without their prefix.
fn tags(properties: &Value) -> Raw {
    let all = properties["Tags"].as_array().expect("Tags").iter();
    all.filter_map(|tag| {
        Some((tag["Key"].as_str()?.strip_prefix(TAG_PREFIX)?.to_owned(), word(&tag["Value"])))
    })
    .collect()
}

fn definitions() -> BTreeMap<String, DefinitionSeen> {
    let container = |container: &Value| ContainerSeen {
        name: word(&container["Name"]),
        image: word(&container["Image"]),
        essential: container["Essential"] == true,
        ..ContainerSeen::default()
    };
    let definition = |properties: &Value| DefinitionSeen {
        containers: properties["ContainerDefinitions"]
            .as_array()
            .expect("containers")
            .iter()
            .map(container)
            .collect(),
        need: Need::default(),
        ..DefinitionSeen::default()
    };
    resources("AWS::ECS::TaskDefinition")
        .iter()
        .map(|(id, properties)| (id.clone(), definition(properties)))
        .collect()
}

fn groups() -> Vec<TargetGroup> {
    let delay = |properties: &Value| {
        let attributes = properties["TargetGroupAttributes"].as_array().expect("attributes").iter();
        let found = attributes.into_iter().find(|one| one["Key"] == "deregistration_delay.timeout_seconds");
        Seconds(number(&found.expect("a deregistration delay")["Value"]).into())
    };
    let group = |(id, properties): (String, Value)| TargetGroup {
        arn: id,
        load_balancers: vec!["LoadBalancer".to_owned()],
        deregistration_delay: delay(&properties),
        check_interval: Seconds(number(&properties["HealthCheckIntervalSeconds"]).into()),
        pins: false,
    };
    resources("AWS::ElasticLoadBalancingV2::TargetGroup").into_iter().map(group).collect()
}

/// Rules and default actions that forward.
fn routes() -> Vec<Route> {
    let rules = resources("AWS::ElasticLoadBalancingV2::ListenerRule");
    let rules = rules.into_iter().map(|(id, it)| (RouteId::Rule(id), it["Actions"][0].clone()));
    let listeners = resources("AWS::ElasticLoadBalancingV2::Listener");
    let listeners =
        listeners.into_iter().map(|(id, it)| (RouteId::DefaultAction(id), it["DefaultActions"][0].clone()));
    let weights = |action: &Value| match action["ForwardConfig"]["TargetGroups"].as_array() {
        Some(tuples) => {
            tuples.iter().map(|one| (word(&one["TargetGroupArn"]), number(&one["Weight"]))).collect()
        }
        None => BTreeMap::from([(word(&action["TargetGroupArn"]), 100)]),
    };
    rules
        .chain(listeners)
        .filter(|(_, action)| action["Type"] == "forward")
        .map(|(id, action)| Route {
            id,
            load_balancer: "LoadBalancer".to_owned(),
            weights: weights(&action),
            stickiness_seconds: None,
            asks_cognito: false,
        })
        .collect()
}

/// What is decided when an image is pushed for the service of these logical ids.
fn planned(ids: &[&str]) -> Plan {
    let services = resources("AWS::ECS::Service");
    let find =
        |id: &&str| services.iter().find(|(found, _)| found == id).map(|(_, properties)| service(properties));
    let members: Vec<ServiceSeen> = ids.iter().filter_map(find).collect();
    let settings = read(&Raw::new(), &members[0].settings, &Raw::new());
    let image = PinnedImage::new("Repository", "r/web", Some("web"), &format!("sha256:{}", "a".repeat(64)));
    let ours: Vec<&String> = members.iter().flat_map(|member| member.target_groups.keys()).collect();
    let routes = routes().into_iter().filter(|route| route.weights.keys().any(|group| ours.contains(&group)));
    let view = View {
        now: changeover_domain::Timestamp::UNIX_EPOCH,
        redeploy: false,
        service: ServiceName::new("changeover-sample", &members[0].name),
        names: members.iter().map(|member| member.name.clone()).collect(),
        settings,
        definitions: definitions(),
        groups: groups().into_iter().filter(|group| ours.contains(&&group.arn)).collect(),
        routes: routes.collect(),
        image: Ok(image),
        tasks: BTreeMap::new(),
        registry: BTreeMap::new(),
        annotations: BTreeMap::new(),
        database: None,
        closed_hooks: Vec::new(),
        task_roles: "*".to_owned(),
        container: None,
        instances: None,
        group: None,
        alarms: vec![],
        calendar: None,
        overridden: None,
        numbers_after: Seconds(180),
        members,
    };
    match decide(&view) {
        Decision::Go(plan) => *plan,
        other => panic!("{ids:?}: {other:?}"),
    }
}

#[test]
fn the_pair_is_planned_from_blue_to_green() {
    let plan = planned(&["Blue", "Green"]);
    assert_eq!(plan.settings.strategy, Strategy::BlueGreen);
    assert_eq!((plan.live.ecs_service.as_str(), plan.live.desired), ("web-blue", plan.tasks));
    let next = plan.next.expect("a next side");
    assert_eq!((next.ecs_service.as_str(), next.desired), ("web-green", 1));
    assert_eq!(plan.routes.len(), 1, "{:?}", plan.routes);
    assert_eq!(plan.settings.repository, "Repository");
    // Room is all that cannot be seen beforehand; a short deregistration delay would be another note.
    assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
}

#[test]
fn the_rolling_service_is_planned() {
    let plan = planned(&["Rolling"]);
    assert_eq!((plan.settings.strategy, plan.next), (Strategy::Rolling, None));
    assert_eq!((plan.container.as_str(), plan.notes.len()), ("api", 1), "{:?}", plan.notes);
}

#[test]
fn every_service_is_tagged_and_no_push_deploys_both() {
    let mut tags_of_images = Vec::new();
    for (id, properties) in resources("AWS::ECS::Service") {
        let tags = tags(&properties);
        let settings =
            read(&Raw::new(), &tags, &Raw::new()).unwrap_or_else(|mistakes| panic!("{id}: {mistakes:?}"));
        let fits = |value: &String| value.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
        assert!(tags.values().all(fits), "{id}: ECS does not take {tags:?}");
        tags_of_images.push((settings.image_tag, settings.strategy));
    }
    tags_of_images.sort_by_key(|(tag, _)| tag.clone());
    let tags: Vec<_> = tags_of_images.iter().map(|(tag, strategy)| (tag.as_str(), *strategy)).collect();
    assert_eq!(
        tags,
        [("api", Strategy::Rolling), ("web", Strategy::BlueGreen), ("web", Strategy::BlueGreen)]
    );
}

/// Whoever plays with the stack's parameters must not set the side that serves back to no tasks.
#[test]
fn no_setting_is_a_parameter_and_the_side_that_waits_has_no_number_of_tasks() {
    let written = crate::template::written();
    let mut seen = 0;
    for (id, resource) in written["Resources"].as_object().expect("Resources") {
        for tag in resource["Properties"]["Tags"].as_array().into_iter().flatten() {
            if !tag["Key"].as_str().is_some_and(|key| key.starts_with(TAG_PREFIX)) {
                continue;
            }
            let parameter = tag["Value"]["Ref"].as_str().and_then(|name| written["Parameters"].get(name));
            assert_eq!(parameter, None, "{id}: {tag}");
            seen += 1;
        }
    }
    assert!(seen > 15, "only {seen} tags were seen");
    assert_eq!(written["Resources"]["Green"]["Properties"].get("DesiredCount"), None);
}
