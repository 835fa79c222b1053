//! A target's life in its group: registered, checked, draining, gone.
//!
//! Every function here is called with the state locked and starts what happens later by itself.

use crate::api::refuse;
use crate::elb::Inner;
use crate::health::{Health, watch::watch};
use crate::metrics;
use crate::plane::Node;
use crate::spread::Standing;
use crate::state::{Group, Registered, State};
use crate::target::Target;
use rehearsal_wire::ApiError;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Targets that one group may have.
const TARGETS: usize = 1_000;

/// What a cut request gets to answer with a 502 or to end its body, before its client's connection goes.
const CUT_GRACE: Duration = Duration::from_millis(500);

impl Inner {
    /// Registers a target, or takes it back if it is draining.
    pub(crate) fn register(
        self: &Arc<Self>,
        state: &mut State,
        group_arn: &str,
        id: &str,
        port: Option<u16>,
    ) -> Result<(), ApiError> {
        let group = state.groups.get_mut(group_arn).ok_or_else(|| refuse::group_not_found(group_arn))?;
        let address = SocketAddr::new(loopback(group, id)?, port.unwrap_or(group.port));
        let key = (id.to_owned(), address.port());
        if !group.targets.contains_key(&key) {
            if group.targets.len() >= TARGETS {
                return Err(ApiError::new(
                    "TooManyTargets",
                    format!("A target group can have {TARGETS} targets"),
                ));
            }
            let target = Target::new(Arc::clone(&group.runtime), id, address, self.nodes.len());
            let registered = Registered {
                target: Arc::new(target),
                found: vec![Health::Unused; self.nodes.len()],
                checks: None,
                drain: None,
            };
            group.targets.insert(key.clone(), registered);
        } else if group.targets[&key].health() != Health::Draining {
            return Ok(());
        }
        if let Some(registered) = group.targets.get_mut(&key) {
            if let Some(drain) = registered.drain.take() {
                drain.cancel();
            }
            registered.set_health(Health::Unused);
            if group.in_use {
                self.start_checks(registered);
            }
        }
        self.tick();
        Ok(())
    }

    /// Begins to drain a target; one that nobody uses is gone at once.
    pub(crate) fn deregister(
        self: &Arc<Self>,
        state: &mut State,
        group_arn: &str,
        id: &str,
        port: Option<u16>,
    ) -> Result<(), ApiError> {
        let group = state.groups.get_mut(group_arn).ok_or_else(|| refuse::group_not_found(group_arn))?;
        let delay = group.deregistration_delay();
        let key = (id.to_owned(), port.unwrap_or(group.port));
        let in_use = group.in_use;
        let Some(registered) = group.targets.get_mut(&key) else {
            return Ok(());
        };
        if registered.health() == Health::Draining {
            return Ok(());
        }
        if let Some(checks) = registered.checks.take() {
            checks.cancel();
        }
        registered.set_health(Health::Draining);
        let target = Arc::clone(&registered.target);
        let called_off = self.stop.child_token();
        registered.drain = Some(called_off.clone());
        self.spread_target(&target, Standing::Out, self.config.draining_lag);
        count_hosts(group);
        if !in_use || delay.is_zero() {
            self.remove(group, &target);
            return Ok(());
        }
        let inner = Arc::clone(self);
        self.spawn(async move {
            tokio::select! {
                biased;
                () = called_off.cancelled() => {}
                () = tokio::time::sleep(delay) => {
                    let mut state = inner.state.lock();
                    // Looked at again under the lock: it may have been registered anew just now.
                    if !called_off.is_cancelled() && let Some(group) = state.groups.get_mut(&target.group.arn) {
                        inner.remove(group, &target);
                    }
                }
            }
        });
        Ok(())
    }

    /// Ends a target's registration and cuts what is still in flight on it.
    fn remove(self: &Arc<Self>, group: &mut Group, target: &Arc<Target>) {
        group.targets.remove(&(target.id.clone(), target.port));
        self.cut(target);
        self.tick();
    }

    fn cut(self: &Arc<Self>, target: &Arc<Target>) {
        target.cut.cancel();
        let (stop, target) = (self.stop.clone(), Arc::clone(target));
        self.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = tokio::time::sleep(CUT_GRACE) => target.close_clients(),
            }
        });
    }

    /// Ends all registrations of a group that is being deleted.
    pub(crate) fn clear(self: &Arc<Self>, group: &mut Group) {
        for (_, registered) in std::mem::take(&mut group.targets) {
            for token in [registered.checks, registered.drain].into_iter().flatten() {
                token.cancel();
            }
            self.spread_target(&registered.target, Standing::Out, self.config.draining_lag);
            self.cut(&registered.target);
        }
    }

    /// Starts or stops the checks of groups that rules have begun or ceased to refer to.
    pub(crate) fn refresh_usage(self: &Arc<Self>, state: &mut State) {
        let rules = &state.rules;
        for (arn, group) in &mut state.groups {
            let in_use = rules.values().any(|rule| rule.uses(arn));
            if in_use == group.in_use {
                continue;
            }
            group.in_use = in_use;
            for registered in group.targets.values_mut().filter(|target| target.health() != Health::Draining)
            {
                if in_use {
                    self.start_checks(registered);
                } else {
                    self.stop_checks(registered);
                }
            }
            count_hosts(group);
        }
    }

    fn start_checks(self: &Arc<Self>, registered: &mut Registered) {
        let stop = self.stop.child_token();
        registered.set_health(Health::Registering);
        registered.checks = Some(stop.clone());
        // Each node for itself; until it has judged a target it sends it nothing.
        for node in &self.nodes {
            self.spawn(watch(
                Arc::clone(self),
                Arc::clone(node),
                Arc::clone(&registered.target),
                stop.clone(),
            ));
        }
    }

    fn stop_checks(self: &Arc<Self>, registered: &mut Registered) {
        if let Some(checks) = registered.checks.take() {
            checks.cancel();
        }
        registered.set_health(Health::Unused);
        self.spread_target(&registered.target, Standing::Out, self.config.target_lag);
    }

    /// Changes a target's health as one node has found it; the node acts on it at once.
    pub(crate) fn turn(
        self: &Arc<Self>,
        node: &Node,
        target: &Arc<Target>,
        change: impl FnOnce(Health) -> Health,
    ) {
        let mut state = self.state.lock();
        let Some(group) = state.groups.get_mut(&target.group.arn) else {
            return;
        };
        let Some(registered) = group.targets.get_mut(&(target.id.clone(), target.port)) else {
            return;
        };
        let before = registered.found[node.index];
        if !Arc::ptr_eq(&registered.target, target) || matches!(before, Health::Draining | Health::Unused) {
            return;
        }
        let told = registered.health().describe();
        let after = change(before);
        registered.found[node.index] = after;
        let standing = after.standing();
        if before.standing() != standing
            && let Some(standing) = standing
        {
            let version = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
            node.apply_target(target, version, standing);
            self.tick();
        }
        if told != registered.health().describe() {
            count_hosts(group);
            self.tick();
        }
    }
}

/// Notes how many of a group's targets are healthy and unhealthy from now on.
fn count_hosts(group: &Group) {
    let healthy = group.targets.values().filter(|target| target.health().is_healthy()).count();
    let unhealthy =
        group.targets.values().filter(|target| matches!(target.health(), Health::Unhealthy { .. })).count();
    group.runtime.metrics.lock().hosts(metrics::now(), healthy, unhealthy);
}

/// The address behind a target's id: everything here lives on loopback.
pub(crate) fn loopback(group: &Group, id: &str) -> Result<IpAddr, ApiError> {
    if group.target_type != "ip" {
        return Err(ApiError::new("InvalidTarget", format!("The following targets do not exist: '{id}'")));
    }
    let address: IpAddr = id
        .parse()
        .map_err(|_| refuse::validation(format!("The IP address '{id}' is not a valid IPv4 address")))?;
    if address.is_loopback() {
        return Ok(address);
    }
    Err(ApiError::new("InvalidTarget", format!("The IP address '{id}' is not within the loopback network")))
}
