//! What is wrong between policies and the requests on record: every finding is a line that names the grant.

use crate::policies;
use rehearsal_cloud::template::Stack;
use rehearsal_cloud::{Decision, Grant, Judge, Used};
use std::collections::{BTreeMap, BTreeSet};

/// What is taken away: of a statement an action, or a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Of this grant the action, for every resource.
    Action(Grant),
    /// Of this grant the resource, for every action.
    Resource(Grant),
}

impl Part {
    /// Whether a request was let through by what this is part of.
    #[must_use]
    pub fn lets(&self, used: &Used) -> bool {
        let statement = |grant: &Grant| (grant.holder.clone(), grant.policy.clone(), grant.statement.clone());
        let same = |grant| statement(grant) == statement(&used.grant);
        match self {
            Self::Action(grant) => same(grant) && grant.action == used.grant.action,
            Self::Resource(grant) => same(grant) && grant.resource == used.grant.resource,
        }
    }

    fn withdraw(&self, judge: &Judge) -> bool {
        match self {
            Self::Action(grant) => judge.withdraw_action(grant),
            Self::Resource(grant) => judge.withdraw_resource(grant),
        }
    }

    fn told(&self) -> String {
        let (grant, part) = match self {
            Self::Action(grant) => (grant, &grant.action),
            Self::Resource(grant) => (grant, &grant.resource),
        };
        format!("{} {}: {part}", grant.holder, grant.statement)
    }
}

/// Every action and every resource of every statement, once.
#[must_use]
pub fn parts(grants: &BTreeSet<Grant>) -> Vec<Part> {
    let mut parts = BTreeMap::new();
    for grant in grants {
        for part in [Part::Action(grant.clone()), Part::Resource(grant.clone())] {
            // Two policies may have statements of the same name, and an action may be told like a resource: `*`.
            let is_action = matches!(part, Part::Action(_));
            parts.entry((grant.policy.clone(), part.told(), is_action)).or_insert(part);
        }
    }
    parts.into_values().collect()
}

/// The requests that are refused once this has been taken away.
///
/// # Errors
/// If a policy has mistakes, or nothing grants what is to be taken away.
pub fn refused_without<'a>(stack: &Stack, part: &Part, record: &'a [Used]) -> anyhow::Result<Vec<&'a Used>> {
    let judge = policies::judge(stack)?;
    anyhow::ensure!(part.withdraw(&judge), "nothing grants {}", part.told());
    Ok(record.iter().filter(|used| !is_allowed(&judge, used)).collect())
}

/// Whether a request on record is allowed.
#[must_use]
pub fn is_allowed(judge: &Judge, used: &Used) -> bool {
    matches!(judge.decide_again(used), Decision::Allowed(_))
}

/// What is granted, and can be taken away without any request on record being refused.
///
/// # Errors
/// If a policy has mistakes.
pub fn needless(stack: &Stack, record: &[Used]) -> anyhow::Result<Vec<String>> {
    let mut needless = Vec::new();
    // What is refused anyhow would hide what makes no difference.
    let allowed: Vec<Used> = {
        let judge = policies::judge(stack)?;
        record.iter().filter(|used| is_allowed(&judge, used)).cloned().collect()
    };
    for part in parts(&policies::judge(stack)?.grants()) {
        if refused_without(stack, &part, &allowed)?.is_empty() {
            needless.push(part.told());
        }
    }
    Ok(needless)
}

/// What is asked for, and not granted.
///
/// # Errors
/// If a policy has mistakes.
pub fn missing(stack: &Stack, record: &[Used]) -> anyhow::Result<Vec<String>> {
    let judge = policies::judge(stack)?;
    let refused = record.iter().filter(|used| !is_allowed(&judge, used));
    Ok(refused.map(|used| format!("{}: {}", used.grant.holder, used.need.action)).collect())
}

/// What is granted wider than it needs to be: actions by a pattern, and any resource where the request names one.
///
/// # Errors
/// If a policy has mistakes.
pub fn wide(stack: &Stack, record: &[Used]) -> anyhow::Result<Vec<String>> {
    let judge = policies::judge(stack)?;
    let mut wide = BTreeSet::new();
    for grant in judge.grants() {
        if grant.action.contains(['*', '?', ' ']) {
            wide.insert(format!("{} {}: {}", grant.holder, grant.statement, grant.action));
        }
    }
    for used in record {
        if let Decision::Allowed(grant) = judge.decide_again(used)
            && grant.resource == "*"
            && used.need.resource != "*"
        {
            wide.insert(format!("{} {}: {} on *", grant.holder, grant.statement, used.need.action));
        }
    }
    Ok(wide.into_iter().collect())
}

/// Grants, a line each.
pub fn told<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Vec<String> {
    let line = |grant: &Grant| {
        format!("{} {}: {} on {}", grant.holder, grant.statement, grant.action, grant.resource)
    };
    grants.into_iter().map(line).collect()
}

/// The grants that were never used.
///
/// Actions and resources are granted each for each; a pair that makes no sense, such as to modify a rule on a
/// listener, is no grant too many as long as each of the two is used with another.
#[must_use]
pub fn unused(grants: &BTreeSet<Grant>, used: &[Used]) -> Vec<String> {
    let is_used = |part: Part| used.iter().any(|used| part.lets(used));
    told(grants.iter().filter(|grant| {
        !(is_used(Part::Action((*grant).clone())) && is_used(Part::Resource((*grant).clone())))
    }))
}
