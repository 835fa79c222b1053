//! The scheduler's rules, by example and over random services.

use super::*;
use proptest::prelude::*;

fn view(desired: u32, minimum: u32, maximum: u32, tasks: Vec<TaskView>) -> ServiceView {
    ServiceView {
        desired,
        minimum_healthy_percent: minimum,
        maximum_percent: maximum,
        ceiling: CeilingCounts::RunningAndPending,
        primary: "new".to_owned(),
        may_launch: true,
        no_room: false,
        tasks,
    }
}

fn task(id: usize, deployment: &str, stage: Stage, health: Health) -> TaskView {
    TaskView {
        id: format!("{deployment}-{id}"),
        deployment: deployment.to_owned(),
        stage,
        health,
        leaving: false,
    }
}

fn tasks(n: usize, deployment: &str, stage: Stage, health: Health) -> Vec<TaskView> {
    (0..n).map(|id| task(id, deployment, stage, health)).collect()
}

fn stops(actions: &[SchedulerAction]) -> Vec<&str> {
    let stop = |action: &'_ SchedulerAction| matches!(action, SchedulerAction::Stop { .. });
    let stops = actions.iter().filter(|action| stop(action));
    stops
        .map(|action| if let SchedulerAction::Stop { task, .. } = action { task.as_str() } else { "" })
        .collect()
}

fn starts(actions: &[SchedulerAction]) -> u32 {
    actions.iter().map(|action| if let SchedulerAction::Start(n) = action { *n } else { 0 }).sum()
}

#[test]
fn a_rolling_deployment_starts_all_before_it_stops_any() {
    let old = tasks(4, "old", Stage::Running, Health::Healthy);
    assert_eq!(plan_service(&view(4, 100, 200, old)), vec![SchedulerAction::Start(4)]);
}

#[test]
fn each_healthy_new_task_lets_one_old_task_go() {
    let mut all = tasks(4, "old", Stage::Running, Health::Healthy);
    all.extend(tasks(1, "new", Stage::Running, Health::Healthy));
    all.extend((1..4).map(|id| task(id, "new", Stage::Running, Health::Waiting)));
    let actions = plan_service(&view(4, 100, 200, all));
    assert_eq!(stops(&actions), ["old-0"]);
    assert_eq!(starts(&actions), 0);
}

#[test]
fn without_surge_the_floor_lets_some_go_first() {
    let old = tasks(4, "old", Stage::Running, Health::Healthy);
    let actions = plan_service(&view(4, 50, 100, old));
    assert_eq!(stops(&actions), ["old-0", "old-1"]);
    assert_eq!(starts(&actions), 2, "what stops no longer counts against the ceiling");
}

#[test]
fn a_ceiling_that_counts_stopping_tasks_waits_for_them() {
    let mut stuck = view(4, 50, 100, tasks(2, "old", Stage::Running, Health::Healthy));
    stuck.tasks.extend((2..4).map(|id| task(id, "old", Stage::Stopping, Health::Healthy)));
    stuck.ceiling = CeilingCounts::StoppingToo;
    assert_eq!(plan_service(&stuck), vec![]);
    stuck.ceiling = CeilingCounts::RunningAndPending;
    assert_eq!(plan_service(&stuck), vec![SchedulerAction::Start(2)]);
}

#[test]
fn the_floor_rounds_up_and_the_ceiling_down() {
    let three = view(3, 50, 150, vec![]);
    assert_eq!((three.floor(), three.ceiling()), (2, 4));
}

fn unhealthy(task: &str) -> SchedulerAction {
    SchedulerAction::Stop { task: task.into(), because: Because::Unhealthy }
}

#[test]
fn an_unhealthy_task_goes_once_its_replacement_is_healthy() {
    let mut all = tasks(1, "new", Stage::Running, Health::Healthy);
    all.push(task(1, "new", Stage::Running, Health::Unhealthy));
    assert_eq!(plan_service(&view(2, 100, 200, all.clone())), vec![SchedulerAction::Start(1)]);
    all.push(task(2, "new", Stage::Running, Health::Waiting));
    assert_eq!(plan_service(&view(2, 100, 200, all.clone())), vec![]);
    all[2].health = Health::Healthy;
    assert_eq!(plan_service(&view(2, 100, 200, all)), vec![unhealthy("new-1")]);
}

#[test]
fn where_the_ceiling_or_the_cluster_has_no_room_an_unhealthy_task_goes_first() {
    let mut all = tasks(2, "old", Stage::Running, Health::Healthy);
    all.extend(tasks(2, "new", Stage::Running, Health::Unhealthy));
    let both = vec![unhealthy("new-0"), unhealthy("new-1"), SchedulerAction::Start(2)];
    assert_eq!(plan_service(&view(2, 100, 200, all.clone())), both);
    let roomy = view(2, 100, 300, all.clone());
    assert_eq!(plan_service(&roomy), vec![SchedulerAction::Start(2)]);
    let mut full = ServiceView { no_room: true, may_launch: false, ..roomy };
    assert_eq!(plan_service(&full), both[..2]);
    full.tasks[2].stage = Stage::Stopping;
    assert_eq!(plan_service(&full), vec![unhealthy("new-1")], "one is making room already");
}

#[test]
fn scaling_in_gives_up_pending_tasks_before_healthy_ones() {
    let mut all = tasks(3, "new", Stage::Running, Health::Healthy);
    all.push(task(3, "new", Stage::Pending, Health::Waiting));
    let actions = plan_service(&view(2, 100, 200, all));
    assert_eq!(stops(&actions), ["new-3", "new-2"]);
}

#[test]
fn desired_zero_leaves_none() {
    let mut all = tasks(2, "new", Stage::Running, Health::Healthy);
    all.extend(tasks(2, "old", Stage::Running, Health::Waiting));
    assert_eq!(stops(&plan_service(&view(0, 100, 200, all))).len(), 4);
}

#[test]
fn back_off_starts_nothing_but_still_stops() {
    let mut all = view(2, 100, 200, tasks(1, "old", Stage::Pending, Health::Waiting));
    all.may_launch = false;
    assert_eq!(stops(&plan_service(&all)), ["old-0"]);
    assert_eq!(starts(&plan_service(&all)), 0);
}

#[test]
fn a_draining_instance_gives_up_a_task_once_its_replacement_is_healthy() {
    let mut all = tasks(2, "new", Stage::Running, Health::Healthy);
    all[0].leaving = true;
    assert_eq!(plan_service(&view(2, 100, 200, all.clone())), vec![SchedulerAction::Start(1)]);
    all.push(task(2, "new", Stage::Running, Health::Healthy));
    assert_eq!(stops(&plan_service(&view(2, 100, 200, all))), ["new-0"]);
}

fn any_task() -> impl Strategy<Value = (bool, Stage, Health, bool)> {
    let stage = prop_oneof![Just(Stage::Pending), Just(Stage::Running), Just(Stage::Stopping)];
    let health = prop_oneof![Just(Health::Waiting), Just(Health::Healthy), Just(Health::Unhealthy)];
    (any::<bool>(), stage, health, prop::bool::weighted(0.1))
}

fn any_view() -> impl Strategy<Value = ServiceView> {
    let tasks = prop::collection::vec(any_task(), 0..16);
    (0_u32..8, 0_u32..=100, 100_u32..=250, any::<bool>(), tasks).prop_map(
        |(desired, min, max, too, tasks)| {
            let named = tasks.into_iter().enumerate().map(|(id, (new, stage, health, leaving))| {
                let deployment = if new { "new" } else { "old" };
                TaskView { leaving, ..task(id, deployment, stage, health) }
            });
            let ceiling = if too { CeilingCounts::StoppingToo } else { CeilingCounts::RunningAndPending };
            ServiceView { ceiling, ..view(desired, min, max, named.collect()) }
        },
    )
}

/// Carries out a plan at once: started tasks are pending, stopped ones stopping.
fn apply(view: &mut ServiceView, actions: &[SchedulerAction], made: &mut usize) {
    for action in actions {
        match action {
            SchedulerAction::Start(n) => {
                for _ in 0..*n {
                    *made += 1;
                    view.tasks.push(task(1000 + *made, "new", Stage::Pending, Health::Waiting));
                }
            }
            SchedulerAction::Stop { task: id, .. } => {
                let stopped =
                    view.tasks.iter_mut().find(|task| &task.id == id).expect("a task that is there");
                assert_ne!(stopped.stage, Stage::Stopping, "stopped twice");
                stopped.stage = Stage::Stopping;
            }
        }
    }
}

/// One task of the service moves on: pending to running, waiting to healthy, stopping to gone.
fn progress(view: &mut ServiceView, pick: usize) {
    if view.tasks.is_empty() {
        return;
    }
    let index = pick % view.tasks.len();
    let task = &mut view.tasks[index];
    match (task.stage, task.health) {
        (Stage::Stopping, _) => drop(view.tasks.remove(index)),
        (Stage::Pending, _) => task.stage = Stage::Running,
        (Stage::Running, Health::Waiting) => task.health = Health::Healthy,
        (Stage::Running, _) => {}
    }
}

proptest! {
    #[test]
    fn never_below_the_floor_nor_above_the_ceiling_by_its_own_doing(before in any_view()) {
        let mut after = before.clone();
        apply(&mut after, &plan_service(&before), &mut 0);
        prop_assert!(after.healthy() >= before.healthy().min(before.floor()));
        prop_assert!(after.occupying() <= before.occupying().max(before.ceiling()));
    }

    #[test]
    fn a_plan_carried_out_leaves_nothing_to_do_at_once(before in any_view()) {
        let mut after = before.clone();
        apply(&mut after, &plan_service(&before), &mut 0);
        prop_assert_eq!(plan_service(&after), vec![]);
    }

    #[test]
    fn it_converges_to_desired_tasks_of_the_primary_deployment(
        start in any_view(), picks in prop::collection::vec(any::<usize>(), 2000),
    ) {
        // Where nothing may be added nor taken away, AWS is stuck as well.
        if start.desired > 0 && start.ceiling() <= start.floor() {
            return Ok(());
        }
        let (mut view, mut made) = (start, 0);
        for pick in picks {
            let actions = plan_service(&view);
            apply(&mut view, &actions, &mut made);
            progress(&mut view, pick);
        }
        prop_assert_eq!(plan_service(&view), vec![]);
        prop_assert_eq!(view.healthy(), view.desired);
        let right = |task: &TaskView| task.deployment == "new" && task.stage == Stage::Running && !task.leaving;
        prop_assert!(view.tasks.iter().all(right));
    }
}
