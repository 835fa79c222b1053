//! How the evidence against a version grew while somebody watched. Pure.

use changeover_domain::Timestamp;
use changeover_domain::name::DeploymentId;
use changeover_domain::record::Deployment;
use changeover_domain::verdict::{SoFar, so_far};
use std::collections::BTreeMap;

/// Most points that are kept of one deployment; then every second one goes.
const MOST_POINTS: usize = 240;

/// Of each deployment on the way: when, and how much of what takes it back was there, between 0 and 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidences(BTreeMap<DeploymentId, Vec<(Timestamp, f64)>>);

/// What is known of a deployment's new tasks by their requests.
pub fn known(record: &Deployment) -> Vec<SoFar> {
    let Some(plan) = &record.plan else { return Vec::new() };
    so_far(&record.progress.watching.proof, &plan.settings.judging.tolerated())
}

impl Evidences {
    /// Adds what is known now.
    pub fn add(&mut self, record: &Deployment, now: Timestamp) {
        let most = known(record).iter().map(|one| one.evidence).reduce(f64::max);
        let Some(most) = most else { return };
        let points = self.0.entry(record.id.clone()).or_default();
        // A flat line needs only its ends.
        let flat = |(_, level): &(Timestamp, f64)| level.to_bits() == most.to_bits();
        if points.len() >= 2 && points.iter().rev().take(2).all(flat) {
            points.pop();
        }
        points.push((now, most));
        if points.len() > MOST_POINTS {
            let mut keep = false;
            points.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }

    /// Forgets all deployments but these.
    pub fn keep<'a>(&mut self, records: impl Iterator<Item = &'a Deployment>) {
        let ids: Vec<&DeploymentId> = records.map(|record| &record.id).collect();
        self.0.retain(|id, _| ids.contains(&id));
    }

    /// The points of a deployment.
    pub fn of(&self, id: &DeploymentId) -> &[(Timestamp, f64)] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }
}
