//! What an invocation is about: which deployment of which service, read from its input and its answer, so that every
//! line of the log can be found by it.

use changeover_domain::name::DeploymentId;
use changeover_domain::state::Execution;
use serde::Deserialize as _;
use serde_json::{Map, Value};

/// A deployment and its service, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct About {
    /// The deployment's id.
    pub(crate) deployment: Option<String>,
    /// `CLUSTER/NAME`.
    pub(crate) service: Option<String>,
}

impl About {
    /// What an input or an answer is about. It may be anything: whether it is one of ours is said elsewhere.
    ///
    /// A baton, and what `finish` answers, name both. What `plan` is given names the execution, which is where the id
    /// comes from; or a recovery's deployment, which was there before. Events are about no deployment yet.
    pub(crate) fn of(document: &Value) -> Self {
        let baton = Self { deployment: text(document, "deployment"), service: text(document, "service") };
        let Some(request) = document.get("request") else { return baton };
        Self {
            deployment: baton.deployment.or_else(|| text(request, "recover")).or_else(|| begun(document)),
            service: baton.service.or_else(|| text(request, "service")),
        }
    }

    /// The same with what another document says better: an answer calls a pair by the name that it goes by.
    pub(crate) fn or_better(self, better: Self) -> Self {
        Self { deployment: better.deployment.or(self.deployment), service: better.service.or(self.service) }
    }

    /// Adds both to a line that does not say them itself. `service` is the function there, as Powertools has it.
    pub(crate) fn fill(&self, line: &mut Map<String, Value>) {
        for (key, known) in [("deployment", &self.deployment), ("ecs_service", &self.service)] {
            if let Some(known) = known {
                line.entry(key).or_insert_with(|| known.as_str().into());
            }
        }
    }
}

/// The id of the deployment that an execution begins.
fn begun(document: &Value) -> Option<String> {
    let execution = Execution::deserialize(document.get("execution")?).ok()?;
    Some(DeploymentId::new(execution.started_at, &execution.name).as_str().to_owned())
}

fn text(document: &Value, key: &str) -> Option<String> {
    document.get(key).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn about(deployment: &str, service: &str) -> About {
        About { deployment: Some(deployment.to_owned()), service: Some(service.to_owned()) }
    }

    #[test]
    fn a_baton_names_both() {
        let baton =
            json!({"deployment": "d-1", "service": "main/web", "fence": 3, "error": {"Error": "Busy"}});
        assert_eq!(About::of(&baton), about("d-1", "main/web"));
    }

    #[test]
    fn what_plan_is_given_names_the_deployment_that_it_begins_or_takes_over() {
        let mut input = json!({
            "execution": {"id": "arn", "name": "web-1-2", "started_at": "2026-11-23T02:27:27.123Z"},
            "request": {"service": "main/web-green"},
        });
        assert_eq!(About::of(&input), about("20261123T022727123Z-web-1-2", "main/web-green"));
        input["request"]["recover"] = "d-0".into();
        assert_eq!(About::of(&input), about("d-0", "main/web-green"));
    }

    #[test]
    fn anything_else_is_about_nothing() {
        for document in [json!(null), json!("web"), json!({"detail": {"repository-name": "web"}}), json!([1])]
        {
            assert_eq!(About::of(&document), About::default());
        }
        let half = json!({"request": {"service": "main/web"}, "execution": {"name": "web-1-2"}});
        assert_eq!(About::of(&half), About { deployment: None, ..about("", "main/web") });
    }

    #[test]
    fn an_answer_knows_better_and_a_line_best() {
        let known = about("d-1", "main/web-green").or_better(about("d-1", "main/web"));
        assert_eq!(known, about("d-1", "main/web"));
        assert_eq!(known.clone().or_better(About::default()), known);
        let mut line = Map::new();
        line.insert("ecs_service".to_owned(), "main/api".into());
        known.fill(&mut line);
        assert_eq!(Value::Object(line), json!({"deployment": "d-1", "ecs_service": "main/api"}));
    }
}
