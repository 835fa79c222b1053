//! Whether the new tasks still have to be asked for, and whether there has to be room for them first.

use changeover_domain::Timestamp;
use changeover_domain::capacity::{Instance, Need};
use changeover_domain::room::{Group, Making, make};
use changeover_domain::span::Seconds;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The cluster.
    pub cluster: String,
    /// The ECS service that gets the revision.
    pub member: String,
    /// Whether it is a pair's next side; a rolling service keeps its number of tasks.
    pub is_pair: bool,
    /// The revision.
    pub revision: String,
    /// How many tasks there should be: as many as planned, or as the live side has grown to since.
    pub tasks: u32,
    /// The task definition that the service is set to.
    pub set_to: String,
    /// How many tasks it is told to run.
    pub desired: u32,
    /// How many the record says that there should be.
    pub planned: u32,
    /// Whether the record says that they were asked for.
    pub started: bool,
    /// Where room can be made for them; none if it cannot.
    pub room: Option<RoomSeen>,
}

/// The instances that tasks are placed on, and the group that may be enlarged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSeen {
    /// The instances.
    pub instances: Vec<Instance>,
    /// The group.
    pub group: Group,
    /// What a task takes.
    pub need: Need,
    /// How many of the tasks need a new place.
    pub tasks: u32,
    /// When room was first missed.
    pub missed_at: Option<Timestamp>,
    /// The time of the look.
    pub now: Timestamp,
    /// How long instances may take to join the cluster.
    pub patience: Seconds,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An earlier run has done it.
    Nothing,
    /// Tell the group to have so many instances.
    Enlarge {
        /// Its name.
        group: String,
        /// How many it has been told to have.
        from: u32,
        /// How many.
        to: u32,
        /// What is missing.
        why: String,
    },
    /// Instances are on their way.
    Wait {
        /// How far that is.
        why: String,
    },
    /// Room cannot be made.
    NoRoom {
        /// Why.
        why: String,
    },
    /// Set the service to the revision, and to this many tasks if that is ours to say.
    Start {
        /// The number of tasks; none leaves it to whoever owns it.
        desired: Option<u32>,
    },
}

impl View {
    /// Whether the live side runs more tasks than it did when these were asked for.
    pub(crate) fn grew(&self) -> bool {
        self.started && self.tasks > self.planned
    }
}

/// What to change. Pure: everything it knows is in its arguments.
pub fn decide(view: &View) -> Action {
    let runs_it = view.set_to == view.revision;
    let enough = !view.is_pair || view.desired >= view.tasks;
    if runs_it && enough {
        return Action::Nothing;
    }
    // Tasks that were asked for before are repeated as they were: some of them may have their places already.
    let room = view.room.as_ref().filter(|_| !view.started || view.grew());
    room.and_then(|room| room_first(view, room))
        .unwrap_or(Action::Start { desired: view.is_pair.then_some(view.tasks) })
}

/// What has to be done, or waited for, before tasks are asked for: ECS tries ever more rarely to place what it could not.
fn room_first(view: &View, room: &RoomSeen) -> Option<Action> {
    let is_late = room.missed_at.is_some_and(|missed| room.now >= room.patience.after(missed));
    let (why, next) = match make(&room.instances, &room.group, &room.need, room.tasks) {
        Making::Enough => return None,
        Making::Impossible(why) => return Some(Action::NoRoom { why }),
        // Whoever asked for them: once they are there it is seen who needs more.
        Making::Coming(why) => (why.clone(), Action::Wait { why }),
        Making::Enlarge { to, why } => {
            let (group, from) = (room.group.name.clone(), room.group.desired);
            (why.clone(), Action::Enlarge { group, from, to, why })
        }
    };
    Some(if is_late {
        let why =
            format!("there was no room for the tasks of {} within {}: {why}", view.member, room.patience);
        Action::NoRoom { why }
    } else {
        next
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(is_pair: bool) -> View {
        View {
            cluster: "main".into(),
            member: "web".into(),
            is_pair,
            revision: "td:2".into(),
            tasks: 3,
            set_to: "td:1".into(),
            desired: 0,
            planned: 3,
            started: false,
            room: None,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// One instance, full of tasks, and a group that may have four.
    fn crowded(missed_at: Option<i64>, now: i64) -> View {
        let full = Instance {
            id: "host-1".into(),
            ec2: Some("i-1".into()),
            whole: (1024, 1024),
            tasks: 4,
            ..Instance::default()
        };
        let group = Group {
            name: "workers".into(),
            most: 4,
            desired: 1,
            instances: vec!["i-1".into()],
            ..Group::default()
        };
        let room = RoomSeen {
            instances: vec![full],
            group,
            need: Need { cpu: 256, memory: 256, ..Need::default() },
            tasks: 3,
            missed_at: missed_at.map(at),
            now: at(now),
            patience: Seconds(300),
        };
        View { room: Some(room), ..view(true) }
    }

    fn change(mut view: View, change: impl FnOnce(&mut RoomSeen)) -> View {
        change(view.room.as_mut().expect("a crowded view has it"));
        view
    }

    #[test]
    fn the_next_side_is_told_how_many_and_a_rolling_service_is_not() {
        assert_eq!(decide(&view(true)), Action::Start { desired: Some(3) });
        assert_eq!(decide(&view(false)), Action::Start { desired: None });
    }

    #[test]
    fn a_repeat_is_nothing_and_never_scales_in() {
        for desired in [3, 5] {
            assert_eq!(decide(&View { set_to: "td:2".into(), desired, ..view(true) }), Action::Nothing);
        }
        assert_eq!(
            decide(&View { set_to: "td:2".into(), desired: 1, ..view(true) }),
            Action::Start { desired: Some(3) }
        );
    }

    #[test]
    fn room_comes_before_tasks() {
        assert!(
            matches!(decide(&crowded(None, 1000)), Action::Enlarge { from: 1, to: 2, why, .. } if why.contains("0 of 3"))
        );
        let coming = change(crowded(Some(1000), 1299), |room| room.group.desired = 2);
        assert!(matches!(decide(&coming), Action::Wait { why } if why.contains("1 of 2 instances")));
        let there = change(coming, |room| {
            let fresh = Instance { cpu: 1024, memory: 1024, tasks: 0, ..room.instances[0].clone() };
            room.instances.push(Instance { ec2: Some("i-2".into()), ..fresh });
            room.group.instances.push("i-2".into());
        });
        assert_eq!(decide(&there), Action::Start { desired: Some(3) });
    }

    #[test]
    fn instances_that_do_not_come_end_it() {
        let late = change(crowded(Some(1000), 1300), |room| room.group.desired = 2);
        assert!(matches!(decide(&late), Action::NoRoom { why } if why.contains("within 5m: 1 of 2")));
        let still_short = crowded(Some(1000), 1300);
        assert!(matches!(decide(&still_short), Action::NoRoom { .. }), "what came was not enough");
        let largest = change(crowded(None, 1000), |room| room.group.most = 1);
        assert!(matches!(decide(&largest), Action::NoRoom { why } if why.contains("raise its maximum size")));
    }

    #[test]
    fn tasks_that_were_asked_for_are_not_held_back() {
        let repeat = View { started: true, ..crowded(None, 1000) };
        assert_eq!(decide(&repeat), Action::Start { desired: Some(3) });
        let foreign = change(crowded(None, 1000), |room| room.group.desired = 2);
        assert!(matches!(decide(&foreign), Action::Wait { .. }), "someone else enlarges it");
    }
}
