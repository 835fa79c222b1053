//! What ends as NeedsHuman, and what the operations guide advises then, done in just that state: one side is made whole, in the
//! guide's order, and an execution is started. In imagined time, since most of these take minutes to be given up.

use changeover_domain::plan::READ_PATIENCE;
use imagined::within;
use rehearsal::stage::{CLUSTER, Image, Pace, Sample, Setting, Stage};
use rehearsal::story::{stories, until_over};
use rehearsal::witness::read_ledger;
use rehearsal_traffic::{Config, Mix, Traffic};
use rehearsal_wire::Service;
use sample_webapp::Database;
use serde_json::{Value, json};
use std::time::Duration;

/// The longest that anything may take, of imagined time.
const DEADLINE: Duration = Duration::from_secs(6 * 3600);
/// How often waiting looks again: before a recovery can have come to its end.
const LOOK_AGAIN: Duration = Duration::from_secs(4);
/// How soon somebody sets the number of tasks again.
const AT_ONCE: Duration = Duration::from_secs(1);
/// So many requests a second come from users, where it matters what they get.
const USERS: f64 = 40.0;
/// As many executions of one deployment are stopped at the most.
const MOST_STOPPED: usize = 60;

struct Show {
    stage: Stage,
    sample: Sample,
}

impl Show {
    async fn push(&self, version: &str) {
        self.push_with(version, &[]).await;
    }

    async fn push_with(&self, version: &str, options: &[&str]) {
        let image = Image::sample(&self.stage.binaries, version, options);
        self.stage.push(&self.sample.repository, version, &image).await.expect("it is pushed");
    }

    async fn call(&self, service: Service, operation: &str, input: Value) -> Value {
        self.stage.call(service, operation, input).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    async fn start(&self, mut input: Value) {
        input["service"] = json!(self.sample.service.to_string());
        let machine = self.stage.state_machine().expect("there is one");
        let start = json!({"stateMachineArn": machine, "input": input.to_string()});
        self.call(Service::StepFunctions, "StartExecution", start).await;
    }

    /// The execution that runs, if one does.
    async fn running(&self) -> Option<String> {
        let machine = self.stage.state_machine().expect("there is one");
        let input = json!({"stateMachineArn": machine, "statusFilter": "RUNNING"});
        let listed = self.call(Service::StepFunctions, "ListExecutions", input).await;
        listed["executions"][0]["executionArn"].as_str().map(str::to_owned)
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let waited = async {
            while !so().await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(DEADLINE, waited).await.unwrap_or_else(|_| panic!("not in time: {what}"));
    }

    async fn reached(&self, state: &str) {
        self.until(state, async || {
            let stories = stories(&self.stage).await.expect("Step Functions answers");
            let mut visits = stories.iter().flat_map(|story| &story.visits);
            visits.any(|visit| visit.state == state)
        })
        .await;
    }

    /// How the last deployment ended, and why, once everything is over.
    async fn ended(&self) -> (String, String) {
        until_over(&self.stage, 1, DEADLINE, async |_| {}).await.expect("it is over");
        let ledger = read_ledger(&self.stage, &self.sample.service).await;
        assert_eq!(ledger.holder, None, "whoever repairs it is not locked out");
        let last = ledger.deployments.last().expect("a deployment").clone();
        (last.outcome.unwrap_or_default(), last.reason.unwrap_or_default())
    }

    /// Whether ECS has nothing left to do for the service, as the guide has one wait for.
    async fn is_stable(&self) -> bool {
        let names: Vec<&str> = self.sample.members.iter().map(|member| member.ecs_service.as_str()).collect();
        let found =
            self.call(Service::Ecs, "DescribeServices", json!({"cluster": CLUSTER, "services": names})).await;
        let mut deployments = found["services"].as_array().into_iter().flatten().flat_map(|service| {
            service["deployments"].as_array().expect("a list").iter().map(|one| &one["rolloutState"])
        });
        deployments.all(|state| state == "COMPLETED")
    }

    /// Sets a setting of the service by its tag.
    async fn tag(&self, key: &str, value: &str) {
        let names: Vec<&str> = self.sample.members.iter().map(|member| member.ecs_service.as_str()).collect();
        let input = json!({"cluster": CLUSTER, "services": names});
        let found = self.call(Service::Ecs, "DescribeServices", input).await;
        for service in found["services"].as_array().expect("a list") {
            let tags = json!([{"key": format!("changeover:{key}"), "value": value}]);
            let input = json!({"resourceArn": service["serviceArn"], "tags": tags});
            self.call(Service::Ecs, "TagResource", input).await;
        }
    }

    async fn weights(&self) -> [u64; 2] {
        let input = json!({"RuleArns": [self.sample.rule]});
        let rules = self.call(Service::Elbv2, "DescribeRules", input).await;
        let groups = rules["Rules"][0]["Actions"][0]["ForwardConfig"]["TargetGroups"].clone();
        let weight = |arn: &str| {
            let group = groups.as_array().and_then(|all| all.iter().find(|one| one["TargetGroupArn"] == arn));
            group.and_then(|group| group["Weight"].as_u64()).expect("a weight")
        };
        let [one, other] = self.sample.members.as_slice() else { panic!("a pair has two") };
        [weight(&one.target_group), weight(&other.target_group)]
    }

    /// How many tasks a member is told to run, and how many run.
    async fn tasks(&self, member: usize) -> (u64, u64) {
        let name = &self.sample.members[member].ecs_service;
        let found = self
            .call(Service::Ecs, "DescribeServices", json!({"cluster": CLUSTER, "services": [name]}))
            .await;
        let count = |key: &str| found["services"][0][key].as_u64().expect("a count");
        (count("desiredCount"), count("runningCount"))
    }

    async fn scale(&self, member: usize, tasks: u64) {
        let name = &self.sample.members[member].ecs_service;
        let input = json!({"cluster": CLUSTER, "service": name, "desiredCount": tasks});
        self.call(Service::Ecs, "UpdateService", input).await;
    }

    /// What the guide advises: one side whole, then all the weight, then the other side to no tasks; then an execution.
    async fn as_advised(&self, whole: usize) {
        let other = 1 - whole;
        self.scale(whole, 2).await;
        self.until("one side is whole", async || self.tasks(whole).await == (2, 2)).await;
        let mut weights = [0, 0];
        weights[whole] = 100;
        self.stage.weigh(&self.sample, weights).await.expect("they are written");
        self.scale(other, 0).await;
        self.until("the other side has no tasks", async || self.tasks(other).await == (0, 0)).await;
        self.until("ECS has completed that", async || self.is_stable().await).await;
        self.start(json!({})).await;
        let (outcome, reason) = self.ended().await;
        assert_eq!(outcome, "Succeeded", "{reason}");
    }
}

fn on_a_pair(tags: &[(&str, &str)], story: impl AsyncFnOnce(&Show)) {
    on_a_stage(true, tags, story);
}

fn on_a_stage(pair: bool, tags: &[(&str, &str)], story: impl AsyncFnOnce(&Show)) {
    within(7, async |binaries| {
        let usual =
            [("image-tag", "v@"), ("steps", "50 100"), ("healthy-checks", "1"), ("minimum-requests", "0")];
        let all = usual.iter().chain(tags);
        let tags = all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let setting = Setting {
            seed: 7,
            tasks: 2,
            pair,
            rolling: u16::from(!pair),
            tags,
            pace: Pace::BRISK,
            ..Setting::default()
        };
        let stage = Stage::set(binaries, &setting).await.expect("the stage is set");
        let sample = stage.samples[0].clone();
        let show = Show { stage, sample };
        story(&show).await;
        show.stage.strike().await;
    })
    .expect("a world");
}

#[test]
fn somebody_scales_the_old_side_out_again_and_again() {
    on_a_pair(&[("bake", "2s")], async |show| {
        show.push("v2").await;
        let [one, other] = [0, 1];
        show.until("the new side has all the weight", async || show.weights().await == [0, 100]).await;
        let fight = async {
            loop {
                if show.tasks(one).await.0 == 0 {
                    show.scale(one, 2).await;
                }
                tokio::time::sleep(AT_ONCE).await;
            }
        };
        let (outcome, reason) = tokio::select! {
            () = fight => unreachable!("it fights for ever"),
            ended = show.ended() => ended,
        };
        assert_eq!(outcome, "NeedsHuman", "{reason}");
        assert!(reason.contains("someone else sets") && reason.contains("minimum capacity to 0"), "{reason}");
        show.as_advised(other).await;
    });
}

#[test]
fn no_recovery_can_bring_it_to_an_end() {
    on_a_pair(&[("bake", "5m")], async |show| {
        show.push("v2").await;
        show.reached("Bake").await;
        let mut stopped = 0;
        while read_ledger(&show.stage, &show.sample.service).await.holder.is_some() {
            if let Some(arn) = show.running().await {
                show.call(Service::StepFunctions, "StopExecution", json!({"executionArn": arn})).await;
                stopped += 1;
            }
            assert!(stopped < MOST_STOPPED, "it goes on for ever");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "NeedsHuman", "{reason}");
        assert!(reason.contains("recover"), "{reason}");
        show.as_advised(0).await;
    });
}

#[test]
fn somebody_changes_the_weights_again_after_they_were_back() {
    on_a_pair(&[("bake", "5m")], async |show| {
        // New tasks take a while to go, and as long does going back.
        for member in &show.sample.members {
            let slow = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "120"}]);
            let input = json!({"TargetGroupArn": member.target_group, "Attributes": slow});
            show.call(Service::Elbv2, "ModifyTargetGroupAttributes", input).await;
        }
        show.push("v2").await;
        show.reached("Bake").await;
        show.start(json!({"rollback": true, "cause": "INC-1"})).await;
        show.until("the weights are back", async || show.weights().await == [100, 0]).await;
        // What is younger could be an old read.
        tokio::time::sleep(Duration::from_secs(READ_PATIENCE.0 + 1)).await;
        show.stage.weigh(&show.sample, [60, 40]).await.expect("they are written");
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "NeedsHuman", "{reason}");
        assert!(reason.contains("someone else changed them again"), "{reason}");
        // Until one side has all the weight an execution says what has to be done, and does nothing.
        show.start(json!({})).await;
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "Refused", "{reason}");
        assert!(reason.contains("weight"), "{reason}");
        show.tag("bake", "2s").await;
        show.as_advised(0).await;
    });
}

#[test]
fn somebody_sets_a_rolling_service_to_a_revision_of_their_own() {
    on_a_stage(false, &[("bake", "5m")], async |show| {
        show.push("v2").await;
        show.reached("Bake").await;
        let name = &show.sample.members[0].ecs_service;
        let service = json!({"cluster": CLUSTER, "services": [name]});
        let found = show.call(Service::Ecs, "DescribeServices", service).await;
        let before = json!({"taskDefinition": found["services"][0]["taskDefinition"]});
        let found = show.call(Service::Ecs, "DescribeTaskDefinition", before).await;
        let mut copy = json!({});
        for key in
            ["family", "containerDefinitions", "networkMode", "requiresCompatibilities", "cpu", "memory"]
        {
            if !found["taskDefinition"][key].is_null() {
                copy[key] = found["taskDefinition"][key].clone();
            }
        }
        let theirs = show.call(Service::Ecs, "RegisterTaskDefinition", copy).await;
        let theirs = theirs["taskDefinition"]["taskDefinitionArn"].clone();
        let set = json!({"cluster": CLUSTER, "service": name, "taskDefinition": theirs});
        show.call(Service::Ecs, "UpdateService", set).await;
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "NeedsHuman", "{reason}");
        assert!(reason.contains("someone else has set"), "{reason}");
        show.tag("bake", "2s").await;
        show.start(json!({})).await;
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "Succeeded", "{reason}");
    });
}

#[test]
fn a_migration_that_nothing_takes_back_has_hurt_the_old_tasks() {
    on_a_pair(&[("bake", "2s")], async |show| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users.sqlite");
        Database::open(&path).and_then(|mut users| users.migrate(1)).expect("a database");
        let file = path.display().to_string();
        let written_for = |schema: &'static str| ["--database", &file, "--schema", schema];
        show.push_with("v2", &written_for("1")).await;
        assert_eq!(show.ended().await.0, "Succeeded");
        let mix = Mix::short_only();
        let users = Traffic::start(Config { rate: USERS, mix, ..Config::new(show.sample.address) });
        show.tag("before-start", &format!("task --database {file} --migrate 3")).await;
        show.push_with("v3", &written_for("3")).await;
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "NeedsHuman", "{reason}");
        assert!(reason.contains("the old tasks suffer still"), "{reason}");
        // A version that bears it is deployed, without a migration.
        show.tag("before-start", "none").await;
        show.push_with("v4", &written_for("3")).await;
        let (outcome, reason) = show.ended().await;
        assert_eq!(outcome, "Succeeded", "{reason}");
        drop(users.stop().await);
    });
}
