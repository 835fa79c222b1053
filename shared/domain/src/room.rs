//! Making room for new tasks: an Auto Scaling group is enlarged before they start, and gets back to its size once they
//! or the old ones are gone. Pure.
//!
//! What ECS places, ECS moves; no instance is ever given back while a task is on it.

use crate::Timestamp;
use crate::capacity::{Instance, Need, room, room_on, shortage};
use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// The tag that puts an Auto Scaling group into Changeover's hands; its value is the cluster that the instances join.
pub const GROUP_TAG: &str = "changeover:cluster";
/// Longest wait for instances to become empty before the group is left larger than it was.
pub const RETURN_PATIENCE: Seconds = Seconds(600);

/// An Auto Scaling group whose instances join the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// `MinSize`.
    pub least: u32,
    /// `MaxSize`.
    pub most: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
    /// The EC2 instances that it has and does not terminate.
    pub instances: Vec<String>,
    /// Whether ECS scales it for a capacity provider: two must not do that.
    pub managed: bool,
}

impl Group {
    /// The container instances that are its instances.
    fn hosts<'a>(&'a self, instances: &'a [Instance]) -> impl Iterator<Item = &'a Instance> {
        instances.iter().filter(|host| host.ec2.as_ref().is_some_and(|id| self.instances.contains(id)))
    }
}

/// Where room may be made for a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    /// The group's name.
    pub group: String,
    /// What a task takes.
    pub need: Need,
}

/// What a deployment did to a group, on record before it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enlarged {
    /// How many instances it was told to have before.
    pub from: u32,
    /// How many instances it was told to have in the end.
    pub to: u32,
    /// How many of the added ones were given back.
    #[serde(default)]
    pub returned: u32,
    /// The container instance that is being given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<String>,
    /// When giving back began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning_at: Option<Timestamp>,
    /// Whether there is nothing more to give back, or it was given up.
    #[serde(default)]
    pub over: bool,
}

impl Enlarged {
    /// From so many instances to so many.
    pub fn new(from: u32, to: u32) -> Self {
        Self { from, to, returned: 0, leaving: None, returning_at: None, over: false }
    }

    /// Takes note that the instance that was being given back is gone: only what is seen gone counts, so that giving
    /// back may be repeated at any point.
    pub fn settle(&mut self, group: &Group, instances: &[Instance]) {
        let is_there = |id: &String| group.hosts(instances).any(|host| host.id == *id);
        if self.leaving.as_ref().is_some_and(|id| !is_there(id)) {
            self.leaving = None;
            self.returned += 1;
        }
    }
}

/// What it takes that tasks find room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Making {
    /// There is room.
    Enough,
    /// Instances are on their way to the cluster.
    Coming(String),
    /// The group has to have this many instances.
    Enlarge {
        /// How many.
        to: u32,
        /// What is missing, in words.
        why: String,
    },
    /// It cannot be made; why, in words.
    Impossible(String),
}

/// What it takes that so many tasks find room on these instances, one of whose groups may be enlarged.
pub fn make(instances: &[Instance], group: &Group, need: &Need, tasks: u32) -> Making {
    let Some(shortage) = shortage(instances, need, tasks) else { return Making::Enough };
    let name = &group.name;
    if group.managed {
        return Making::Impossible(format!(
            "{shortage}; {name} is scaled by ECS for a capacity provider: give the service that capacity provider"
        ));
    }
    let joined = u32::try_from(group.hosts(instances).count()).unwrap_or(u32::MAX);
    if joined < group.desired {
        return Making::Coming(format!("{joined} of {} instances of {name} have joined", group.desired));
    }
    let fresh = group.hosts(instances).map(Instance::fresh);
    let Some(each) = fresh.map(|host| room_on(&host, need)).min().filter(|each| *each > 0) else {
        return Making::Impossible(format!(
            "{shortage}; {name} has no instance in the cluster on which one of the tasks would fit"
        ));
    };
    let missing = tasks - room(instances, need).min(tasks);
    let to = group.desired.saturating_add(missing.div_ceil(each));
    if to > group.most {
        return Making::Impossible(format!(
            "{shortage}; {name} would need {to} instances and may have {} at most: raise its maximum size",
            group.most
        ));
    }
    Making::Enlarge { to, why: shortage }
}

/// The next thing to do to give instances back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Giving {
    /// Nothing more is to be given back; in words if there is something to say.
    Over(Option<String>),
    /// No instance is empty yet.
    Wait(String),
    /// Let an empty instance take no more tasks.
    Close(String),
    /// Let it take tasks again: one came in between.
    Open(String),
    /// It is closed and empty: let the group terminate it and be one smaller.
    Terminate {
        /// The container instance.
        host: String,
        /// The EC2 instance.
        ec2: String,
    },
}

/// What to do next to give back what was added, with what has been settled. Of several deployments that enlarged the
/// same group each gives back its own, in whichever order. An instance that joined after this one's tasks were asked for,
/// if they ever were, is empty because another's tasks are yet to come.
pub fn give_back(
    enlarged: &Enlarged,
    started_at: Option<Timestamp>,
    group: &Group,
    instances: &[Instance],
    now: Timestamp,
) -> Giving {
    let added = enlarged.to.saturating_sub(enlarged.from).saturating_sub(enlarged.returned);
    let surplus = group.desired.saturating_sub(group.least).min(added);
    let leaving = enlarged.leaving.as_ref();
    let leaving = leaving.and_then(|id| group.hosts(instances).find(|host| host.id == *id));
    match leaving {
        Some(host) if host.draining && (host.tasks > 0 || surplus == 0) => {
            return Giving::Open(host.id.clone());
        }
        Some(Instance { id, ec2: Some(ec2), draining: true, .. }) => {
            return Giving::Terminate { host: id.clone(), ec2: ec2.clone() };
        }
        _ => {}
    }
    if surplus == 0 {
        return Giving::Over(None);
    }
    let is_anothers =
        |host: &Instance| started_at.zip(host.joined_at).is_some_and(|(started, joined)| joined > started);
    let mut empty = group.hosts(instances).filter(|host| host.tasks == 0 && !host.draining);
    if let Some(host) = empty.find(|host| !is_anothers(host)) {
        return Giving::Close(host.id.clone());
    }
    let began = enlarged.returning_at.unwrap_or(now);
    let why = format!("{surplus} instances too many are in {}, and tasks run on all of them", group.name);
    if now >= RETURN_PATIENCE.after(began) {
        return Giving::Over(Some(format!("{why}: it was left as it is")));
    }
    Giving::Wait(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEED: (u32, u32) = (256, 256);

    fn need() -> Need {
        Need { cpu: NEED.0, memory: NEED.1, ..Need::default() }
    }

    /// An instance with room for four tasks, on which so many are.
    fn host(number: usize, tasks: u32) -> Instance {
        Instance {
            id: format!("host-{number}"),
            ec2: Some(format!("i-{number}")),
            cpu: 1024 - tasks * NEED.0,
            memory: 1024 - tasks * NEED.1,
            whole: (1024, 1024),
            tasks,
            ..Instance::default()
        }
    }

    fn group(most: u32, instances: &[Instance]) -> Group {
        Group {
            name: "workers".into(),
            least: 1,
            most,
            desired: u32::try_from(instances.len()).unwrap(),
            instances: instances.iter().filter_map(|host| host.ec2.clone()).collect(),
            managed: false,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn enlarged(to: u32) -> Enlarged {
        Enlarged { returning_at: Some(at(100)), ..Enlarged::new(1, to) }
    }

    #[test]
    fn a_group_is_enlarged_by_what_is_missing_and_then_waited_for() {
        let full = [host(1, 4)];
        let mut workers = group(4, &full);
        assert!(
            matches!(make(&full, &workers, &need(), 5), Making::Enlarge { to: 3, why } if why.contains("room for 0 of 5"))
        );
        workers.desired = 3;
        assert_eq!(
            make(&full, &workers, &need(), 5),
            Making::Coming("1 of 3 instances of workers have joined".into())
        );
        assert_eq!(make(&[host(1, 4), host(2, 0), host(3, 0)], &workers, &need(), 5), Making::Enough);
    }

    #[test]
    fn what_cannot_be_made_is_said_with_what_to_do() {
        let full = [host(1, 4)];
        let why = |group: &Group, need: &Need| match make(&full, group, need, 5) {
            Making::Impossible(why) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(&group(2, &full), &need()).contains("may have 2 at most: raise its maximum size"));
        let managed = Group { managed: true, ..group(9, &full) };
        assert!(why(&managed, &need()).contains("capacity provider"));
        let large = Need { cpu: 2048, ..need() };
        assert!(why(&group(9, &full), &large).contains("would fit"));
        let empty = Group { desired: 0, instances: Vec::new(), ..group(9, &full) };
        assert!(why(&empty, &need()).contains("no instance in the cluster"));
    }

    #[test]
    fn an_empty_instance_is_closed_and_then_terminated() {
        let mut hosts = [host(1, 4), host(2, 0)];
        let group = group(4, &hosts);
        let mut enlarged = enlarged(2);
        let next =
            |hosts: &[Instance], enlarged: &Enlarged| give_back(enlarged, None, &group, hosts, at(110));
        assert_eq!(next(&hosts, &enlarged), Giving::Close("host-2".into()));
        enlarged.leaving = Some("host-2".into());
        assert_eq!(next(&hosts, &enlarged), Giving::Close("host-2".into()), "a repeat before it was done");
        hosts[1].draining = true;
        let gone = Giving::Terminate { host: "host-2".into(), ec2: "i-2".into() };
        assert_eq!(next(&hosts, &enlarged), gone);
        hosts[1].tasks = 1;
        assert_eq!(next(&hosts, &enlarged), Giving::Open("host-2".into()), "a task came in between");
        enlarged.settle(&group, &hosts);
        assert_eq!((enlarged.returned, enlarged.leaving.is_some()), (0, true), "it is still there");
        enlarged.settle(&group, &hosts[..1]);
        assert_eq!((enlarged.returned, enlarged.leaving), (1, None));
    }

    #[test]
    fn no_more_is_given_back_than_was_added() {
        let hosts = [host(1, 0), host(2, 0), host(3, 0)];
        let mut group = group(4, &hosts);
        let over = |group: &Group, enlarged: &Enlarged| give_back(enlarged, None, group, &hosts, at(110));
        let one = Enlarged { returned: 1, ..enlarged(2) };
        assert_eq!(over(&group, &one), Giving::Over(None), "somebody else has added the others");
        group.desired = 1;
        assert_eq!(over(&group, &enlarged(3)), Giving::Over(None), "it may not have fewer");
    }

    #[test]
    fn each_of_several_gives_back_its_own_in_whichever_order() {
        let mut hosts = vec![host(1, 4), host(2, 0), host(3, 0)];
        let mut group = group(4, &hosts);
        for mut one in [enlarged(2), Enlarged { from: 2, ..enlarged(3) }] {
            let Giving::Close(id) = give_back(&one, None, &group, &hosts, at(110)) else { panic!("{one:?}") };
            hosts.retain(|host| host.id != id);
            group.desired -= 1;
            one.leaving = Some(id);
            one.settle(&group, &hosts);
            assert_eq!(give_back(&one, None, &group, &hosts, at(110)), Giving::Over(None));
        }
        assert_eq!(group.desired, 1);
    }

    #[test]
    fn an_instance_that_joins_meanwhile_is_for_somebody_else() {
        let mut hosts = [host(1, 4), host(2, 1), host(3, 0)];
        hosts[2].joined_at = Some(at(91));
        let next = |hosts: &[Instance], started: Option<i64>| {
            give_back(&enlarged(2), started.map(at), &group(4, hosts), hosts, at(110))
        };
        assert!(matches!(next(&hosts, Some(90)), Giving::Wait(_)));
        assert_eq!(next(&hosts, Some(91)), Giving::Close("host-3".into()));
        assert_eq!(next(&hosts, None), Giving::Close("host-3".into()), "its own came too late for it");
        hosts[1].tasks = 0;
        assert_eq!(next(&hosts, Some(90)), Giving::Close("host-2".into()));
    }

    #[test]
    fn what_does_not_become_empty_is_left() {
        let hosts = [host(1, 4), host(2, 1)];
        let next = |now| give_back(&enlarged(2), None, &group(4, &hosts), &hosts, at(now));
        assert!(matches!(next(699), Giving::Wait(_)));
        assert!(matches!(next(700), Giving::Over(Some(why)) if why.contains("left as it is")));
    }

    proptest! {
        /// Played to its end, a group gives back just the empty instances, and none below what it had before.
        #[test]
        fn only_empty_instances_go(tasks in prop::collection::vec(0u32..5, 1..8), had in 1u32..8) {
            let mut hosts: Vec<Instance> = tasks.iter().enumerate().map(|(n, tasks)| host(n, *tasks)).collect();
            let busy = tasks.iter().filter(|tasks| **tasks > 0).count();
            let mut workers = group(9, &hosts);
            let from = had.min(workers.desired);
            let mut enlarged = Enlarged { from, ..enlarged(workers.desired) };
            for _ in 0..64 {
                enlarged.settle(&workers, &hosts);
                match give_back(&enlarged, None, &workers, &hosts, at(10_000)) {
                    Giving::Over(_) => break,
                    Giving::Close(id) => {
                        enlarged.leaving = Some(id.clone());
                        hosts.iter_mut().filter(|host| host.id == id).for_each(|host| host.draining = true);
                    }
                    Giving::Terminate { host, ec2 } => {
                        let gone = hosts.iter().position(|one| one.id == host).unwrap();
                        prop_assert_eq!(hosts.remove(gone).tasks, 0);
                        workers.instances.retain(|id| *id != ec2);
                        workers.desired -= 1;
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert_eq!(workers.desired as usize, (from as usize).max(busy));
        }
    }
}
