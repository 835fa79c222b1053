//! One look for all tabs: how every service is, kept fresh while somebody watches.

use crate::failure::Failure;
use crate::look::{self, Seen};
use crate::page::evidence::Evidences;
use crate::service::{self, Service};
use crate::session::Session;
use crate::told::ServiceStatus;
use changeover_domain::Timestamp;
use changeover_domain::freeze::Freeze;
use changeover_domain::name::ServiceName;
use changeover_domain::record::Deployment;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout};

/// How often a service is looked at while a deployment is on the way.
pub const MOVING_AGAIN: Duration = Duration::from_secs(2);
/// How often a service is looked at that is at rest.
const RESTING_AGAIN: Duration = Duration::from_secs(10);
/// How often it is looked which services there are.
const SERVICES_AGAIN: Duration = Duration::from_secs(60);
/// Most services that are shown.
pub const MOST_SERVICES: usize = 100;
/// Most services that are looked at in one round: AWS's rates are shared with the deployments.
const MOST_LOOKS: usize = 10;
/// The longest that a round may take before the page says that AWS does not answer.
const ROUND_PATIENCE: Duration = Duration::from_secs(20);

/// A service as it was seen.
#[derive(Clone)]
pub struct One {
    /// In short, as `changeover status` tells it.
    pub status: ServiceStatus,
    /// The record of the deployment that is on the way.
    pub holder: Option<Deployment>,
    /// The latest deployments, newest first.
    pub recent: Vec<Deployment>,
}

/// How everything was when it was looked at last.
#[derive(Clone)]
pub struct Picture {
    /// The stack.
    pub stack: String,
    /// The freeze that lasts, if one does.
    pub frozen: Option<Freeze>,
    /// When AWS answered last.
    pub at: Timestamp,
    /// Every service, in the order of their names.
    pub services: Vec<Arc<One>>,
    /// More services than are shown.
    pub left_out: usize,
    /// How the evidence of what is on the way grew while somebody watched.
    pub evidences: Evidences,
    /// Why there is nothing newer; none while AWS answers.
    pub trouble: Option<String>,
}

impl Picture {
    /// A service of it.
    pub fn find(&self, name: &str) -> Option<&Arc<One>> {
        self.services.iter().find(|one| one.status.service.to_string() == name)
    }
}

/// What is kept between two rounds.
#[derive(Default)]
struct Kept {
    listed: Option<(Instant, Vec<Service>)>,
    seen: BTreeMap<ServiceName, (Instant, Arc<One>)>,
    round: Option<Instant>,
}

/// The eye of the page.
pub struct Eye {
    /// With which AWS is asked.
    pub session: Session,
    kept: Mutex<Kept>,
    shown: watch::Sender<Arc<Picture>>,
}

impl Eye {
    /// Nothing has been seen yet.
    pub fn new(session: Session) -> Self {
        let picture = Picture {
            stack: session.stack.name.clone(),
            frozen: None,
            at: session.now(),
            services: Vec::new(),
            left_out: 0,
            evidences: Evidences::default(),
            trouble: None,
        };
        Self { session, kept: Mutex::default(), shown: watch::Sender::new(Arc::new(picture)) }
    }

    /// Pictures as they come.
    pub fn watch(&self) -> watch::Receiver<Arc<Picture>> {
        self.shown.subscribe()
    }

    /// Looks for as long as the page is served, and only while somebody watches.
    pub async fn go_on(&self) {
        loop {
            tokio::time::sleep(MOVING_AGAIN).await;
            if self.shown.receiver_count() > 0 {
                self.picture().await;
            }
        }
    }

    /// How everything is: looked at now, or a moment ago by somebody else.
    pub async fn picture(&self) -> Arc<Picture> {
        let mut kept = self.kept.lock().await;
        if kept.round.is_some_and(|round| round.elapsed() < MOVING_AGAIN) {
            return self.shown.borrow().clone();
        }
        let looked = timeout(ROUND_PATIENCE, self.round(&mut kept)).await;
        kept.round = Some(Instant::now());
        let before = self.shown.borrow().clone();
        let picture = match looked {
            Ok(Ok(picture)) => picture,
            Ok(Err(failure)) => Picture { trouble: Some(failure.words), ..(*before).clone() },
            Err(_) => {
                let why = format!("AWS has not answered within {} s", ROUND_PATIENCE.as_secs());
                Picture { trouble: Some(why), ..(*before).clone() }
            }
        };
        let picture = Arc::new(picture);
        self.shown.send_replace(picture.clone());
        picture
    }

    /// Looks at a service again in the next round, whatever was seen of it.
    pub async fn forget(&self, service: &ServiceName) {
        let mut kept = self.kept.lock().await;
        kept.seen.remove(service);
        kept.round = None;
    }

    async fn round(&self, kept: &mut Kept) -> Result<Picture, Failure> {
        let listed = match kept.listed.take().filter(|(at, _)| at.elapsed() < SERVICES_AGAIN) {
            Some(listed) => listed,
            None => (Instant::now(), service::all(&self.session.aws).await?),
        };
        let shown: Vec<Service> = listed.1.iter().take(MOST_SERVICES).cloned().collect();
        let left_out = listed.1.len() - shown.len();
        kept.listed = Some(listed);
        kept.seen.retain(|name, _| shown.iter().any(|service| service.name == *name));
        let mut evidences = self.shown.borrow().evidences.clone();
        // Those that have waited longest come first; those that nobody has seen yet before all.
        let mut due: Vec<(&Service, Option<Instant>)> = shown
            .iter()
            .map(|service| (service, kept.seen.get(&service.name)))
            .filter(|(_, seen)| seen.is_none_or(is_due))
            .map(|(service, seen)| (service, seen.map(|(at, _)| *at)))
            .collect();
        due.sort_by_key(|(_, at)| *at);
        let unseen = due.iter().filter(|(_, at)| at.is_none()).count();
        let due: Vec<Service> =
            due.into_iter().take(MOST_LOOKS.max(unseen)).map(|(service, _)| service.clone()).collect();
        for service in due {
            let one = Arc::new(self.look(&service).await?);
            if let Some(holder) = &one.holder {
                evidences.add(holder, self.session.now());
            }
            kept.seen.insert(service.name.clone(), (Instant::now(), one));
        }
        let services: Vec<Arc<One>> = shown
            .iter()
            .filter_map(|service| kept.seen.get(&service.name))
            .map(|(_, one)| one.clone())
            .collect();
        evidences.keep(services.iter().filter_map(|one| one.holder.as_ref()));
        let (stack, at) = (self.session.stack.name.clone(), self.session.now());
        let frozen = self.session.freeze().await?;
        Ok(Picture { stack, frozen, at, services, left_out, evidences, trouble: None })
    }

    async fn look(&self, service: &Service) -> Result<One, Failure> {
        let seen = look::look(&self.session, service).await?;
        let Seen { holder, recent, .. } = &seen;
        let (holder, recent) = (holder.clone(), recent.clone());
        Ok(One { status: look::told(&self.session, service, seen).await, holder, recent })
    }
}

fn is_due((at, one): &(Instant, Arc<One>)) -> bool {
    let again = if one.holder.is_some() { MOVING_AGAIN } else { RESTING_AGAIN };
    // A round takes a moment itself.
    at.elapsed() + MOVING_AGAIN / 2 >= again
}
