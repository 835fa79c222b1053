//! Whether the new tasks still have to be asked for.

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
    /// Whether the record says that they were asked for.
    pub started: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An earlier run has done it.
    Nothing,
    /// Set the service to the revision, and to this many tasks if that is ours to say.
    Start {
        /// The number of tasks; none leaves it to whoever owns it.
        desired: Option<u32>,
    },
}

/// What to change. Pure: everything it knows is in its arguments.
pub fn decide(view: &View) -> Action {
    let runs_it = view.set_to == view.revision;
    let enough = !view.is_pair || view.desired >= view.tasks;
    if runs_it && enough {
        Action::Nothing
    } else {
        Action::Start { desired: view.is_pair.then_some(view.tasks) }
    }
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
            started: false,
        }
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
}
