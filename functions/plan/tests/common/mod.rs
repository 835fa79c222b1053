//! Services that could be deployed, for tests that spoil them.

#![allow(dead_code, reason = "each test file uses some of it")]

use changeover_aws::elb::TargetGroup;
use changeover_domain::capacity::{Instance, Need};
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::image::PinnedImage;
use changeover_domain::name::ServiceName;
use changeover_domain::plan::Plan;
use changeover_domain::route::{Route, RouteId};
use changeover_domain::settings::{Raw, read};
use changeover_domain::span::Seconds;
use plan::{ContainerSeen, Decision, DefinitionSeen, View, decide};
use std::collections::{BTreeMap, BTreeSet};

pub const BLUE: &str = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/blue/1";
pub const GREEN: &str = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/green/2";
pub const BALANCER: &str = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/3";

pub fn image(digit: &str) -> PinnedImage {
    PinnedImage::new("web", "r/web", Some("latest"), &format!("sha256:{}", digit.repeat(64)))
}

pub fn raw(pairs: &[(&str, &str)]) -> Raw {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn service(name: &str, group: &str, desired: u32, tags: &[(&str, &str)]) -> ServiceSeen {
    ServiceSeen {
        name: name.into(),
        status: "ACTIVE".into(),
        task_definition: format!("{name}:1"),
        desired,
        running: desired,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        controller: "ECS".into(),
        ecs_strategy: "ROLLING".into(),
        launch_type: Some("EC2".into()),
        target_groups: BTreeMap::from([(group.to_owned(), 80)]),
        settings: raw(tags),
        ..ServiceSeen::default()
    }
}

pub fn definition() -> DefinitionSeen {
    let container = |name: &str, repository: &str, essential| ContainerSeen {
        name: name.into(),
        image: format!("r/{repository}@{}", image("a").digest),
        essential,
        ..ContainerSeen::default()
    };
    DefinitionSeen {
        containers: vec![container("web", "web", true), container("sidecar", "proxy", false)],
        need: Need { cpu: 256, memory: 512, ports: BTreeSet::new() },
        ..DefinitionSeen::default()
    }
}

pub fn group(arn: &str, balancer: &str) -> TargetGroup {
    TargetGroup {
        arn: arn.into(),
        load_balancers: vec![balancer.into()],
        deregistration_delay: Seconds(30),
        check_interval: Seconds(5),
        pins: false,
    }
}

pub fn instance(cpu: u32) -> Instance {
    Instance { id: "i-1".into(), cpu, memory: 65_536, ..Instance::default() }
}

/// A pair with blue serving, four tasks, and room for eight.
pub fn pair() -> View {
    let tags = |other| [("repository", "web"), ("strategy", "blue-green"), ("pair", other)];
    let blue = service("blue", BLUE, 4, &tags("green"));
    let green = service("green", GREEN, 0, &tags("blue"));
    View {
        now: changeover_domain::Timestamp::from_second(10_000).unwrap(),
        redeploy: false,
        service: ServiceName::new("main", "blue"),
        names: vec!["blue".into(), "green".into()],
        settings: read(&Raw::new(), &blue.settings, &Raw::new()),
        definitions: BTreeMap::from([("blue:1".into(), definition()), ("green:1".into(), definition())]),
        members: vec![blue, green],
        groups: vec![group(BLUE, BALANCER), group(GREEN, BALANCER)],
        routes: vec![Route {
            id: RouteId::Rule("rule".into()),
            load_balancer: BALANCER.into(),
            weights: BTreeMap::from([(BLUE.into(), 100), (GREEN.into(), 0)]),
            stickiness_seconds: None,
            asks_cognito: false,
        }],
        image: Ok(image("b")),
        tasks: BTreeMap::new(),
        registry: BTreeMap::new(),
        annotations: BTreeMap::new(),
        database: None,
        closed_hooks: Vec::new(),
        container: None,
        task_roles: "*".into(),
        instances: Some(vec![instance(4 * 256)]),
        group: None,
        alarms: vec![],
        calendar: None,
        overridden: None,
        numbers_after: Seconds(0),
    }
}

/// An ordinary service.
pub fn rolling() -> View {
    let mut view = pair();
    let web = service("blue", BLUE, 4, &[("repository", "web")]);
    view.settings = read(&Raw::new(), &web.settings, &Raw::new());
    view.names.truncate(1);
    view.members = vec![web];
    view
}

pub fn planned(view: &View) -> Plan {
    match decide(view) {
        Decision::Go(plan) => *plan,
        other => panic!("not planned: {other:#?}"),
    }
}

/// The refusal of a view with something wrong in it; each part must be in a sentence of its own.
pub fn refused(mut view: View, spoil: impl FnOnce(&mut View), parts: &[&str]) {
    spoil(&mut view);
    let Decision::Refuse(mistakes) = decide(&view) else { panic!("not refused: {parts:?}") };
    for part in parts {
        assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{part:?} in {mistakes:#?}");
    }
    assert_eq!(mistakes.len(), parts.len(), "{mistakes:#?}");
}
