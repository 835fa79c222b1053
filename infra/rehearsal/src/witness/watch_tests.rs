//! The watch sees each breach, and sees none where there is none.

use super::before::Before;
use super::{Breaches, LedgerSeen, Seen, Watch};
use crate::stage::Sample;
use changeover_domain::name::ServiceName;
use rehearsal_ecs::{ServiceSnapshot, Snapshot as Ecs, Status, TaskSnapshot};
use rehearsal_elb::{
    GroupSnapshot, NodeSnapshot, NodeTargetSnapshot, RuleSnapshot, Snapshot as Elb, TargetSnapshot,
    WeightSnapshot,
};

const SIDES: [&str; 2] = ["blue", "green"];

fn rule(weights: [u32; 2]) -> RuleSnapshot {
    let groups = SIDES.iter().zip(weights);
    RuleSnapshot {
        rule_arn: "rule".into(),
        listener_arn: "listener".into(),
        load_balancer_arn: "balancer".into(),
        priority: Some(10),
        groups: groups
            .map(|(group, weight)| WeightSnapshot { target_group_arn: (*group).to_owned(), weight })
            .collect(),
    }
}

/// Everything with these weights and so many healthy targets on each side.
fn seen(weights: [u32; 2], healthy: [u16; 2]) -> Seen {
    let target = |port: u16| TargetSnapshot {
        id: "127.0.0.1".into(),
        port,
        state: "healthy".into(),
        reason: None,
        in_flight: 0,
    };
    let groups = SIDES.iter().zip(healthy).map(|(name, healthy)| GroupSnapshot {
        target_group_arn: (*name).to_owned(),
        name: (*name).to_owned(),
        in_use: true,
        targets: (0..healthy).map(target).collect(),
    });
    let targets = SIDES.iter().zip(healthy).flat_map(|(name, healthy)| {
        (0..healthy).map(|port| NodeTargetSnapshot {
            target_group_arn: (*name).to_owned(),
            id: "127.0.0.1".into(),
            port,
            healthy: true,
        })
    });
    let node = NodeSnapshot { node: 0, rules: vec![rule(weights)], targets: targets.collect() };
    Seen {
        at_ms: 0,
        ecs: Ecs { services: vec![service("blue", 2), service("green", 0)], ..Ecs::default() },
        elb: Elb {
            version: 1,
            pending: 0,
            rules: vec![rule(weights)],
            groups: groups.collect(),
            nodes: vec![node],
        },
        ledger: LedgerSeen { holder: Some("d".into()), fence: 1, has_plan: true, ..LedgerSeen::default() },
    }
}

fn service(name: &str, desired: u32) -> ServiceSnapshot {
    ServiceSnapshot {
        name: name.into(),
        desired,
        task_definition: "td:1".into(),
        ..ServiceSnapshot::default()
    }
}

fn task(side: &str, port: u16, has_sigterm: bool) -> TaskSnapshot {
    TaskSnapshot {
        arn: format!("task/{side}{port}"),
        service: Some(side.into()),
        status: Status::Running,
        stopping: true,
        was_healthy: true,
        stop_code: Some("ServiceSchedulerInitiated"),
        stopped_reason: Some("Scaling activity initiated by (deployment ecs-svc/1)".into()),
        port,
        sigterm_at: has_sigterm.then_some(1.0),
        ..TaskSnapshot::default()
    }
}

fn watch() -> Watch {
    let member = |name: &str| crate::stage::Member { ecs_service: name.into(), target_group: name.into() };
    let sample = Sample {
        service: ServiceName::new("c", "blue"),
        repository: "web".into(),
        members: SIDES.map(member).to_vec(),
        load_balancer: "balancer".into(),
        listener: "listener".into(),
        rule: Some("rule".into()),
        address: ([127, 0, 0, 1], 1).into(),
    };
    let before = Before {
        healthy: 2,
        rules: vec![rule([100, 0])],
        services: vec![service("blue", 2), service("green", 0)],
        ..Before::default()
    };
    Watch::new(&sample, before)
}

fn breaches(looks: &[Seen]) -> Breaches {
    let mut watch = watch();
    for look in looks {
        watch.look(look);
    }
    watch.breaches().clone()
}

#[test]
fn a_careful_deployment_breaks_nothing() {
    let mut over = seen([0, 100], [2, 2]);
    over.ecs.tasks = vec![task("blue", 0, true)];
    let looks = [seen([100, 0], [2, 0]), seen([90, 10], [2, 2]), seen([0, 100], [2, 2]), over];
    assert_eq!(breaches(&looks), Breaches::default());
}

#[test]
fn weight_without_enough_healthy_targets_is_seen() {
    assert!(!breaches(&[seen([90, 10], [2, 1])]).held(1));
    assert!(!breaches(&[seen([100, 0], [0, 0])]).held(1));
}

#[test]
fn fewer_healthy_tasks_than_before_are_seen() {
    let breaches = breaches(&[seen([100, 0], [1, 2])]);
    assert!(!breaches.held(2) && breaches.held(1));
}

#[test]
fn a_stop_while_requests_may_come_is_seen() {
    let mut asked = seen([100, 0], [2, 2]);
    asked.ecs.tasks = vec![task("blue", 0, false)];
    assert!(!breaches(&[asked]).held(3));
    // The rule has left the side, but one node does not know yet.
    let mut late = seen([0, 100], [2, 2]);
    late.elb.nodes[0].rules = vec![rule([100, 0])];
    late.ecs.tasks = vec![task("blue", 0, true)];
    assert!(!breaches(&[late]).held(3));
}

#[test]
fn a_task_that_failed_by_itself_is_nobodys_doing() {
    let mut failed = seen([100, 0], [2, 2]);
    let reason = Some("Task failed ELB health checks in (target-group blue)".to_owned());
    failed.ecs.tasks = vec![TaskSnapshot { stopped_reason: reason, ..task("blue", 0, true) }];
    assert!(breaches(&[failed]).held(3));
}

#[test]
fn a_change_with_no_plan_on_record_is_seen() {
    let mut changed = seen([90, 10], [2, 2]);
    changed.ledger.has_plan = false;
    assert!(!breaches(&[seen([100, 0], [2, 2]), changed]).held(4));
    let mut unchanged = seen([100, 0], [2, 2]);
    unchanged.ledger.has_plan = false;
    assert!(breaches(&[unchanged]).held(4));
}

#[test]
fn a_fence_that_goes_back_is_seen() {
    let mut back = seen([100, 0], [2, 2]);
    back.ledger.fence = 0;
    assert!(!breaches(&[seen([100, 0], [2, 2]), back]).held(5));
}
