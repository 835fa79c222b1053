//! Which environments a function has: idle ones are used again, new ones are started up to a bound.

use crate::environment::Environment;
use crate::function::Function;
use std::sync::Arc;

/// One deployed function and its environments.
pub(crate) struct Pool {
    pub(crate) function: Arc<Function>,
    idle: Vec<Environment>,
    busy: usize,
    bound: usize,
}

/// A place to run an invocation.
pub(crate) enum Place {
    /// An environment that has served before.
    Warm(Box<Environment>),
    /// None is idle: start one.
    Cold,
    /// All that may exist are busy.
    None,
}

impl Pool {
    pub(crate) fn new(function: Function, bound: usize) -> Self {
        Self { function: Arc::new(function), idle: Vec::new(), busy: 0, bound }
    }

    /// Takes a place; give it back with [`Pool::put`], or [`Pool::lost`] if its environment is gone.
    pub(crate) fn take(&mut self) -> Place {
        // The one used last is the warmest.
        while let Some(mut environment) = self.idle.pop() {
            if environment.alive() {
                self.busy += 1;
                return Place::Warm(Box::new(environment));
            }
        }
        if self.busy >= self.bound {
            return Place::None;
        }
        self.busy += 1;
        Place::Cold
    }

    /// Gives an environment back that can serve again.
    pub(crate) fn put(&mut self, environment: Environment) {
        self.lost();
        self.idle.push(environment);
    }

    /// Gives a place back whose environment is gone.
    pub(crate) fn lost(&mut self) {
        self.busy = self.busy.saturating_sub(1);
    }

    /// Takes the idle environments out, to end them.
    pub(crate) fn drain(&mut self) -> Vec<Environment> {
        std::mem::take(&mut self.idle)
    }
}
