//! The control plane as AWS's clients see it: shapes, replacement of whole action lists, error codes.

mod common;

use common::{World, code, forward, quick, text};
use serde_json::{Value, json};

#[tokio::test]
async fn modify_rule_replaces_the_whole_action_list_and_nothing_else() {
    let world = World::new(quick()).await;
    let (blue, green) = (world.group("blue", 1).await, world.group("green", 1).await);
    let mut sticky = forward(&[(&blue, 100), (&green, 0)]);
    sticky[0]["ForwardConfig"]["TargetGroupStickinessConfig"] =
        json!({"Enabled": true, "DurationSeconds": 30});
    let conditions = json!([{"Field": "path-pattern", "Values": ["/api/*"]}]);
    let made = world
        .call("CreateRule", json!({"ListenerArn": world.listener, "Priority": 5, "Conditions": conditions, "Actions": sticky}))
        .await;
    let rule = made["Rules"][0].clone();
    assert_eq!((rule["Priority"].as_str(), rule["IsDefault"].as_bool()), (Some("5"), Some(false)));
    assert!(rule["Actions"][0].get("TargetGroupArn").is_none(), "two groups: the long form only");
    let plain = forward(&[(&blue, 0), (&green, 100)]);
    let changed = world.call("ModifyRule", json!({"RuleArn": rule["RuleArn"], "Actions": plain})).await;
    let changed = &changed["Rules"][0];
    assert_eq!(changed["Conditions"], rule["Conditions"], "conditions were not given and stay");
    let config = &changed["Actions"][0]["ForwardConfig"];
    assert_eq!(
        config["TargetGroupStickinessConfig"],
        json!({"Enabled": false}),
        "stickiness was not given and goes"
    );
    let single = json!([{"Type": "forward", "TargetGroupArn": green}]);
    let single = world.call("ModifyRule", json!({"RuleArn": rule["RuleArn"], "Actions": single})).await;
    let action = &single["Rules"][0]["Actions"][0];
    assert_eq!(text(&action["TargetGroupArn"]), green);
    assert_eq!(action["ForwardConfig"]["TargetGroups"], json!([{"TargetGroupArn": green, "Weight": 1}]));
    let described = world.call("DescribeRules", json!({"RuleArns": [rule["RuleArn"]]})).await;
    assert_eq!(described["Rules"], single["Rules"]);
}

#[tokio::test]
async fn the_default_action_is_a_rule_that_comes_last() {
    let world = World::new(quick()).await;
    let web = world.group("web", 1).await;
    world.forward(&[(&web, 1)]).await;
    let conditions = json!([{"Field": "path-pattern", "Values": ["/a"]}]);
    for priority in [30, 10, 20] {
        let input = json!({"ListenerArn": world.listener, "Priority": priority, "Conditions": conditions, "Actions": forward(&[(&web, 1)])});
        world.call("CreateRule", input).await;
    }
    let mut priorities = Vec::new();
    let mut marker = Value::Null;
    loop {
        let mut input = json!({"ListenerArn": world.listener, "PageSize": 3});
        if !marker.is_null() {
            input["Marker"] = marker;
        }
        let page = world.call("DescribeRules", input).await;
        priorities
            .extend(page["Rules"].as_array().expect("rules").iter().map(|rule| text(&rule["Priority"])));
        marker = page["NextMarker"].clone();
        if marker.is_null() {
            break;
        }
    }
    assert_eq!(priorities, ["10", "20", "30", "default"]);
    let listener = world.call("DescribeListeners", json!({"LoadBalancerArn": world.balancer})).await;
    assert_eq!(listener["Listeners"][0]["DefaultActions"][0]["TargetGroupArn"], json!(web));
    let default = world.elb.snapshot().rules[3].rule_arn.clone();
    for operation in ["ModifyRule", "DeleteRule"] {
        assert_eq!(code(&world.elb, operation, json!({"RuleArn": default})).await, "OperationNotPermitted");
    }
}

#[tokio::test]
async fn groups_tell_their_load_balancers_settings_attributes_and_tags() {
    let world = World::new(quick()).await;
    let web = world.group("web", 30).await;
    let group = |answer: &Value| answer["TargetGroups"][0].clone();
    let by_name = group(&world.call("DescribeTargetGroups", json!({"Names": ["web"]})).await);
    assert_eq!(
        (by_name["TargetGroupArn"].clone(), by_name["LoadBalancerArns"].clone()),
        (json!(web), json!([]))
    );
    world.forward(&[(&web, 1)]).await;
    let by_balancer = world.call("DescribeTargetGroups", json!({"LoadBalancerArn": world.balancer})).await;
    assert_eq!(group(&by_balancer)["LoadBalancerArns"], json!([world.balancer]));
    let attributes = world.call("DescribeTargetGroupAttributes", json!({"TargetGroupArn": web})).await;
    let delay = json!({"Key": "deregistration_delay.timeout_seconds", "Value": "30"});
    assert!(attributes["Attributes"].as_array().expect("attributes").contains(&delay));
    world
        .call("AddTags", json!({"ResourceArns": [web], "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}))
        .await;
    world.call("RemoveTags", json!({"ResourceArns": [web], "TagKeys": ["b"]})).await;
    let tags = world.call("DescribeTags", json!({"ResourceArns": [web]})).await;
    assert_eq!(tags["TagDescriptions"], json!([{"ResourceArn": web, "Tags": [{"Key": "a", "Value": "1"}]}]));
}

#[tokio::test]
async fn creating_the_same_again_answers_the_same_and_another_by_its_name_is_refused() {
    let world = World::new(quick()).await;
    let group = json!({"Name": "web", "Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": "vpc-1"});
    let first = world.call("CreateTargetGroup", group.clone()).await;
    assert_eq!(world.call("CreateTargetGroup", group).await, first);
    let other = json!({"Name": "web", "Protocol": "HTTP", "Port": 81, "TargetType": "ip", "VpcId": "vpc-1"});
    assert_eq!(code(&world.elb, "CreateTargetGroup", other).await, "DuplicateTargetGroupName");
    let again =
        world.call("CreateLoadBalancer", json!({"Name": "web", "Subnets": ["subnet-1", "subnet-2"]})).await;
    assert_eq!(again["LoadBalancers"][0]["LoadBalancerArn"], json!(world.balancer));
    let internal = json!({"Name": "web", "Scheme": "internal", "Subnets": ["subnet-1", "subnet-2"]});
    assert_eq!(code(&world.elb, "CreateLoadBalancer", internal).await, "DuplicateLoadBalancerName");
}

#[tokio::test]
async fn a_listener_moves_and_goes_with_its_port() {
    let world = World::new(quick()).await;
    let free = {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        socket.local_addr().expect("an address").port()
    };
    let moved = world.call("ModifyListener", json!({"ListenerArn": world.listener, "Port": free})).await;
    assert_eq!(moved["Listeners"][0]["Port"], json!(free));
    let address = world.elb.listener_address(&world.listener).expect("an address");
    assert_eq!((address.port(), common::client::get(address, "/").await.status), (free, 404));
    let closed = |address| move || std::net::TcpStream::connect(address).is_err();
    common::until("the former port is closed", closed(world.address)).await;
    let same = json!({"LoadBalancerArn": world.balancer, "Protocol": "HTTP", "Port": free,
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]});
    assert_eq!(code(&world.elb, "CreateListener", same).await, "DuplicateListener");
    world.call("DeleteListener", json!({"ListenerArn": world.listener})).await;
    common::until("the port is closed", closed(address)).await;
    assert!(world.elb.snapshot().rules.is_empty());
}

async fn all_refused(world: &World, cases: &[(&str, Value, &str)]) {
    for (operation, input, expected) in cases {
        assert_eq!(code(&world.elb, operation, input.clone()).await, *expected, "{operation} {input}");
    }
}

#[tokio::test]
async fn asking_for_what_is_not_there_gets_awss_codes() {
    let world = World::new(quick()).await;
    let web = world.group("web", 1).await;
    let cases = [
        ("DescribeTargetGroups", json!({"Names": ["no"]}), "TargetGroupNotFound"),
        ("DescribeTargetHealth", json!({"TargetGroupArn": "no"}), "TargetGroupNotFound"),
        ("DescribeTargetHealth", json!({}), "ValidationError"),
        ("DescribeRules", json!({"RuleArns": ["no"]}), "RuleNotFound"),
        ("DescribeRules", json!({"ListenerArn": "no"}), "ListenerNotFound"),
        ("DescribeRules", json!({}), "ValidationError"),
        ("DescribeListeners", json!({"LoadBalancerArn": "no"}), "LoadBalancerNotFound"),
        ("DescribeLoadBalancers", json!({"Names": ["no"]}), "LoadBalancerNotFound"),
        ("DescribeTags", json!({"ResourceArns": [format!("{web}0")]}), "TargetGroupNotFound"),
        ("ModifyRule", json!({"RuleArn": "no", "Actions": forward(&[(&web, 1)])}), "RuleNotFound"),
        ("ModifyListener", json!({"ListenerArn": "no"}), "ListenerNotFound"),
        ("LaunchRocket", json!({}), "UnknownOperationException"),
    ];
    all_refused(&world, &cases).await;
}

#[tokio::test]
async fn bad_routes_get_awss_codes_and_change_nothing() {
    let world = World::new(quick()).await;
    let web = world.group("web", 1).await;
    world.forward(&[(&web, 1)]).await;
    let other =
        world.call("CreateLoadBalancer", json!({"Name": "other", "Subnets": ["subnet-1", "subnet-2"]})).await;
    let other = other["LoadBalancers"][0]["LoadBalancerArn"].clone();
    let conditions = json!([{"Field": "path-pattern", "Values": ["/a"]}]);
    let rule = |listener: &str| {
        json!({"ListenerArn": listener, "Priority": 1, "Conditions": conditions,
            "Actions": forward(&[(&web, 1)])})
    };
    world.call("CreateRule", rule(&world.listener)).await;
    let modify =
        |weights: &[(&str, u32)]| json!({"ListenerArn": world.listener, "DefaultActions": forward(weights)});
    let elsewhere = |protocol: &str| {
        json!({"LoadBalancerArn": other, "Protocol": protocol, "Port": 0,
            "DefaultActions": forward(&[(&web, 1)])})
    };
    let six: Vec<(&str, u32)> = ["1", "2", "3", "4", "5", "6"].map(|group| (group, 1)).to_vec();
    let cases = [
        ("CreateRule", rule(&world.listener), "PriorityInUse"),
        ("CreateRule", rule("no"), "ListenerNotFound"),
        ("ModifyListener", modify(&[("no", 1)]), "TargetGroupNotFound"),
        ("ModifyListener", modify(&six), "TooManyTargetGroups"),
        ("ModifyListener", modify(&[(&web, 1_000)]), "ValidationError"),
        ("CreateListener", elsewhere("HTTP"), "TargetGroupAssociationLimit"),
        ("CreateListener", elsewhere("HTTPS"), "UnsupportedProtocol"),
    ];
    let before = world.elb.snapshot().rules;
    all_refused(&world, &cases).await;
    assert_eq!(world.elb.snapshot().rules, before);
}

#[tokio::test]
async fn bad_groups_and_targets_get_awss_codes() {
    let world = World::new(quick()).await;
    let web = world.group("web", 1).await;
    world.forward(&[(&web, 1)]).await;
    let instance = json!({"Name": "inst", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1"});
    let made = world.call("CreateTargetGroup", instance).await;
    let instances = text(&made["TargetGroups"][0]["TargetGroupArn"]);
    let target = |id: &str| json!({"TargetGroupArn": web, "Targets": [{"Id": "127.0.0.1", "Port": 81}, {"Id": id, "Port": 80}]});
    let attribute =
        |key: &str, value: &str| json!({"TargetGroupArn": web, "Attributes": [{"Key": key, "Value": value}]});
    let cases = [
        ("RegisterTargets", target("10.0.0.1"), "InvalidTarget"),
        ("RegisterTargets", target("nowhere"), "ValidationError"),
        (
            "RegisterTargets",
            json!({"TargetGroupArn": instances, "Targets": [{"Id": "i-1"}]}),
            "InvalidTarget",
        ),
        ("RegisterTargets", json!({"TargetGroupArn": web, "Targets": []}), "ValidationError"),
        ("DeleteTargetGroup", json!({"TargetGroupArn": web}), "ResourceInUse"),
        ("ModifyTargetGroupAttributes", attribute("no", "1"), "ValidationError"),
        (
            "ModifyTargetGroupAttributes",
            attribute("deregistration_delay.timeout_seconds", "3601"),
            "ValidationError",
        ),
        ("CreateTargetGroup", json!({"Name": "a_b", "Protocol": "HTTP", "Port": 80}), "ValidationError"),
        ("CreateTargetGroup", json!({"Name": "novpc", "Protocol": "HTTP", "Port": 80}), "ValidationError"),
        ("CreateLoadBalancer", json!({"Name": "nowhere"}), "ValidationError"),
        (
            "CreateLoadBalancer",
            json!({"Name": "one", "Subnets": ["subnet-1", "subnet-1"]}),
            "ValidationError",
        ),
        (
            "CreateLoadBalancer",
            json!({"Name": "six", "Subnets": ["subnet-1", "subnet-2"], "IpAddressType": "dualstack"}),
            "ValidationError",
        ),
    ];
    all_refused(&world, &cases).await;
    assert!(world.elb.target_health(&web, "127.0.0.1", 81).is_none(), "all targets of a call or none");
}

#[tokio::test]
async fn a_listeners_attributes_are_told_and_act_on_answers() {
    let world = World::new(quick()).await;
    let server = |answer: &str| answer.to_lowercase().contains("server: awselb/2.0");
    assert!(server(&raw(&world).await));
    let set = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let attributes = json!([
        set("routing.http.response.server.enabled", "false"),
        set("routing.http.response.x_frame_options.header_value", "DENY")
    ]);
    let changed = world
        .call("ModifyListenerAttributes", json!({"ListenerArn": world.listener, "Attributes": attributes}))
        .await;
    let told = world.call("DescribeListenerAttributes", json!({"ListenerArn": world.listener})).await;
    assert_eq!(told, changed);
    let answer = raw(&world).await;
    assert!(!server(&answer) && answer.to_lowercase().contains("x-frame-options: deny"), "{answer}");
    for (key, value) in [("tcp.idle_timeout.seconds", "60"), ("no.such.key", "1")] {
        let input = json!({"ListenerArn": world.listener, "Attributes": [set(key, value)]});
        assert_eq!(code(&world.elb, "ModifyListenerAttributes", input).await, "ValidationError");
    }
}

/// The whole answer to a request, as text.
async fn raw(world: &World) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(world.address).await.expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}
