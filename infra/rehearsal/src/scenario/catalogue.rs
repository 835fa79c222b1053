//! Every scenario there is.

use super::common::PUSH;
use super::team::{ALARM, CALENDAR};
use super::{Already, MayFail, Scenario, Script, database};

/// What `cargo rehearse` runs.
pub const MAIN: [&str; 2] = ["good-push", "bad-under-traffic"];

/// Every scenario, in the order in which they are best understood.
pub const CATALOGUE: [Scenario; 44] = [
    Scenario {
        name: "good-push",
        about: "A good image is pushed; a blue/green pair changes over in steps of 10, 50 and 100 %.",
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "bad-under-traffic",
        about: "The image is healthy but answers 30 % of real requests with 500; the first step's bake throws it back.",
        image: &["--error-rate", "0.3"],
        reason: &["requests of the new tasks failed"],
        may_fail: MayFail::NewVersion(10),
        ..PUSH
    },
    Scenario {
        name: "hanging-push",
        about: "The image is healthy and never answers 70 % of real requests; a bake misses the answers and throws it back.",
        image: &["--hang-rate", "0.7"],
        // Requests count as unanswered only when whoever answers would have.
        tags: &[("steps", "10 50 100"), ("bake", "8s")],
        reason: &["requests of the new tasks failed"],
        may_fail: MayFail::Unanswered(10),
        ..PUSH
    },
    Scenario {
        name: "slow-push",
        about: "The image is healthy and answers everything, but a second late; a bake throws it back.",
        image: &["--latency", "1s"],
        // Of answers that take a second and longer a short bake sees too few to judge by.
        tags: &[("steps", "10 50 100"), ("bake", "8s")],
        reason: &["took longer than"],
        ..PUSH
    },
    Scenario {
        name: "rolling-push",
        about: "A good image is pushed; an ordinary ECS service rolls over to it.",
        pair: false,
        tags: &[],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "crashing-push",
        about: "The image exits at start; the first repeated stop reason ends it, with its exit code and last words.",
        image: &["--crash", "3"],
        reason: &["exit code 3", "cannot connect to the database"],
        ..PUSH
    },
    Scenario {
        name: "unhealthy-push",
        about: "The image starts and never passes its health check.",
        image: &["--unhealthy"],
        tags: &[("steps", "10 50 100"), ("health-timeout", "45s")],
        reason: &["health"],
        ..PUSH
    },
    Scenario {
        name: "unsound-push",
        about: "The load balancer finds the image healthy, its container's own health check does not: ECS stops its tasks, and it is thrown back.",
        image: &["--unsound"],
        checked: true,
        reason: &["container health check"],
        ..PUSH
    },
    Scenario {
        name: "no-room",
        about: "The cluster cannot hold both sides: refused before anything is changed.",
        outcome: Some("Refused"),
        reason: &["unable to place a task"],
        instances: &[1024, 512],
        ..PUSH
    },
    Scenario {
        name: "make-room",
        about: "The cluster cannot hold both sides, and its Auto Scaling group is tagged: it grows for the new tasks, and shrinks once the old ones are gone.",
        outcome: Some("Succeeded"),
        instances: &[1024],
        group: Some(3),
        ..PUSH
    },
    Scenario {
        name: "room-vanishes",
        about: "There is room when it is planned and none when the tasks are to start.",
        script: Script::PushThenNoRoom,
        reason: &["unable to place a task"],
        instances: &[1024, 1024],
        ..PUSH
    },
    Scenario {
        name: "console",
        about: "An operator starts an execution by hand, with a tag and settings of its own.",
        script: Script::Console,
        tags: &[("steps", "10 50 100"), ("image-tag", "latest")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "approve",
        about: "A pause is set before traffic; an operator promotes it, and the deployment goes on.",
        script: Script::PushThenOrder {
            at: "BeforeTraffic",
            says: "held at before-traffic",
            order: r#"{"promote": true, "cause": "smoke test passed"}"#,
        },
        tags: &[("steps", "50 100"), ("before-traffic", "pause 2h then roll-back")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "window-then-push",
        about: "An image is pushed in the rollback window of the one before, which is half an hour: that ends, and the newer image is brought at once.",
        script: Script::WindowThenPush,
        tags: &[("steps", "100"), ("rollback-window", "30m")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "approve-times-out",
        about: "A pause is set before the old tasks go, with all traffic on the new ones; nobody decides, and it is rolled back.",
        tags: &[("steps", "50 100"), ("before-drain", "pause 4s then roll-back")],
        reason: &["nobody decided at before-drain"],
        ..PUSH
    },
    Scenario {
        name: "promote-early",
        about: "An operator ends a bake of ten minutes and does without the rest of them.",
        script: Script::PushThenOrder {
            at: "Bake",
            says: "",
            order: r#"{"promote": "all", "cause": "urgent fix"}"#,
        },
        tags: &[("steps", "10 50 100"), ("bake", "10m")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "hooks",
        about: "A migration runs before anything else, a function tests the new tasks before users meet them, and one is told in the end.",
        tags: &[
            ("steps", "50 100"),
            ("before-start", "task --once 1s"),
            ("before-traffic", "lambda smoke"),
            ("after-success", "lambda tell"),
        ],
        functions: &[("smoke", "IN_PROGRESS,SUCCEEDED"), ("tell", "SUCCEEDED")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "alarm-rises",
        about: "An alarm of the team's own rises once users meet the new tasks, which answer everything well: it goes back with the alarm's reason.",
        script: Script::AlarmRises,
        tags: &[("steps", "10 50 100"), ("alarms", ALARM)],
        reason: &["alarm checkout is in ALARM", "alarm:checkout-errors transitioned to ALARM"],
        ..PUSH
    },
    Scenario {
        name: "alarm-was-red",
        about: "An alarm of the team's own is red before anything is changed: refused. An operator deploys all the same, and that alarm is ignored.",
        script: Script::AlarmWasRed,
        tags: &[("steps", "50 100"), ("alarms", ALARM)],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "smoke-test-fails",
        about: "A function tests the new tasks before users meet them, and says that they fail; another is told of going back.",
        tags: &[("steps", "50 100"), ("before-traffic", "lambda smoke"), ("after-rollback", "lambda tell")],
        functions: &[("smoke", "IN_PROGRESS,FAILED"), ("tell", "SUCCEEDED")],
        reason: &["lambda smoke at before-traffic answered FAILED"],
        ..PUSH
    },
    Scenario {
        name: "migration-fails",
        about: "A migration runs before anything of the new version does, and fails: nothing new ever runs.",
        tags: &[("steps", "50 100"), ("before-start", "task --once --crash 3")],
        reason: &["at before-start ended with exit code 3", "its last lines:"],
        ..PUSH
    },
    database::EXPAND,
    database::CONTRACT_TOO_EARLY,
    database::CONTRACT_ALL_THE_SAME,
    database::MIGRATION_HURTS_OLD,
    Scenario {
        name: "traffic-grew",
        about: "While some users meet the new version, autoscaling gives the old side more tasks: the new side gets as many before it gets the rest.",
        script: Script::PushThenGrow,
        tags: &[("steps", "50 100")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "frozen",
        about: "The team's calendar is closed when an image is pushed: refused until it opens, and then deployed by itself.",
        script: Script::Frozen,
        tags: &[("steps", "50 100"), ("calendar", CALENDAR)],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "scheduled",
        about: "The stack's canary schedule deploys the image that runs already once more.",
        script: Script::Scheduled,
        tags: &[("steps", "50 100"), ("image-tag", "v1")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "tag-moved",
        about: "The service's task definition names its image by a tag, and the push moves that to an image that crashes: it goes back to a copy of what its tasks run.",
        pair: false,
        already: Already::ByTag,
        image: &["--crash", "3"],
        tags: &[],
        reason: &["exit code 3"],
        ..PUSH
    },
    Scenario {
        name: "revision-gone",
        about: "The service's task definition was deregistered, and the new image crashes: it goes back to a fresh copy.",
        pair: false,
        already: Already::Deregistered,
        image: &["--crash", "3"],
        tags: &[],
        reason: &["exit code 3"],
        ..PUSH
    },
    Scenario {
        name: "image-gone",
        about: "The image that runs was deleted from the registry, so that nothing could bring it back: refused before anything is changed.",
        already: Already::WithoutImage,
        outcome: Some("Refused"),
        reason: &["is not in the registry any more", "changeover:no-way-back"],
        ..PUSH
    },
    Scenario {
        name: "unfit",
        about: "The live task definition cannot be copied, nor run on the other side: refused before anything is changed, with every reason.",
        already: Already::Unfit,
        outcome: Some("Refused"),
        reason: &["has 50 tags", "port 8080 of container web", "TaskRoles"],
        ..PUSH
    },
    Scenario {
        name: "repair",
        about: "Somebody has told the service to run an image that crashes, and ECS tries for ever: a good image is pushed, and repairs it.",
        pair: false,
        already: Already::Failing,
        tags: &[],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "drift",
        about: "After a deployment somebody sets the service back to its first task definition: reconcile brings it to what is wanted.",
        pair: false,
        script: Script::PushThenReset,
        tags: &[],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "promoted",
        about: "An older build is given a new tag that the service waits for: it is deployed, although a newer build was pushed since.",
        pair: false,
        script: Script::Promote,
        tags: &[],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "signed",
        about: "An image comes as an index with its parts for each architecture, a signature, an attestation and notes, under a pattern that all of them match: one deployment, and nothing supersedes it.",
        script: Script::PushInCompany,
        tags: &[("steps", "50 100"), ("image-tag", "@"), ("on-push", "supersede")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "replicated",
        about: "The image comes by replication from another region: deployed as a pushed one is.",
        pair: false,
        script: Script::Replicate,
        tags: &[],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "mistyped",
        about: "Somebody types a cluster and a service that there are not, dry and in earnest: each is told so, no function fails, and no letter is left.",
        script: Script::Mistype,
        outcome: None,
        ..PUSH
    },
    Scenario {
        name: "wrong-repository",
        about: "The service's tag names a repository that there is not: one refusal on record, however often reconcile looks; put right, it is deployed.",
        pair: false,
        script: Script::MistypeRepository,
        tags: &[],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "sticky-clients",
        about: "Clients keep cookies that pin them to the side that they met, and keep clicking: with the last shift they are let go, and pinned again once every pin has run out.",
        sticky: Some(20),
        tags: &[("steps", "50 100")],
        outcome: Some("Succeeded"),
        ..PUSH
    },
    Scenario {
        name: "sticky-rollback",
        about: "Clients are pinned to new tasks that fail: going back lets them go with the weights, so that only the new version's share fails, and only until then.",
        sticky: Some(20),
        image: &["--error-rate", "0.3"],
        tags: &[("steps", "50 100")],
        reason: &["requests of the new tasks failed"],
        may_fail: MayFail::NewVersion(50),
        ..PUSH
    },
    Scenario {
        name: "short-keep-alive",
        about: "The new server closes idle connections after a second, the load balancer after a minute: requests that cross a close are lost.",
        image: &["--keep-alive", "1s"],
        outcome: Some("Succeeded"),
        advice: &["closes idle connections after 1 s", "keeps them for 60 s", "longer than"],
        may_fail: MayFail::Balancer(502),
        ..PUSH
    },
    Scenario {
        name: "spot-interrupted",
        about: "Tasks run on Fargate Spot, which takes one of the new ones back while users meet them: requests that it had are lost, ECS starts another, and the deployment goes on.",
        script: Script::PushThenInterrupt,
        tags: &[("steps", "50 100")],
        outcome: Some("Succeeded"),
        // As without any deployment: AWS may leave the task in its target group until it has stopped.
        may_fail: MayFail::Any,
        instances: &[],
        spot: true,
        ..PUSH
    },
    Scenario {
        name: "careless",
        about: "The control: the weights are flipped by hand and the old tasks stopped at once. It must lose requests.",
        script: Script::Careless,
        outcome: None,
        may_fail: MayFail::Must,
        ..PUSH
    },
];

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    CATALOGUE.iter().find(|scenario| scenario.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_differ() {
        for scenario in &CATALOGUE {
            assert_eq!(find(scenario.name).map(|found| found.about), Some(scenario.about));
        }
        for name in MAIN {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
