//! Services on their way back, for tests that change them.

#![allow(dead_code, reason = "each test file uses some of it")]

use changeover_domain::Timestamp;
use changeover_domain::evidence::{ServiceSeen, SideSeen, TargetSeen, TaskSeen};
use changeover_domain::plan::Member;
use changeover_domain::route::{Route, RouteId, Weight, weights_for};
use changeover_domain::span::Seconds;
use rollback::{Members, View};

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn member(name: &str, revision: &str, count: u32) -> Member {
    Member {
        ecs_service: name.into(),
        target_groups: vec![name.into()],
        task_definition: revision.into(),
        desired: count,
        running: count,
    }
}

pub fn side(name: &str, revision: &str, count: u32) -> SideSeen {
    let task = TaskSeen {
        task_definition: revision.into(),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        ..TaskSeen::default()
    };
    let target = TargetSeen { id: "10.0.0.1".into(), port: 80, state: "healthy".into(), why: None };
    SideSeen {
        service: ServiceSeen {
            task_definition: revision.into(),
            desired: count,
            running: count,
            ..ServiceSeen::default()
        },
        tasks: vec![task; count as usize],
        targets: [(name.to_owned(), vec![target; count as usize])].into(),
    }
}

/// A pair in the middle of a shift: two old and two new tasks.
pub fn pair(weight: Weight) -> View {
    let route = Route {
        id: RouteId::Rule("r".into()),
        load_balancer: "lb".into(),
        weights: weights_for("blue", "green", weight),
        stickiness_seconds: None,
        asks_cognito: false,
    };
    View {
        now: at(1000),
        live: side("blue", "td:1", 2),
        live_before: member("blue", "td:1", 2),
        original: None,
        is_active: true,
        broken: false,
        members: Members::Pair {
            live_group: "blue".into(),
            next_group: "green".into(),
            next: Box::new(side("green", "td:2", 2)),
            next_before: member("green", "td:0", 0),
            next_is_active: true,
            routes: vec![route],
            sticky: vec![],
        },
        revision: Some("td:2".into()),
        asked_at: Some(at(900)),
        began_at: Some(at(990)),
        restored_at: None,
        others_until: None,
        shown: true,
        quiet: false,
        harmful: false,
        tells: 0,
        patience: Seconds(600),
        convergence: Seconds(5),
        stickiness: Seconds(0),
        pinned_at: None,
        deregistration_delay: Seconds(30),
    }
}

pub fn with_next(view: View, changed: SideSeen) -> View {
    let Members::Pair { live_group, next_group, next_before, next_is_active, routes, sticky, .. } =
        view.members
    else {
        unreachable!()
    };
    View {
        members: Members::Pair {
            live_group,
            next_group,
            next: Box::new(changed),
            next_before,
            next_is_active,
            routes,
            sticky,
        },
        ..view
    }
}
