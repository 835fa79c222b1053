//! The verdict, given what was seen at one moment and how many good moments came before.

use crate::Purpose;
use changeover_domain::Timestamp;
use changeover_domain::alarmed::Alarms;
use changeover_domain::bearing::{Bearing, Course, Patience, Since, bear, course};
use changeover_domain::evidence::SideSeen;
use changeover_domain::health::{Expectation, Judgement, judge};
use changeover_domain::plan::READ_PATIENCE;
use changeover_domain::settings::Settings;
use changeover_domain::span::Seconds;
use changeover_domain::state::Verdict;
use changeover_domain::verdict::migrated::OldTasks;
use changeover_domain::verdict::watching::{Watch, Watched, Watching};
use changeover_domain::verdict::{self, Asked, Whose};

/// What was seen, and what is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What the verdict is for.
    pub purpose: Purpose,
    /// The time of the look.
    pub now: Timestamp,
    /// The side that runs the new tasks, or the rolling service.
    pub seen: SideSeen,
    /// The revision that must run.
    pub revision: String,
    /// How many tasks of it there must be.
    pub needed: u32,
    /// When they were asked for.
    pub started_at: Timestamp,
    /// When the traffic that is judged began.
    pub watched_since: Timestamp,
    /// Healthy readings in a row so far.
    pub readings: u32,
    /// When the last one was taken.
    pub read_at: Option<Timestamp>,
    /// Since when they are not healthy any more, if they had been.
    pub since: Since,
    /// What new and old tasks did with their requests; none without a load balancer that counts them, or without traffic
    /// yet.
    pub watch: Option<Watch>,
    /// What the old tasks did with theirs since a migration ran; none without one, and once users have met the new tasks.
    pub old: Option<OldTasks>,
    /// What the team's own alarms say; quiet before there is traffic.
    pub alarms: Alarms,
    /// The newer image that this deployment gives way to.
    pub newer: Option<String>,
    /// Why it is to be taken back, if someone asked for that.
    pub taken_back: Option<String>,
    /// Who ended this bake before its time, in words, if somebody did.
    pub promoted: Option<String>,
    /// Whether a pause holds it: what it is looked at for was the case before.
    pub held: bool,
    /// Whether there is another step to shift.
    pub more_steps: bool,
    /// What was asked for.
    pub settings: Settings,
    /// Two readings closer than this are one: no health check lies between them.
    pub check_interval: Seconds,
    /// How long to wait between looks.
    pub poll: Seconds,
    /// How long a lack of room may last.
    pub room_patience: Seconds,
    /// How long after a moment the load balancer's numbers of it are complete.
    pub numbers_after: Seconds,
    /// How long a bake waits, after that, for requests to judge by.
    pub data_patience: Seconds,
}

/// The verdict and what goes on record with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// `ready`, `wait` or `failed`.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: String,
    /// How long to wait, if so.
    pub wait: Seconds,
    /// Healthy readings in a row, this one included.
    pub readings: u32,
    /// Whether this look counts as a reading.
    pub took_reading: bool,
    /// Since when the tasks are not healthy any more, if they had been.
    pub since: Since,
    /// A stopped task whose last words are worth reading.
    pub task: Option<String>,
    /// Whether it fails only because something newer is wanted.
    pub superseded: bool,
    /// Whether it fails because users suffer from the new tasks.
    pub harmful: bool,
    /// What watching has come to, if something was watched.
    pub watching: Option<Watching>,
    /// What watching the old tasks has come to, if a migration ran.
    pub old: Option<Watching>,
    /// Whether it fails because the old tasks suffer from the migration.
    pub old_hurt: bool,
}

impl Ruling {
    /// The same, with targets told that are nobody's tasks: they get requests all the same.
    #[must_use]
    pub fn with_strays(mut self, seen: &SideSeen) -> Self {
        if let Some(strays) = seen.strays().filter(|_| self.verdict == Verdict::Ready) {
            self.why = format!("{}; {strays}", self.why);
        }
        self
    }
}

/// Gives the verdict. Pure: everything it knows is in its arguments.
pub fn decide(view: &View) -> Ruling {
    if let Some(why) = &view.taken_back {
        return failed(view, why.clone());
    }
    if let Some(newer) = &view.newer {
        return Ruling { superseded: true, ..failed(view, format!("{newer} is wanted now")) };
    }
    migrated(view, alarmed(view, judged(view)))
}

/// The same with what the old tasks suffer since a migration ran. Before the first shift their numbers have to be there, or
/// nobody would have looked.
fn migrated(view: &View, ruling: Ruling) -> Ruling {
    let Some(old) = &view.old else { return ruling };
    let Watched { watching, ruling: numbers } = old.judge(&view.settings);
    let ruling = match ruling.verdict {
        _ if numbers.harmful => {
            let before =
                if ruling.verdict == Verdict::Failed { format!("{}; ", ruling.why) } else { String::new() };
            let why = format!("{before}the old tasks suffer since the migration: {}", numbers.why);
            Ruling { old_hurt: true, task: ruling.task.clone(), ..failed(view, why) }
        }
        Verdict::Ready if view.now < old.shown_at() => {
            let why = format!(
                "the new tasks are healthy; the old ones are watched until {}, since a migration ran: so far {}",
                old.shown_at(),
                numbers.so_far
            );
            Ruling { verdict: Verdict::Wait, wait: Seconds(view.poll.0.max(1)), why, ..ruling }
        }
        _ => ruling,
    };
    Ruling { old: Some(watching), ..ruling }
}

/// The same with what the team's own alarms say. What is wrong with the tasks themselves is known by then, and whether users
/// suffer: an alarm alone does not say so.
fn alarmed(view: &View, ruling: Ruling) -> Ruling {
    match (view.alarms.against(view.now), view.alarms.waits()) {
        (Some(why), _) if ruling.verdict == Verdict::Failed => {
            Ruling { why: format!("{}; {why}", ruling.why), ..ruling }
        }
        (Some(why), _) => Ruling { watching: ruling.watching, ..failed(view, why) },
        (None, Some(why)) if ruling.verdict == Verdict::Ready => {
            Ruling { verdict: Verdict::Wait, wait: Seconds(view.poll.0.max(1)), why, ..ruling }
        }
        (None, Some(why)) if ruling.verdict == Verdict::Wait => {
            Ruling { why: format!("{}; {why}", ruling.why), ..ruling }
        }
        _ => ruling,
    }
}

/// What the tasks and the load balancer's numbers say.
fn judged(view: &View) -> Ruling {
    if view.needed == 0 && view.seen.service.task_definition == view.revision {
        let name = &view.seen.service.name;
        return ready(
            view,
            format!("{name} is told to run no tasks: it has the revision, which no task proves"),
        );
    }
    let expectation = Expectation {
        revision: &view.revision,
        needed: view.needed,
        since: view.started_at,
        now: view.now,
        room_patience: view.room_patience,
    };
    let watched = view.watch.as_ref().map(|watch| watch.judge(&view.settings, &asked(view, watch)));
    let ruling = match (&watched, view.purpose) {
        (Some(Watched { ruling, .. }), _) if ruling.harmful => {
            Ruling { harmful: true, ..failed(view, ruling.why.clone()) }
        }
        (_, Purpose::Start) => starting(view, &expectation),
        (watched, Purpose::Bake) => {
            bearing(view, &expectation, watched.as_ref().map(|watched| &watched.ruling))
        }
    };
    Ruling { watching: watched.map(|watched| watched.watching), ..ruling }
}

/// What is asked of the numbers. A bake is watched once its last period is complete.
fn asked(view: &View, watch: &Watch) -> Asked {
    let judging = &view.settings.judging;
    let watched = Seconds::between(view.watched_since, view.now);
    Asked {
        tolerated: judging.tolerated(),
        side_by_side: watch.side_by_side,
        watched: Seconds(watched.0.saturating_sub(view.numbers_after.0)),
        bake: view.settings.bake,
        patience: view.data_patience,
        unproven: judging.unproven,
        minimum_requests: view.settings.minimum_requests,
        whose: Whose::New,
    }
}

/// Before the shift everything has to be there.
fn starting(view: &View, expectation: &Expectation<'_>) -> Ruling {
    match (judge(&view.seen, expectation), by_hand(view)) {
        (Judgement::Broken { reason, task }, _) => Ruling { task, ..failed(view, reason) },
        // Old tasks run on for a while after somebody has set another revision.
        (_, Some(theirs)) => ill(view, theirs),
        // It had started in time, and waits for a person: only what lasts is held against it.
        (Judgement::NotYet(why), None) if view.held => {
            Ruling { readings: 0, ..ill(view, format!("the new tasks fell ill: {why}")) }
        }
        (Judgement::NotYet(why), None) => not_started(view, &why),
        (Judgement::Healthy, None) => reading(view),
    }
}

/// Afterwards tasks may come and go, as long as enough of them serve.
fn bearing(view: &View, expectation: &Expectation<'_>, numbers: Option<&verdict::Ruling>) -> Ruling {
    let service = &view.seen.service;
    let fell_ill = |why: String| {
        let told = format!("the new tasks fell ill: {why}");
        if service.task_definition == view.revision {
            return told;
        }
        // Just after the change this may be an old read, so it is no reason of its own.
        format!("{told}; {} is set to {}, by someone else as it seems", service.name, service.task_definition)
    };
    match (by_hand(view), bear(&view.seen, expectation)) {
        (_, broken @ Bearing::Broken { .. }) => lasting(view, broken),
        (Some(theirs), _) => ill(view, theirs),
        (None, Bearing::Ill(why)) => ill(view, fell_ill(why)),
        (None, Bearing::Short(why)) => lasting(view, Bearing::Short(fell_ill(why))),
        (None, Bearing::Well) => baking(view, numbers),
    }
}

fn failed(view: &View, why: String) -> Ruling {
    Ruling {
        verdict: Verdict::Failed,
        why,
        wait: Seconds(0),
        readings: view.readings,
        took_reading: false,
        since: Since::default(),
        task: None,
        superseded: false,
        harmful: false,
        watching: None,
        old: None,
        old_hurt: false,
    }
}

fn wait(view: &View, seconds: Seconds, why: String) -> Ruling {
    Ruling { verdict: Verdict::Wait, wait: Seconds(seconds.0.max(1)), ..failed(view, why) }
}

fn not_started(view: &View, why: &str) -> Ruling {
    let waited = Seconds::between(view.started_at, view.now);
    if waited >= view.settings.health_timeout {
        return failed(view, format!("not healthy after {}: {why}", view.settings.health_timeout));
    }
    Ruling { readings: 0, ..wait(view, view.poll, why.to_owned()) }
}

/// Counts a healthy look, unless no health check can have been made since the last one.
fn reading(view: &View) -> Ruling {
    let wanted = view.settings.healthy_checks;
    if view.readings >= wanted {
        // It was ready before; something else holds it, or its answer was lost.
        return Ruling { took_reading: true, ..ready(view, "the new tasks are healthy still".to_owned()) };
    }
    let since_last = view.read_at.filter(|_| view.readings > 0).map(|at| Seconds::between(at, view.now));
    if let Some(early) = since_last.filter(|since| *since < view.check_interval) {
        let rest = Seconds(view.check_interval.0 - early.0);
        return wait(view, rest, format!("{} of {wanted} healthy readings", view.readings));
    }
    let readings = view.readings + 1;
    let why = format!("{readings} of {wanted} healthy readings");
    let ruling = wait(view, view.check_interval, why);
    let verdict = if readings >= wanted { Verdict::Ready } else { Verdict::Wait };
    Ruling { verdict, readings, took_reading: true, ..ruling }
}

/// What somebody else made of the ECS service since its new tasks were asked for, if that is why they are not there. Just
/// after they were, ECS may still tell of the service as it was before.
fn by_hand(view: &View) -> Option<String> {
    if view.now < READ_PATIENCE.after(view.started_at) {
        return None;
    }
    let service = &view.seen.service;
    let name = &service.name;
    if service.task_definition != view.revision {
        return Some(format!("someone else has set {name} to {}", service.task_definition));
    }
    (service.desired < view.needed).then(|| {
        format!("someone else has set {name} to {} tasks, {} are needed", service.desired, view.needed)
    })
}

/// What somebody did to the tasks is as good as an illness: it may have been a slip, put right at once.
fn ill(view: &View, why: String) -> Ruling {
    lasting(view, Bearing::Ill(why))
}

/// Tasks that had been healthy are not: it may pass, or last.
fn lasting(view: &View, bearing: Bearing) -> Ruling {
    let patience = Patience::new(view.check_interval, view.poll, view.settings.health_timeout);
    match course(bearing, view.since, patience, view.now) {
        Course::Passing { why, since } => Ruling { since, ..wait(view, view.poll, why) },
        Course::Over { reason, task } => {
            Ruling { task, harmful: view.purpose == Purpose::Bake, ..failed(view, reason) }
        }
        Course::Well => wait(view, view.poll, "the new tasks are well again".to_owned()),
    }
}

fn baking(view: &View, numbers: Option<&verdict::Ruling>) -> Ruling {
    let watched = Seconds::between(view.watched_since, view.now);
    let bake = view.settings.bake;
    // The bake has passed, and what users suffer from was looked for before this.
    if view.held {
        return ready(view, format!("well after {watched}, and held"));
    }
    // What was seen so far is not worse, and the tasks are well: whoever ends a bake does without the rest of it only.
    if let Some(who) = &view.promoted {
        return ready(view, format!("watched for {watched} of {bake}; {who}"));
    }
    if watched < bake {
        let rest = Seconds(bake.0 - watched.0).min(view.poll);
        let why = numbers
            .map_or_else(|| format!("the new tasks are watched for {bake}"), |numbers| numbers.why.clone());
        return wait(view, rest, why);
    }
    let Some(numbers) = numbers else {
        return ready(view, format!("the new tasks were healthy for {watched}"));
    };
    // Who wants no bake does not wait for its numbers either.
    if bake == Seconds(0) {
        let why =
            format!("the new tasks are healthy, and not to be watched any longer; so far {}", numbers.so_far);
        return ready(view, why);
    }
    let complete = Seconds(bake.0.saturating_add(view.numbers_after.0));
    if watched < complete {
        let rest = Seconds(complete.0 - watched.0).min(view.poll);
        let why = format!(
            "the new tasks were watched for {bake}, and the load balancer's numbers of that become complete; so far {}",
            numbers.so_far
        );
        return wait(view, rest, why);
    }
    match numbers.verdict {
        Verdict::Ready => ready(view, numbers.why.clone()),
        Verdict::Failed => failed(view, numbers.why.clone()),
        _ => wait(view, view.poll, numbers.why.clone()),
    }
}

fn ready(view: &View, why: String) -> Ruling {
    Ruling { verdict: Verdict::Ready, ..failed(view, why) }
}
