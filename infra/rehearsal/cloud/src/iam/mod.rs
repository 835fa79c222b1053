//! The template's policies, enforced: what each role may do, and who may do what with each resource.
//!
//! Owns: whose policies count for whom, and when AWS's services act in a role's name. Never: what a policy means, and
//! what a call needs; that is `rehearsal-iam`'s.

mod guard;
mod managed;
mod read;

pub(crate) use guard::Guard;

use crate::account::Account;
use crate::events::Delivery;
use crate::template::{Function, Stack};
use rehearsal_iam::{Decision, Denied, Grant, Judge, Need, Place, Principal, Used, words};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whoever brings events to targets that have a policy of their own.
const EVENTS: &str = "events.amazonaws.com";

/// Who state machines and schedules are in the words of a refusal: AWS makes names up.
const SESSION: &str = "rehearsal";

/// What the Lambda service does in the name of a function's role, about its log group.
const LOG_ACTIONS: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

/// What the Lambda service does in the name of a role whose function is traced.
const TRACE_ACTIONS: [&str; 2] = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];

/// What Step Functions does besides in the name of a role whose state machine is traced.
const SAMPLE_ACTIONS: [&str; 2] = ["xray:GetSamplingRules", "xray:GetSamplingTargets"];

/// The policies of a stack.
#[derive(Debug, Default)]
pub struct Iam {
    judge: Judge,
    account: Account,
    enforces: bool,
}

impl Iam {
    /// Reads the policies of a stack for whoever wants to judge by them without a cloud.
    ///
    /// # Errors
    /// If a policy has mistakes, or the rehearsal does not know a managed one.
    pub fn judge_of(stack: &Stack, account: &Account) -> anyhow::Result<Judge> {
        read::judge(stack, account)
    }

    /// Reads the policies of a stack. If they are not to count, everyone may everything.
    pub(crate) fn of(stack: &Stack, account: &Account, enforces: bool) -> anyhow::Result<Self> {
        let judge = read::judge(stack, account)?;
        if enforces {
            read::check_trust(stack, account)?;
        }
        Ok(Self { judge, account: account.clone(), enforces })
    }

    /// Everything that the template grants.
    #[must_use]
    pub fn grants(&self) -> BTreeSet<Grant> {
        self.judge.grants()
    }

    /// The requests that were refused so far, up to a bound.
    #[must_use]
    pub fn denied(&self) -> Vec<Denied> {
        self.judge.denied()
    }

    /// Takes an action away from a role or resource of the template, as an edit in the console would; false if nothing
    /// grants exactly that.
    pub fn withdraw(&self, logical_id: &str, action: &str) -> bool {
        self.judge.withdraw(logical_id, action)
    }

    pub(crate) fn used(&self) -> Vec<Used> {
        self.judge.used()
    }

    /// Whether a state machine's role may invoke a function. A role that is not of the template is not judged.
    pub(crate) fn may_invoke(&self, role_arn: &str, function: &str) -> Result<(), String> {
        if !self.judge.knows(role_arn) {
            return Ok(());
        }
        let need = Need::new("lambda:InvokeFunction", self.function_arn(function));
        self.role_may(role_arn, SESSION, &need).map_err(|message| {
            let request = rehearsal_world::uuid();
            format!("{message} (Service: Lambda, Status Code: 403, Request ID: {request})")
        })
    }

    /// Whether an event or a tick may be brought to its target: by the role it comes with, or else by the policy that
    /// the target itself has.
    pub(crate) fn may_deliver(&self, delivery: &Delivery) -> Result<(), String> {
        let target = delivery.target_arn.as_str();
        let action = match target.split(':').nth(2) {
            Some("lambda") => "lambda:InvokeFunction",
            Some("states") => "states:StartExecution",
            Some("sqs") => "sqs:SendMessage",
            Some("sns") => "sns:Publish",
            // It cannot be a target, which is told by whoever would hand over.
            _ => return Ok(()),
        };
        let need = Need::new(action, target);
        match &delivery.role {
            Some(role) => self.role_may(role, SESSION, &need),
            None => {
                let need = need
                    .with("aws:SourceArn", &delivery.origin_arn)
                    .with("aws:SourceAccount", &self.account.id);
                let principal = Principal::Service(EVENTS.to_owned());
                let allowed = !self.enforces
                    || matches!(self.judge.decide_for(target, &principal, &need), Decision::Allowed(_));
                let message = || {
                    format!(
                        "{EVENTS} is not authorized to perform: {action} on resource: {target} because no \
                         resource-based policy allows the {action} action"
                    )
                };
                allowed.then_some(()).ok_or_else(message)
            }
        }
    }

    /// Whether a role may; the error is what AWS says.
    fn role_may(&self, role_arn: &str, session: &str, need: &Need) -> Result<(), String> {
        if !self.enforces {
            return Ok(());
        }
        match self.judge.decide(role_arn, need) {
            Decision::Allowed(_) => Ok(()),
            refused => Err(words(&self.user(role_arn, session), need, &refused)),
        }
    }

    /// The ARN of somebody who has taken on a role.
    fn user(&self, role_arn: &str, session: &str) -> String {
        let role = role_arn.rsplit('/').next().unwrap_or(role_arn);
        self.account.global_arn("sts", &format!("assumed-role/{role}/{session}"))
    }

    fn place(&self) -> Place<'_> {
        Place { account: &self.account.id, region: &self.account.region }
    }

    fn function_arn(&self, function: &str) -> String {
        match function.strip_prefix("arn:") {
            Some(_) => function.to_owned(),
            None => self.account.arn("lambda", &format!("function:{function}")),
        }
    }

    /// Whether the Lambda service may send to a queue in the name of a function's role.
    pub(crate) fn may_bury(&self, function: &Function, queue: &str) -> Result<(), String> {
        self.role_may(&function.role_arn, &function.name, &Need::new("sqs:SendMessage", queue))
    }

    /// Whether the Lambda service may keep what a function prints.
    pub(crate) fn may_write_logs(&self, function: &Function) -> bool {
        let needs = self.log_needs(function);
        !self.enforces || needs.iter().all(|need| self.judge.would_allow(&function.role_arn, need))
    }

    fn log_needs(&self, function: &Function) -> [Need; 2] {
        // The stream's name is of no matter: policies are about groups.
        let stream = format!("log-group:{}:log-stream:any", function.log_group);
        LOG_ACTIONS.map(|action| Need::new(action, self.account.arn("logs", &stream)))
    }

    /// Puts on record what AWS's services do in the name of the roles that have been at work: they keep a function's
    /// log lines and the traces of functions and state machines. Nobody sees these calls, and where one of them is
    /// refused nothing fails in AWS either, so nothing else would show that they are needed.
    pub(crate) fn note_services(&self, stack: &Stack, worked: impl Fn(&str) -> bool) {
        if !self.enforces {
            return;
        }
        let note = |role: &str, needs: &[Need]| {
            for need in needs {
                self.judge.decide(role, need);
            }
        };
        let everything = |actions: &[&str]| -> Vec<Need> {
            actions.iter().map(|action| Need::new(*action, "*")).collect()
        };
        for function in stack.functions.iter().filter(|function| worked(&function.name)) {
            note(&function.role_arn, &self.log_needs(function));
            if function.properties.get("Tracing").and_then(Value::as_str) == Some("Active") {
                note(&function.role_arn, &everything(&TRACE_ACTIONS));
            }
        }
        let has_run = |role: &str| {
            let name = stack.role(role).map(|role| role.logical_id.as_str());
            self.judge.used().iter().any(|used| Some(used.grant.holder.as_str()) == name)
        };
        for machine in stack.state_machines.iter().filter(|machine| has_run(&machine.role_arn)) {
            if machine.properties.pointer("/Tracing/Enabled") == Some(&Value::Bool(true)) {
                note(&machine.role_arn, &everything(&TRACE_ACTIONS));
                note(&machine.role_arn, &everything(&SAMPLE_ACTIONS));
            }
        }
    }
}
