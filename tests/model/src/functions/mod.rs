//! The functions, as the model has them: look, let the real decision be made, put it on record, and be about to act;
//! and, in a step of its own, act. Somebody may come between.

mod act;
mod begin;
mod gate;

pub use self::gate::point;
pub use begin::want;

use crate::deciders::Deciders;
use crate::look::{self, Clock, Evidence, NAMES, THEN, at};
use crate::people::People;
use crate::world::{Answer, Change, Health, Planned, Record, Revision, World};
use crate::{hosts, ledger, pins};
use begin::early;
use changeover_domain::record::Deployment;
use changeover_domain::state::Verdict;
use changeover_domain::wish::tried;
use check_health::Purpose;

/// What an invocation comes to: an answer, something to do first, or an error by its name.
pub type Came = Result<Option<Answer>, &'static str>;

/// The functions of one model.
pub struct Functions {
    /// Their decisions.
    pub deciders: Deciders,
    /// What a newer push does to what is on the way.
    pub on_push: &'static str,
    /// What people have to say.
    pub people: People,
}

/// An answer.
pub fn say(word: &'static str) -> Answer {
    Answer { word, more_steps: false }
}

impl Functions {
    /// Looks, decides and puts on record. `number` is the execution's.
    pub fn decide(
        &self,
        world: &mut World,
        number: usize,
        state: &str,
        clock: Clock,
        evidence: Evidence,
    ) -> Came {
        if state == "Plan" {
            return self.plan(world, number);
        }
        let Some((deployment, fence)) = world.executions[number].baton else {
            if state == "Finish" {
                return Err("BadInput");
            }
            return early(world, number).map(Some);
        };
        if state == "Finish" {
            return self.finish(world, number, deployment, fence);
        }
        self.hold(world, deployment, fence)?;
        let caught = world.executions[number].caught;
        let mut record = world.ledger.records.get(&deployment).cloned().ok_or("RecordMissing")?;
        record.failed |= caught;
        let Some(planned) = record.plan.clone() else {
            world.ledger.records.insert(deployment, record);
            return if state == "Rollback" { Ok(Some(say("ready"))) } else { Err("RecordMissing") };
        };
        let own = (deployment, &mut record);
        let came = match state {
            "RegisterRevision" => Ok(self.register(own.1)),
            "UpdateService" => self.update(world, own, &planned, clock),
            "CheckHealth" => self.check(world, own, &planned, (clock, evidence), Purpose::Start),
            "Bake" => self.check(world, own, &planned, (clock, evidence), Purpose::Bake),
            "Swap" => self.swap(world, own, &planned),
            "Drain" => self.drain(world, own, &planned, clock),
            "Rollback" => Ok(self.rollback(world, own, &planned, clock)),
            _ => match point(state) {
                Some(point) => Ok((None, self.gate(world, own, &planned, clock, point))),
                None => panic!("the model has no function for {state}"),
            },
        };
        let (change, answer) = came?;
        world.ledger.records.insert(deployment, record);
        Ok(self.about_to(world, number, change, answer))
    }

    /// Something to do before the answer, if there is anything.
    fn about_to(
        &self,
        world: &mut World,
        number: usize,
        change: Option<Change>,
        answer: Answer,
    ) -> Option<Answer> {
        let Some(change) = change else { return Some(answer) };
        world.executions[number].pending = Some((change, answer));
        None
    }

    /// Whether a deployment still has the lease that its execution's baton is of.
    pub fn holds(&self, world: &World, deployment: u8, fence: u8) -> bool {
        let lease = &world.ledger.lease;
        lease.holder == Some(deployment) && lease.fence == fence
    }

    fn hold(&self, world: &mut World, deployment: u8, fence: u8) -> Result<(), &'static str> {
        if self.holds(world, deployment, fence) {
            return Ok(());
        }
        if self.deciders.checks_fence {
            world.noted.lease_lost = true;
            return Err("LeaseLost");
        }
        Ok(())
    }

    fn register(&self, record: &mut Record) -> (Option<Change>, Answer) {
        let change = record.revision.is_none().then_some(Change::Register);
        (change, say("ready"))
    }

    fn update(
        &self,
        world: &World,
        (deployment, record): (u8, &mut Record),
        planned: &Planned,
        clock: Clock,
    ) -> Result<(Option<Change>, Answer), &'static str> {
        let is_pair = world.members.len() == 2;
        let target = if is_pair { 1 - planned.live } else { 0 };
        let revision = record.revision.ok_or("RecordMissing")?;
        let tasks = planned.tasks.max(world.members[planned.live].desired);
        let view = update_service::View {
            cluster: "main".to_owned(),
            member: NAMES[target].to_owned(),
            is_pair,
            revision: revision.name(),
            tasks: u32::from(tasks),
            set_to: world.members[target].revision.name(),
            desired: u32::from(world.members[target].desired),
            planned: u32::from(planned.tasks),
            started: record.started,
            room: hosts::room_for(world, record, tasks, clock),
        };
        let action = (self.deciders.update)(&view);
        noting(deployment, record, |real| {
            update_service::apply(real, &view, &action, clock.now());
        });
        Ok(match action {
            update_service::Action::Nothing => (None, say("ready")),
            update_service::Action::Start { desired } => {
                let desired = desired.map(small);
                let change = Change::Member { index: target, revision: Some(revision), desired };
                (Some(change), say("ready"))
            }
            update_service::Action::Enlarge { to, .. } => (Some(Change::Enlarge(small(to))), say("wait")),
            update_service::Action::Wait { .. } => (None, say("wait")),
            update_service::Action::NoRoom { .. } => (None, say("failed")),
        })
    }

    fn check(
        &self,
        world: &mut World,
        (deployment, record): (u8, &mut Record),
        planned: &Planned,
        (clock, evidence): (Clock, Evidence),
        purpose: Purpose,
    ) -> Result<(Option<Change>, Answer), &'static str> {
        let view = look::for_check(world, record, planned, self.on_push, (clock, evidence), purpose);
        let (healthy, more_steps) = (view.seen.healthy(), view.more_steps);
        let ruling = (self.deciders.check)(&view);
        noting(deployment, record, |real| check_health::apply(real, &view, &ruling, &ruling.why));
        // Who ends a bake before its time does without its evidence, and with nothing else.
        let early = evidence == Evidence::Nothing && view.promoted.is_some();
        let enough = early || (evidence == Evidence::Nothing && view.held);
        let good = evidence == Evidence::Good || view.watch.is_none() || enough;
        let is_bake = purpose == Purpose::Bake;
        world.noted.hurried |= is_bake && early && ruling.verdict == Verdict::Ready;
        world.noted.blind |=
            ruling.verdict == Verdict::Ready && (healthy < view.needed || (is_bake && !good));
        let word = match ruling.verdict {
            Verdict::Ready => "ready",
            Verdict::Wait => "wait",
            _ => "failed",
        };
        Ok((None, Answer { word, more_steps }))
    }

    fn swap(
        &self,
        world: &mut World,
        (deployment, record): (u8, &mut Record),
        planned: &Planned,
    ) -> Result<(Option<Change>, Answer), &'static str> {
        let steps = look::settings(true, self.on_push).steps;
        let step = (self.deciders.step)(&ledger::real(deployment, record).progress).min(steps.len() - 1);
        let (live, next) = (planned.live, 1 - planned.live);
        let route = look::route(world, live);
        let seen = look::side(world, next);
        let view = swap::View {
            live: NAMES[live].to_owned(),
            next: NAMES[next].to_owned(),
            planned: vec![route.id.clone()],
            routes: vec![route],
            before: u32::from(record.weight),
            step,
            weight: steps[step],
            is_last: step + 1 == steps.len(),
            sticky: pins::sticky(world),
            stale: None,
            healthy: seen.healthy(),
            needed: u32::from(planned.tasks.max(world.members[live].desired)),
            desired: seen.service.desired,
            running: seen.service.running,
            raises: 0,
        };
        let action = (self.deciders.swap)(&view).map_err(|error| error.name())?;
        let answer = Answer { word: "ready", more_steps: !view.is_last };
        let weight = small(view.weight);
        if let swap::Action::Raise { why } = &action {
            noting(deployment, record, |real| swap::raise(real, why, at(THEN)));
            return Ok((None, say("wait")));
        }
        if action == swap::Action::Nothing {
            noting(deployment, record, |real| {
                swap::shifted(real, step, view.weight, at(THEN));
            });
            return Ok((None, answer));
        }
        world.noted.starved |= view.healthy == 0;
        world.noted.skipped |= step > record.baked.map_or(0, |baked| baked + 1);
        noting(deployment, record, |real| {
            swap::intend(real, step);
        });
        let sticks = world.sticks.map(|sticks| sticks && !view.is_last);
        Ok((Some(Change::Weights { next, weight, forward: true, sticks }), answer))
    }

    fn drain(
        &self,
        world: &mut World,
        (deployment, record): (u8, &mut Record),
        planned: &Planned,
        clock: Clock,
    ) -> Result<(Option<Change>, Answer), &'static str> {
        if record.drained {
            return Ok(hosts::given_back(world, record, clock));
        }
        let view = look::for_drain(world, record, planned, clock);
        let action = (self.deciders.drain)(&view).map_err(|error| error.name())?;
        noting(deployment, record, |real| drain::apply(real, &view, &action));
        Ok(match action {
            drain::Action::Wait { .. } | drain::Action::Quiet { .. } => (None, say("wait")),
            drain::Action::TakeBack { .. } => (None, say("failed")),
            drain::Action::Pin { .. } => (Some(Change::Pin(world.weight)), say("wait")),
            drain::Action::ScaleIn => {
                world.noted.robbed |= world.reaches(planned.live);
                world.noted.blind |= world.members[1 - planned.live].healthy() == 0;
                let change = Change::Member { index: planned.live, revision: None, desired: Some(0) };
                (Some(change), say("wait"))
            }
            drain::Action::Drained { .. } => (None, say(if owes_room(record) { "wait" } else { "ready" })),
        })
    }

    fn rollback(
        &self,
        world: &mut World,
        (deployment, record): (u8, &mut Record),
        planned: &Planned,
        clock: Clock,
    ) -> (Option<Change>, Answer) {
        if record.rolled_back || record.drained {
            return hosts::given_back(world, record, clock);
        }
        let is_pair = world.members.len() == 2;
        let next = if is_pair { 1 - planned.live } else { 0 };
        let view = look::for_rollback(world, record, planned, clock, deployment);
        let action = (self.deciders.rollback)(&view);
        noting(deployment, record, |real| rollback::apply(real, &view, &action));
        let healthy = |world: &World, index: usize| world.members[index].healthy();
        match action {
            rollback::Action::Wait { .. } => (None, say("wait")),
            rollback::Action::Done { .. } => (None, say(if owes_room(record) { "wait" } else { "ready" })),
            rollback::Action::GiveUp { .. } => (None, say("ready")),
            rollback::Action::Weights { .. } => {
                world.noted.starved |= healthy(world, planned.live) == 0;
                world.noted.dared |= record.quiet && (record.harmful || healthy(world, next) == 0);
                let sticks = world.sticks.map(|_| false);
                (Some(Change::Weights { next, weight: 0, forward: false, sticks }), say("wait"))
            }
            rollback::Action::Shelter { .. } => {
                world.noted.starved |= healthy(world, next) == 0;
                world.noted.sheltered = true;
                let sticks = world.sticks.map(|_| false);
                (Some(Change::Weights { next, weight: 100, forward: false, sticks }), say("wait"))
            }
            rollback::Action::Pin { .. } => (Some(Change::Pin(world.weight)), say("wait")),
            // Here nobody deregisters revisions.
            rollback::Action::Register { .. } => (None, say("wait")),
            rollback::Action::Scale { which, task_definition, desired, .. } => {
                let index = if which == rollback::Which::Live { planned.live } else { next };
                let fewer = desired.is_some_and(|desired| desired < u32::from(world.members[index].desired));
                world.noted.robbed |= is_pair && fewer && world.reaches(index);
                let revision = task_definition.as_deref().map(Revision::of);
                (Some(Change::Member { index, revision, desired: desired.map(small) }), say("wait"))
            }
        }
    }

    fn finish(&self, world: &mut World, number: usize, deployment: u8, fence: u8) -> Came {
        let caught = world.executions[number].caught;
        let mut record = world.ledger.records.get(&deployment).cloned().ok_or("RecordMissing")?;
        if record.outcome.is_none() {
            record.failed |= caught;
            record.needs_human |= caught;
            let outcome = (self.deciders.outcome)(&ledger::real(deployment, &record));
            if fence > 0 {
                self.hold(world, deployment, fence)?;
            }
            record.outcome = Some(outcome);
            world.noted.half_done |= crate::checks::is_half_done(world, &record, outcome);
            world.ledger.records.insert(deployment, record.clone());
        }
        let outcome = record.outcome.ok_or("RecordMissing")?;
        if fence > 0 {
            settle(world, deployment, &record);
        }
        let answer = say(crate::checks::word(outcome));
        let change = (fence > 0).then_some(Change::Release);
        Ok(self.about_to(world, number, change, answer))
    }
}

/// Lets a function put something on the record that it has read.
fn noting(deployment: u8, record: &mut Record, apply: impl FnOnce(&mut Deployment)) {
    let mut real = ledger::real(deployment, record);
    apply(&mut real);
    ledger::keep(deployment, record, &real);
}

fn owes_room(record: &Record) -> bool {
    record.made.as_ref().is_some_and(|made| !made.over)
}

/// Puts on record what came of the wish that a deployment was for, by the real rule.
fn settle(world: &mut World, deployment: u8, record: &Record) {
    let Some(wanted) = world.ledger.wanted.as_mut() else { return };
    if let Some(tried) = tried(&ledger::wanted(wanted), &ledger::real(deployment, record)) {
        wanted.tried = Some((deployment, tried.outcome, u8::try_from(tried.attempts).unwrap_or(u8::MAX)));
    }
}

/// The number of the deployment that an execution begins.
pub fn own(number: usize) -> u8 {
    u8::try_from(number + 1).unwrap_or(u8::MAX)
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// Whether a member still has something to do to be what it is told to be.
pub fn is_steady(world: &World) -> bool {
    world.members.iter().all(|member| {
        let right =
            |task: &&crate::world::Task| task.revision == member.revision && task.health != Health::Stopping;
        member.tasks.iter().filter(right).count() == usize::from(member.desired)
            && member.tasks.len() == usize::from(member.desired)
    })
}
