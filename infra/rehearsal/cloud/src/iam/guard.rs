//! The guard at the front door: every call of a function is judged by the policies of its role.

use super::Iam;
use crate::autoscaling::AutoScaling;
use crate::front::{Access, Caller};
use crate::listing::tags_of;
use rehearsal_ecs::Ecs;
use rehearsal_elb::Elb;
use rehearsal_iam::{Need, needs, passes, refusal, to_pass, unlisted};
use rehearsal_lambda::Lambda;
use rehearsal_wire::{ApiError, Call};
use serde_json::json;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Asks the policies, with what they want to know of resources.
pub(crate) struct Guard {
    pub(crate) iam: Arc<Iam>,
    pub(crate) ecs: Ecs,
    pub(crate) elb: Elb,
    pub(crate) lambda: Lambda,
    pub(crate) autoscaling: AutoScaling,
}

impl Access for Guard {
    fn check<'a>(
        &'a self,
        caller: &'a Caller,
        call: &'a Call,
    ) -> Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send + 'a>> {
        Box::pin(async move {
            match caller {
                // Whoever holds keys that are not the stack's is the account's owner, and may everything.
                Caller::Operator => Ok(()),
                Caller::Function { name, role_arn } => self.judge(name, role_arn, call).await,
            }
        })
    }
}

impl Guard {
    async fn judge(&self, function: &str, role_arn: &str, call: &Call) -> Result<(), ApiError> {
        let iam = &self.iam;
        let Some(mut all) = needs(call, &iam.place()) else {
            return Err(unlisted(&iam.user(role_arn, function), call));
        };
        all.extend(self.roles_passed(call).await);
        for mut need in all {
            // A group goes by its name in a call, or by one of its instances.
            if let Some((arn, tags)) = self.autoscaling.known(&need.resource) {
                need.resource = arn;
                tags.iter().for_each(|(key, value)| need.add_resource_tag(key, value));
            }
            if iam.judge.asks_for_resource_tags(role_arn, &need.action) {
                for (key, value) in tags_of(&self.ecs, &self.elb, &self.lambda, &need.resource).await {
                    need.add_resource_tag(&key, &value);
                }
            }
            iam.role_may(role_arn, function, &need).map_err(|message| refusal(call.service, message))?;
        }
        Ok(())
    }

    /// The right to pass on the roles of the task definition that a call names. One that is not there has none: what
    /// is wrong with it is ECS's to say.
    async fn roles_passed(&self, call: &Call) -> Vec<Need> {
        let Some(definition) = passes(call) else { return Vec::new() };
        let answer = self.ecs.call("DescribeTaskDefinition", json!({ "taskDefinition": definition })).await;
        answer.map(|answer| to_pass(&answer["taskDefinition"], &self.iam.place())).unwrap_or_default()
    }
}
