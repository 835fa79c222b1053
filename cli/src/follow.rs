//! Following a deployment until it has ended, or has come as far as was asked.

use crate::failure::{Exit, Failure};
use crate::service::Service;
use crate::session::Session;
use crate::start;
use crate::told::{Story, Summary};
use crate::words;
use changeover_aws::executions;
use changeover_domain::name::DeploymentId;
use changeover_domain::record::{Deployment, Entry, Outcome};
use changeover_domain::route::WHOLE;
use changeover_domain::settings::Strategy;
use changeover_domain::span::Seconds;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::Instant;

/// How often the record is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long an execution may take to leave its record.
const RECORD_PATIENCE: Duration = Duration::from_secs(180);

/// How far a deployment is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To its end.
    Succeeded,
    /// Until the new tasks get all requests.
    Traffic,
    /// Until its last bake has passed: all traffic is new, and the old tasks may stay warm.
    Baked,
    /// Until this step has its weight, counted from 1.
    Step(usize),
    /// Until it pauses.
    Paused,
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "succeeded" => Ok(Self::Succeeded),
            "traffic" => Ok(Self::Traffic),
            "baked" => Ok(Self::Baked),
            "paused" => Ok(Self::Paused),
            _ => match text.strip_prefix("step:").map(str::parse) {
                Some(Ok(step)) if step >= 1 => Ok(Self::Step(step)),
                _ => Err("it is succeeded, traffic, baked, paused, or step:N with N from 1".to_owned()),
            },
        }
    }
}

impl Until {
    /// Whether a deployment that has not ended has come this far.
    fn is_reached(self, record: &Deployment) -> bool {
        let (progress, plan) = (&record.progress, record.plan.as_ref());
        let Some(plan) = plan.filter(|_| !record.is_given_up()) else { return false };
        let rolling = plan.strategy() == Strategy::Rolling;
        match self {
            Self::Succeeded => false,
            Self::Traffic if rolling => progress.health.healthy_at.is_some(),
            Self::Traffic => progress.shift.weight >= WHOLE,
            // Of a rolling service only its end says so.
            Self::Baked => progress.shift.baked.is_some_and(|step| plan.is_last(step)),
            Self::Step(_) if rolling => progress.health.healthy_at.is_some(),
            Self::Step(step) => {
                let step = step.min(plan.settings.steps.len()) - 1;
                progress.shift.step.is_some_and(|at| at >= step)
                    && progress.shift.weight >= plan.weight_of(step)
            }
            Self::Paused => crate::orders::is_paused(record),
        }
    }
}

/// How long to follow, and how far.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// How far.
    pub until: Until,
    /// Until when at most.
    pub timeout: Option<Seconds>,
}

/// Follows a deployment, telling its story as it goes; then the answer, and how the program ends.
pub async fn follow(
    session: &Session,
    service: &Service,
    deployment: &DeploymentId,
    how: How,
) -> Result<Exit, Failure> {
    let began = Instant::now();
    let mut told = Told::default();
    loop {
        let record = session.ledger().find_deployment(&service.name, deployment).await?;
        if let Some(record) = &record {
            told.tell(session, record);
            if record.outcome.is_some() || how.until.is_reached(record) {
                session.screen.wipe();
                return Ok(finish(session, record));
            }
            told.draw(session, record).await;
        } else if began.elapsed() > RECORD_PATIENCE {
            return Err(Failure::not(format!(
                "{deployment} has left no record in the ledger within {} s: see its execution in the console of Step Functions.",
                RECORD_PATIENCE.as_secs()
            )));
        }
        let over = how.timeout.is_some_and(|timeout| began.elapsed() >= Duration::from_secs(timeout.0));
        if over {
            session.screen.wipe();
            if let Some(record) = &record {
                session.screen.answer(&Story::of(record, session.now()), || {
                    format!("The time is over; {deployment} goes on: {}", standing(session, record))
                });
            }
            let timeout = how.timeout.unwrap_or_default();
            return Err(Failure::not(format!("{deployment} has not come that far within {timeout}.")));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Follows what an execution that was just started begins. One that ends without a record says why itself.
pub async fn follow_started(
    session: &Session,
    service: &Service,
    started: &start::Started,
    how: How,
) -> Result<Exit, Failure> {
    loop {
        if session.ledger().find_deployment(&service.name, &started.deployment).await?.is_some() {
            return follow(session, service, &started.deployment, how).await;
        }
        let seen = start::seen(session, &started.arn).await?;
        if seen.status != "RUNNING" {
            // It may have left its record between the two looks.
            if session.ledger().find_deployment(&service.name, &started.deployment).await?.is_some() {
                return follow(session, service, &started.deployment, how).await;
            }
            let why = seen.cause.or(seen.error).unwrap_or(seen.status);
            return Err(Failure { words: why, exit: Exit::Outcome(Outcome::Refused) });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn standing(session: &Session, record: &Deployment) -> String {
    words::standing(&Summary::of(record, session.now()))
}

fn finish(session: &Session, record: &Deployment) -> Exit {
    let story = Story::of(record, session.now());
    session.screen.answer(&story, || {
        let summary = &story.summary;
        let after = words::span(summary.seconds);
        let how = match record.outcome {
            Some(_) => session.screen.outcome(record.outcome),
            None => "It has come that far".to_owned(),
        };
        let why = match &summary.reason {
            Some(reason) => format!(": {reason}"),
            None => format!(": {} to {}", summary.service, words::image(summary.image.as_ref())),
        };
        format!("{how} after {after}{why}")
    });
    record.outcome.map_or(Exit::Good, Exit::Outcome)
}

/// What has been told of a story so far.
#[derive(Default)]
struct Told {
    last: Option<Entry>,
    began: bool,
}

impl Told {
    /// Tells the lines that are new.
    fn tell(&mut self, session: &Session, record: &Deployment) {
        if !self.began {
            self.began = true;
            session.screen.tell(format!(
                "{}  {}  {}",
                session.screen.bold(&record.service),
                words::image(record.plan.as_ref().map(|plan| &plan.image)),
                session.screen.faint(&record.id)
            ));
        }
        let known = self.last.as_ref();
        let from = known.and_then(|last| record.timeline.iter().rposition(|entry| entry == last));
        for entry in record.timeline.iter().skip(from.map_or(0, |at| at + 1)) {
            session.screen.wipe();
            session.screen.tell(words::line(&session.screen, record.began_at, entry));
            self.last = Some(entry.clone());
        }
    }

    /// Draws what is being waited for, where somebody watches.
    async fn draw(&self, session: &Session, record: &Deployment) {
        if !session.screen.live {
            return;
        }
        let waits = waits(session, record).await.unwrap_or_default();
        let so_far = words::span(Summary::of(record, session.now()).seconds);
        session.screen.draw(&format!(
            "{} {}",
            session.screen.faint(format!("{so_far:>8}")),
            words::clip(&waits)
        ));
    }
}

/// What a deployment on the way waits for, as its execution said last.
pub async fn waits(session: &Session, record: &Deployment) -> Option<String> {
    let lease = session.ledger().lease(&record.service).await.ok()?;
    let execution = lease.execution.as_deref().unwrap_or(&record.execution);
    let (_, baton) = executions::last_word(&session.aws, execution).await.ok()??;
    (!baton.note.is_empty()).then_some(baton.note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::name::ServiceName;
    use serde_json::json;

    fn record(steps: &str, progress: serde_json::Value) -> Deployment {
        let mut record = Deployment::new(
            ServiceName::new("main", "web"),
            DeploymentId::from("d"),
            "arn",
            "push",
            Timestamp::UNIX_EPOCH,
        );
        let strategy = if steps.is_empty() { "rolling" } else { "blue-green" };
        let steps: Vec<u32> =
            if steps.is_empty() { vec![100] } else { steps.split(' ').map(|s| s.parse().unwrap()).collect() };
        let member = json!({"ecs_service": "web", "target_groups": [], "task_definition": "td:1", "desired": 1, "running": 1});
        record.plan = Some(
            serde_json::from_value(
                json!({"cluster": "main", "image": {"repository": "web", "digest": "sha256:1", "uri": "x"},
                "container": "web", "live": member, "next": null, "routes": [], "tasks": 1,
                "pace": {"deregistration_delay": 0, "check_interval": 5, "stickiness": 0},
                "settings": settings(strategy, &steps)}),
            )
            .unwrap(),
        );
        record.progress = serde_json::from_value(progress).unwrap();
        record
    }

    fn settings(strategy: &str, steps: &[u32]) -> serde_json::Value {
        use changeover_domain::settings::{Raw, read};
        let mut tags = Raw::from([("repository".to_owned(), "web".to_owned())]);
        if strategy == "blue-green" {
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            tags.extend([
                ("strategy".to_owned(), strategy.to_owned()),
                ("pair".to_owned(), "b".to_owned()),
                ("steps".to_owned(), steps.join(" ")),
            ]);
        }
        serde_json::to_value(read(&Raw::new(), &tags, &Raw::new()).unwrap()).unwrap()
    }

    #[test]
    fn how_far_is_read_in_words() {
        assert_eq!("step:2".parse(), Ok(Until::Step(2)));
        assert_eq!("traffic".parse(), Ok(Until::Traffic));
        assert_eq!("paused".parse(), Ok(Until::Paused));
        for wrong in ["step:0", "step:", "step:x", "end"] {
            assert!(wrong.parse::<Until>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_step_is_reached_once_its_weight_is_read_back() {
        let at = |step, weight| {
            record("10 50 100", json!({"step": step, "weight": weight, "healthy_at": "2026-01-01T00:00:00Z"}))
        };
        assert!(Until::Step(1).is_reached(&at(0, 10)));
        assert!(!Until::Step(2).is_reached(&at(0, 10)));
        assert!(!Until::Step(2).is_reached(&at(1, 10)), "it is being written");
        assert!(Until::Step(9).is_reached(&at(2, 100)), "no more steps than there are");
        assert!(Until::Traffic.is_reached(&at(2, 100)) && !Until::Traffic.is_reached(&at(1, 50)));
        assert!(!Until::Succeeded.is_reached(&at(2, 100)) && !Until::Baked.is_reached(&at(2, 100)));
        let baked = |step| record("10 50 100", json!({"step": step, "baked": step, "weight": 100}));
        assert!(Until::Baked.is_reached(&baked(2)) && !Until::Baked.is_reached(&baked(1)));
    }

    #[test]
    fn it_is_paused_while_a_pause_holds_it() {
        let held = json!({"place": "before-traffic", "since": "2026-01-01T00:00:00Z",
            "until": "2026-01-01T02:00:00Z", "then": "roll-back", "by": "the pause that is set"});
        assert!(Until::Paused.is_reached(&record("100", json!({"gate": {"held": held}}))));
        let past = json!({"gate": {"passed": ["before-traffic"]}});
        assert!(!Until::Paused.is_reached(&record("100", past)));
    }

    #[test]
    fn what_goes_back_has_come_nowhere() {
        let mut back = record("100", json!({"step": 0, "weight": 100}));
        back.fail("bad");
        assert!(!Until::Traffic.is_reached(&back));
        let rolling = record("", json!({"healthy_at": "2026-01-01T00:00:00Z"}));
        assert!(Until::Traffic.is_reached(&rolling) && Until::Step(3).is_reached(&rolling));
    }
}
