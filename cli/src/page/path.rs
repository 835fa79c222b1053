//! What a deployment has done, does, and has yet to do; what it waits for, and until when. Pure.

use crate::words;
use changeover_domain::Timestamp;
use changeover_domain::plan::Plan;
use changeover_domain::record::Deployment;
use changeover_domain::settings::Strategy;

/// How far a part of the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Over.
    Done,
    /// Under way.
    Now,
    /// To come.
    ToCome,
    /// Not to come any more: the deployment goes back.
    Dropped,
}

impl Stand {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::ToCome => "to come",
            Self::Dropped => "dropped",
        }
    }
}

/// One part of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What.
    pub name: String,
    /// How far it is.
    pub stand: Stand,
}

/// The whole way, in order. What goes back has its way back at the end.
pub fn path(record: &Deployment) -> Vec<Part> {
    let back = record.is_given_up();
    let mut parts: Vec<(String, bool)> = vec![("plan".to_owned(), record.plan.is_some())];
    if let Some(plan) = &record.plan {
        parts.extend(of_plan(record, plan));
    }
    let first = parts.iter().position(|(_, done)| !done);
    let over = record.outcome.is_some();
    let mut path: Vec<Part> = parts
        .into_iter()
        .enumerate()
        .map(|(index, (name, done))| {
            let stand = match () {
                () if done => Stand::Done,
                () if back || over => Stand::Dropped,
                () if first == Some(index) => Stand::Now,
                () => Stand::ToCome,
            };
            Part { name, stand }
        })
        .collect();
    if back {
        let stand = if record.progress.back.rolled_back || over { Stand::Done } else { Stand::Now };
        path.push(Part { name: "go back".to_owned(), stand });
    }
    path
}

fn of_plan(record: &Deployment, plan: &Plan) -> Vec<(String, bool)> {
    let progress = &record.progress;
    let over = record.outcome.is_some() && !record.is_given_up();
    let mut parts = vec![
        ("revision".to_owned(), progress.start.revision.is_some()),
        (format!("start {} tasks", plan.tasks), progress.start.started_at.is_some()),
        ("healthy".to_owned(), progress.health.healthy_at.is_some()),
    ];
    let baked = |step: usize| progress.shift.baked.is_some_and(|baked| baked >= step);
    if plan.strategy() == Strategy::Rolling {
        parts.push((format!("watch for {}", plan.settings.bake), baked(0) || over));
    } else {
        for (step, weight) in plan.settings.steps.iter().enumerate() {
            parts.push((format!("{weight} %, watch for {}", plan.settings.bake), baked(step) || over));
        }
        parts.push(("drain the old tasks".to_owned(), progress.drain.drained || over));
    }
    parts.push(("finish".to_owned(), over));
    parts
}

/// Until when what it waits for may take, where that is known: what, and when.
pub fn deadline(record: &Deployment) -> Option<(&'static str, Timestamp)> {
    let (progress, plan) = (&record.progress, record.plan.as_ref()?);
    if record.outcome.is_some() || record.is_given_up() {
        return None;
    }
    if progress.health.healthy_at.is_none() {
        let asked = progress.asked_at()?;
        return Some(("the new tasks have to be healthy by", plan.settings.health_timeout.after(asked)));
    }
    let step = progress.shift.step?;
    if progress.shift.baked.is_some_and(|baked| baked >= step) {
        return None;
    }
    Some(("this step is watched until", plan.settings.bake.after(progress.shift.shifted_at?)))
}

/// The share of the requests that really arrived at the new tasks since the last shift, between 0 and 1.
pub fn measured(record: &Deployment) -> Option<f64> {
    let arrived = &record.progress.watching.arrived;
    let all = arrived.next.saturating_add(arrived.live);
    (all > 0).then(|| arrived.next as f64 / all as f64)
}

/// `12:03:04`, and the day where it is not today.
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    if at.strftime("%F").to_string() == now.strftime("%F").to_string() {
        return at.strftime("%H:%M:%S").to_string();
    }
    words::moment(at)
}
