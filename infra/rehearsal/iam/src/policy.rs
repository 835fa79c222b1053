//! A policy: statements that allow and deny.

use crate::condition::Condition;
use crate::context::Context;
use crate::glob::{matches_any_case, matches_arn};
use crate::principal::{Principal, Principals};

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A role: what it may do.
    Identity,
    /// A resource: who may do what with it.
    Resource,
    /// A role: who may take it on.
    Trust,
}

/// A policy document that has been read without mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) name: String,
    pub(crate) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Its `Sid`, or its place in the policy.
    pub(crate) id: String,
    pub(crate) denies: bool,
    pub(crate) principals: Option<Principals>,
    pub(crate) actions: Selection,
    pub(crate) resources: Selection,
    pub(crate) conditions: Vec<Condition>,
}

/// What patterns cover, or everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// `NotAction` and `NotResource`.
    pub(crate) except: bool,
    pub(crate) patterns: Vec<String>,
}

impl Selection {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self { except: false, patterns: vec!["*".to_owned()] }
    }

    /// The pattern by which something is selected; of an exception, all of them as one.
    fn find(&self, covers: impl Fn(&str) -> bool) -> Option<String> {
        let found = self.patterns.iter().find(|pattern| covers(pattern));
        if self.except { found.is_none().then(|| self.exception()) } else { found.cloned() }
    }

    /// The patterns as they are told apart when grants are counted.
    pub(crate) fn told(&self) -> Vec<String> {
        if self.except { vec![self.exception()] } else { self.patterns.clone() }
    }

    fn exception(&self) -> String {
        format!("all but {}", self.patterns.join(", "))
    }
}

impl Statement {
    /// The patterns of action and resource by which this statement speaks of a request, if it does.
    pub(crate) fn speaks_of(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
        principal: Option<&Principal>,
    ) -> Option<(String, String)> {
        if self.principals.as_ref().is_some_and(|principals| !principals.have(principal)) {
            return None;
        }
        let action = self.actions.find(|pattern| matches_any_case(pattern, action))?;
        let resource = self.resources.find(|pattern| matches_arn(pattern, resource))?;
        self.conditions.iter().all(|condition| condition.holds(context)).then_some((action, resource))
    }

    /// Whether it could speak of this action if only the conditions held.
    pub(crate) fn is_about(&self, action: &str) -> bool {
        self.actions.find(|pattern| matches_any_case(pattern, action)).is_some()
    }

    /// Whether it asks for tags that a resource has.
    pub(crate) fn asks_for_resource_tags(&self) -> bool {
        self.conditions.iter().any(|condition| condition.key().to_ascii_lowercase().contains(":resourcetag/"))
    }
}

impl Policy {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes a pattern of actions out of a statement's grant; false if there is none.
    pub(crate) fn take_action(&mut self, statement: Option<&str>, action: &str) -> bool {
        self.take(statement, action, |statement| &mut statement.actions)
    }

    /// Takes a pattern of resources out of a statement's grant; false if there is none.
    pub(crate) fn take_resource(&mut self, statement: Option<&str>, resource: &str) -> bool {
        self.take(statement, resource, |statement| &mut statement.resources)
    }

    fn take(
        &mut self,
        id: Option<&str>,
        pattern: &str,
        part: impl Fn(&mut Statement) -> &mut Selection,
    ) -> bool {
        let mut taken = false;
        self.statements.retain_mut(|statement| {
            if statement.denies || id.is_some_and(|id| id != statement.id) {
                return true;
            }
            let selection = part(statement);
            if selection.told().iter().any(|told| told == pattern) {
                taken = true;
                selection.patterns.retain(|one| one != pattern);
                // An exception is one grant; and without patterns nothing is left of the statement.
                return !selection.except && !selection.patterns.is_empty();
            }
            true
        });
        taken
    }
}
