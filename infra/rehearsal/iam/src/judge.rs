//! The judge: whose policies say what, and a record of what they allowed and refused.

use crate::evaluate::{Said, evaluate};
use crate::need::Need;
use crate::policy::Policy;
use crate::principal::Principal;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Refusals kept; later ones are only answered.
const MAX_DENIED: usize = 1_000;

/// One pattern of actions on one pattern of resources that a statement allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// Whose policy it is: a role, or a resource, by its name in the template.
    pub holder: String,
    /// The policy's name.
    pub policy: String,
    /// The statement's `Sid`, or its place, such as `#2`.
    pub statement: String,
    /// The pattern of actions.
    pub action: String,
    /// The pattern of resources.
    pub resource: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed, by this grant.
    Allowed(Grant),
    /// No policy allows it.
    NoneAllows,
    /// A policy denies it.
    ExplicitDeny,
}

/// A grant and the first request that it let through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// What was granted.
    pub grant: Grant,
    /// What was asked for.
    pub need: Need,
    /// Who asked, where a resource's own policy was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
}

/// A request that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Whose policies refused it.
    pub holder: String,
    /// What was asked for.
    pub need: Need,
}

/// Knows the policies of roles and resources.
#[derive(Debug, Default)]
pub struct Judge {
    /// By ARN.
    holders: Mutex<BTreeMap<String, Holder>>,
    used: Mutex<BTreeMap<Grant, (Need, Option<Principal>)>>,
    denied: Mutex<Vec<Denied>>,
}

#[derive(Debug)]
struct Holder {
    name: String,
    policies: Vec<Policy>,
}

impl Judge {
    /// Gives the role or resource of this ARN more policies. The name is the one in the template.
    pub fn add(&self, arn: &str, name: &str, policies: Vec<Policy>) {
        let mut holders = self.holders.lock();
        let holder = holders.entry(arn.to_owned());
        let holder = holder.or_insert_with(|| Holder { name: name.to_owned(), policies: Vec::new() });
        holder.policies.extend(policies);
    }

    /// Whether the policies of a role allow it what it needs.
    pub fn decide(&self, role_arn: &str, need: &Need) -> Decision {
        self.judge(role_arn, need, None)
    }

    /// Whether the policies of the resource allow a principal what it needs of it.
    pub fn decide_for(&self, resource_arn: &str, principal: &Principal, need: &Need) -> Decision {
        self.judge(resource_arn, need, Some(principal))
    }

    fn judge(&self, arn: &str, need: &Need, principal: Option<&Principal>) -> Decision {
        let (name, said) = match self.holders.lock().get(arn) {
            Some(holder) => (holder.name.clone(), evaluate(&holder.policies, need, principal)),
            None => (arn.to_owned(), Said::NoneAllows),
        };
        match said {
            Said::Allowed { policy, statement, action, resource } => {
                let grant = Grant { holder: name, policy, statement, action, resource };
                let mut used = self.used.lock();
                used.entry(grant.clone()).or_insert_with(|| (need.clone(), principal.cloned()));
                Decision::Allowed(grant)
            }
            refused => {
                let mut denied = self.denied.lock();
                if denied.len() < MAX_DENIED {
                    denied.push(Denied { holder: name, need: need.clone() });
                }
                if refused == Said::Denied { Decision::ExplicitDeny } else { Decision::NoneAllows }
            }
        }
    }

    /// The same for a role, without a record of it.
    pub fn would_allow(&self, role_arn: &str, need: &Need) -> bool {
        let holders = self.holders.lock();
        let said = holders.get(role_arn).map(|holder| evaluate(&holder.policies, need, None));
        matches!(said, Some(Said::Allowed { .. }))
    }

    /// Whether it has policies of this role or resource.
    pub fn knows(&self, arn: &str) -> bool {
        self.holders.lock().contains_key(arn)
    }

    /// Whether what the role's policies say of this action depends on the resource's tags.
    pub fn asks_for_resource_tags(&self, role_arn: &str, action: &str) -> bool {
        let holders = self.holders.lock();
        let policies = holders.get(role_arn).into_iter().flat_map(|holder| &holder.policies);
        policies
            .flat_map(|policy| &policy.statements)
            .any(|statement| statement.is_about(action) && statement.asks_for_resource_tags())
    }

    /// Judges a request that is on record once more, by the policies as they are now.
    pub fn decide_again(&self, used: &Used) -> Decision {
        let named =
            |(arn, holder): (&String, &Holder)| (holder.name == used.grant.holder).then(|| arn.clone());
        let arn = self.holders.lock().iter().find_map(named);
        self.judge(arn.as_deref().unwrap_or_default(), &used.need, used.principal.as_ref())
    }

    /// Everything that is granted.
    #[must_use]
    pub fn grants(&self) -> BTreeSet<Grant> {
        let mut grants = BTreeSet::new();
        for holder in self.holders.lock().values() {
            for policy in &holder.policies {
                for statement in policy.statements.iter().filter(|statement| !statement.denies) {
                    for action in statement.actions.told() {
                        grants.extend(statement.resources.told().into_iter().map(|resource| Grant {
                            holder: holder.name.clone(),
                            policy: policy.name.clone(),
                            statement: statement.id.clone(),
                            action: action.clone(),
                            resource,
                        }));
                    }
                }
            }
        }
        grants
    }

    /// The grants that let requests through so far, each with the first one.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        let used = self.used.lock();
        used.iter()
            .map(|(grant, (need, principal))| Used {
                grant: grant.clone(),
                need: need.clone(),
                principal: principal.clone(),
            })
            .collect()
    }

    /// The requests that were refused so far, up to a bound.
    #[must_use]
    pub fn denied(&self) -> Vec<Denied> {
        self.denied.lock().clone()
    }

    /// Takes an action away from a role or resource, named as in the template, wherever a statement of it grants
    /// exactly that pattern; false if none does. Like an edit in the console: what was made of the template is changed.
    pub fn withdraw(&self, name: &str, action: &str) -> bool {
        self.change(name, |policy| policy.take_action(None, action))
    }

    /// Takes the action of a grant out of its statement, for all of the statement's resources.
    pub fn withdraw_action(&self, grant: &Grant) -> bool {
        self.change_one(grant, |policy| policy.take_action(Some(&grant.statement), &grant.action))
    }

    /// Takes the resource of a grant out of its statement, for all of the statement's actions.
    pub fn withdraw_resource(&self, grant: &Grant) -> bool {
        self.change_one(grant, |policy| policy.take_resource(Some(&grant.statement), &grant.resource))
    }

    fn change_one(&self, grant: &Grant, mut change: impl FnMut(&mut Policy) -> bool) -> bool {
        self.change(&grant.holder, |policy| policy.name == grant.policy && change(policy))
    }

    fn change(&self, name: &str, mut change: impl FnMut(&mut Policy) -> bool) -> bool {
        let mut holders = self.holders.lock();
        let named = holders.values_mut().filter(|holder| holder.name == name);
        let policies = named.flat_map(|holder| &mut holder.policies);
        // Every policy is changed, not only the first.
        policies.map(&mut change).filter(|changed| *changed).count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Purpose;
    use serde_json::json;

    const ROLE: &str = "arn:aws:iam::123456789012:role/swap";
    const RULE: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/1/2/3";

    fn judge() -> Judge {
        let document = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "ShiftWeights", "Effect": "Allow",
            "Action": ["elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyListener"],
            "Resource": [
                "arn:aws:elasticloadbalancing:*:*:listener-rule/app/*",
                "arn:aws:elasticloadbalancing:*:*:listener/app/*",
            ],
        }]});
        let judge = Judge::default();
        judge.add(
            ROLE,
            "SwapRole",
            vec![Policy::read("swap", &document, Purpose::Identity).expect("no mistakes")],
        );
        judge
    }

    #[test]
    fn what_was_used_is_known_and_what_was_not() {
        let judge = judge();
        assert_eq!(judge.grants().len(), 4);
        let need = Need::new("elasticloadbalancing:ModifyRule", RULE);
        let Decision::Allowed(grant) = judge.decide(ROLE, &need) else { panic!("it is granted") };
        assert!(grant.resource.ends_with("listener-rule/app/*"));
        judge.decide(ROLE, &need);
        let used = Used { grant: grant.clone(), need, principal: None };
        assert_eq!(judge.used(), std::slice::from_ref(&used));
        assert!(judge.grants().contains(&grant));
        assert_eq!(judge.decide_again(&used), Decision::Allowed(grant));
    }

    #[test]
    fn what_is_withdrawn_is_refused_and_told() {
        let judge = judge();
        let need = Need::new("elasticloadbalancing:ModifyRule", RULE);
        assert!(!judge.withdraw("SwapRole", "ecs:UpdateService"));
        assert!(judge.withdraw("SwapRole", "elasticloadbalancing:ModifyRule"));
        assert_eq!(judge.decide(ROLE, &need), Decision::NoneAllows);
        assert_eq!(judge.denied(), [Denied { holder: "SwapRole".to_owned(), need }]);
        assert_eq!(judge.grants().len(), 2);
        let last = judge.grants().pop_first().expect("two are left");
        assert!(!judge.withdraw_action(&Grant { policy: "another".to_owned(), ..last.clone() }));
        assert!(judge.withdraw_action(&last));
        assert!(judge.grants().is_empty(), "nothing is left of the statement");
    }

    #[test]
    fn resources_are_withdrawn_one_by_one() {
        let judge = judge();
        let need = Need::new("elasticloadbalancing:ModifyRule", RULE);
        let Decision::Allowed(grant) = judge.decide(ROLE, &need) else { panic!("it is granted") };
        assert!(judge.withdraw_resource(&grant));
        assert_eq!(judge.decide(ROLE, &need), Decision::NoneAllows);
    }

    #[test]
    fn a_role_that_is_not_known_may_nothing() {
        assert_eq!(judge().decide("arn:x", &Need::new("ecs:ListTasks", "*")), Decision::NoneAllows);
    }
}
