//! The watch itself: pure, one look after the other.

use super::before::{Before, healthy, rules_of, serving};
use super::{Breaches, LedgerSeen};
use crate::report::Point;
use crate::stage::Sample;
use rehearsal_ecs::{ServiceSnapshot, TaskSnapshot};
use rehearsal_elb::{NodeSnapshot, RuleSnapshot};
use std::collections::{BTreeMap, BTreeSet};

/// One look at everything.
pub struct Seen {
    /// When, in milliseconds since the beginning.
    pub at_ms: u64,
    /// Services and tasks.
    pub ecs: rehearsal_ecs::Snapshot,
    /// Rules, targets and what each balancer node believes.
    pub elb: rehearsal_elb::Snapshot,
    /// The ledger.
    pub ledger: LedgerSeen,
}

/// What went over the stage, for people and for the receipt.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// Each side's weight, from each moment on.
    pub weights: BTreeMap<String, Vec<Point>>,
    /// Each side's healthy targets, from each moment on.
    pub healthy: BTreeMap<String, Vec<Point>>,
    /// Each side's running tasks, from each moment on.
    pub running: BTreeMap<String, Vec<Point>>,
    /// The digest of the newest task of each side that runs.
    pub digests: BTreeMap<String, String>,
    /// How many tasks the service is to run.
    pub most_desired: u32,
}

impl Track {
    /// The last value of a side.
    pub fn last(points: &BTreeMap<String, Vec<Point>>, side: &str) -> u32 {
        points.get(side).and_then(|points| points.last()).map_or(0, |point| point.value)
    }
}

/// Looks again and again, and remembers what broke.
pub struct Watch {
    sample: Sample,
    before: Before,
    weights: BTreeMap<(String, String), u32>,
    /// Tasks whose stop was judged: asked to stop, and told to end.
    judged: BTreeSet<(String, &'static str)>,
    fence: u64,
    /// How everything was when the lease was last seen to be claimed.
    claimed: (Weights, Targets),
    breaches: Breaches,
    track: Track,
}

impl Watch {
    /// A watch that compares with how things were.
    pub fn new(sample: &Sample, before: Before) -> Self {
        let weights = weights_of(&before.rules);
        let claimed = (weights.clone(), targets_of(&before.services));
        let most_desired = before.services.iter().map(|service| service.desired).max().unwrap_or(0);
        Self {
            sample: sample.clone(),
            before,
            weights,
            judged: BTreeSet::new(),
            fence: 0,
            claimed,
            breaches: Breaches::default(),
            track: Track { most_desired, ..Track::default() },
        }
    }

    /// What broke so far.
    pub fn breaches(&self) -> &Breaches {
        &self.breaches
    }

    /// What went over the stage so far.
    pub fn track(&self) -> &Track {
        &self.track
    }

    /// Takes one look.
    pub fn look(&mut self, seen: &Seen) {
        let rules = rules_of(&self.sample, &seen.elb.rules);
        self.enough_healthy(seen, &rules);
        self.stops(seen);
        self.record(seen, &rules);
        if seen.ledger.fence < self.fence {
            self.breaches.add(5, format!("the fence went back from {} to {}", self.fence, seen.ledger.fence));
        }
        self.fence = self.fence.max(seen.ledger.fence);
        self.keep_track(seen, &rules);
        self.weights = weights_of(&rules);
    }

    /// Invariants 1 and 2.
    fn enough_healthy(&mut self, seen: &Seen, rules: &[RuleSnapshot]) {
        let at = seen.at_ms;
        for ((rule, group), weight) in weights_of(rules) {
            let found = seen.elb.groups.iter().find(|found| found.target_group_arn == group);
            let (name, fit) =
                found.map_or((group.as_str(), 0), |found| (found.name.as_str(), healthy(found)));
            let before = self.weights.get(&(rule, group.clone())).copied().unwrap_or(0);
            if weight > before && fit < self.before.healthy {
                let needed = self.before.healthy;
                self.breaches.add(
                    1,
                    format!("at {at} ms {name} got weight {weight} with {fit} healthy targets of {needed}"),
                );
            }
            if weight > 0 && fit == 0 && self.before.healthy > 0 {
                self.breaches
                    .add(1, format!("{name} has weight {weight} and no healthy target (at {at} ms)"));
            }
        }
        let now = serving(&seen.elb, rules);
        if now < self.before.healthy {
            let before = self.before.healthy;
            self.breaches
                .add(2, format!("{now} healthy tasks may get requests, {before} did before (at {at} ms)"));
        }
    }

    /// Invariant 3: what our doing stops has no request coming.
    fn stops(&mut self, seen: &Seen) {
        let begun = seen.ecs.tasks.iter().filter(|task| !self.before.stopping.contains(&task.arn));
        for task in begun.filter(|task| is_stopped_by_us(task)) {
            let Some(member) =
                self.sample.members.iter().find(|member| Some(&member.ecs_service) == task.service.as_ref())
            else {
                continue;
            };
            let group = member.target_group.as_str();
            // Of a pair, the route must have left the side before any of its tasks is asked to stop. A rolling
            // service's route stays; there ECS takes the task off the load balancer first.
            if self.sample.is_pair() && self.judged.insert((task.arn.clone(), "asked")) {
                for node in seen.elb.nodes.iter().filter(|node| gives_weight(node, group)) {
                    let (task, node) = (short(&task.arn), node.node);
                    self.breaches.add(
                        3,
                        format!("task {task} was asked to stop while node {node} still sends to its side"),
                    );
                }
            }
            if task.sigterm_at.is_some() && self.judged.insert((task.arn.clone(), "told")) {
                let may_get = |node: &&NodeSnapshot| {
                    gives_weight(node, group)
                        && node
                            .targets
                            .iter()
                            .any(|target| target.target_group_arn == group && target.port == task.port)
                };
                for node in seen.elb.nodes.iter().filter(may_get) {
                    let (task, node) = (short(&task.arn), node.node);
                    self.breaches.add(
                        3,
                        format!("task {task} got SIGTERM while node {node} may still send it a request"),
                    );
                }
            }
        }
    }

    /// Invariant 4: whoever has changed something since it holds the service has on record how that was.
    fn record(&mut self, seen: &Seen, rules: &[RuleSnapshot]) {
        let mut targets = targets_of(&seen.ecs.services);
        targets.retain(|name, _| self.sample.members.iter().any(|member| member.ecs_service == *name));
        let now = (weights_of(rules), targets);
        if seen.ledger.fence != self.fence {
            self.claimed = now;
            return;
        }
        if let (true, Some(holder), false) = (now != self.claimed, &seen.ledger.holder, seen.ledger.has_plan)
        {
            self.breaches.add(
                4,
                format!("{holder} changed the service with no plan on record (at {} ms)", seen.at_ms),
            );
        }
    }

    fn keep_track(&mut self, seen: &Seen, rules: &[RuleSnapshot]) {
        let at_ms = seen.at_ms;
        for member in &self.sample.members {
            let side = self.sample.side(member);
            let weight = share(rules, &member.target_group);
            let group = seen.elb.groups.iter().find(|group| group.target_group_arn == member.target_group);
            let fit = u32::try_from(group.map_or(0, healthy)).unwrap_or(u32::MAX);
            let running = seen.ecs.tasks.iter().filter(|task| {
                task.service.as_ref() == Some(&member.ecs_service)
                    && task.status == rehearsal_ecs::Status::Running
                    && !task.stopping
            });
            let running: Vec<_> = running.collect();
            match running.last().and_then(|task| task.image_digest.clone()) {
                Some(digest) => drop(self.track.digests.insert(side.clone(), digest)),
                None => drop(self.track.digests.remove(&side)),
            }
            let running = u32::try_from(running.len()).unwrap_or(u32::MAX);
            push(&mut self.track.weights, &side, at_ms, weight);
            push(&mut self.track.healthy, &side, at_ms, fit);
            push(&mut self.track.running, &side, at_ms, running);
        }
    }
}

/// Whether a task goes because of what its service was told or because someone stopped it, not because it failed.
fn is_stopped_by_us(task: &TaskSnapshot) -> bool {
    let by_hand = task.stop_code == Some("UserInitiated");
    task.stopping && task.was_healthy && (by_hand || task.scaled_away())
}

/// (rule, target group) → weight.
type Weights = BTreeMap<(String, String), u32>;
/// ECS service → how many tasks of which definition it is told to run.
type Targets = BTreeMap<String, (u32, String)>;

fn targets_of(services: &[ServiceSnapshot]) -> Targets {
    services.iter().map(|one| (one.name.clone(), (one.desired, one.task_definition.clone()))).collect()
}

/// Whether a balancer node, by what it believes, sends requests to a target group.
fn gives_weight(node: &NodeSnapshot, group: &str) -> bool {
    node.rules
        .iter()
        .any(|rule| rule.groups.iter().any(|share| share.target_group_arn == group && share.weight > 0))
}

fn weights_of(rules: &[RuleSnapshot]) -> Weights {
    rules
        .iter()
        .flat_map(|rule| {
            rule.groups
                .iter()
                .map(|share| ((rule.rule_arn.clone(), share.target_group_arn.clone()), share.weight))
        })
        .collect()
}

/// A target group's share of a hundred on the first rule that names it.
fn share(rules: &[RuleSnapshot], group: &str) -> u32 {
    let rule = rules.iter().find(|rule| rule.groups.iter().any(|share| share.target_group_arn == group));
    let Some(rule) = rule else { return 0 };
    let whole: u32 = rule.groups.iter().map(|share| share.weight).sum();
    let own: u32 =
        rule.groups.iter().filter(|share| share.target_group_arn == group).map(|share| share.weight).sum();
    (own * 100).checked_div(whole).unwrap_or(0)
}

fn push(points: &mut BTreeMap<String, Vec<Point>>, side: &str, at_ms: u64, value: u32) {
    let points = points.entry(side.to_owned()).or_default();
    if points.last().is_none_or(|last| last.value != value) {
        points.push(Point { at_ms, value });
    }
}

fn short(arn: &str) -> &str {
    let id = arn.rsplit('/').next().unwrap_or(arn);
    &id[..id.len().min(8)]
}
