//! The ledger as a stranger reads it: with one query.

use crate::stage::Stage;
use changeover_domain::name::ServiceName;
use rehearsal_wire::Service;
use serde_json::{Value, json};

/// What the ledger says of a service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LedgerSeen {
    /// The deployment that holds the service.
    pub holder: Option<String>,
    /// The fence.
    pub fence: u64,
    /// Whether the holder's record has a plan, and with it what rollback needs.
    pub has_plan: bool,
    /// The digest that is wanted.
    pub wanted: Option<String>,
    /// The deployment that last gave an answer to that wish, and the outcome; none if there is no answer yet.
    pub answer: Option<(String, String)>,
    /// Whether a deployment was asked to be taken back.
    pub taken_back: bool,
    /// The version of its schema that the database has; none if nothing is on record.
    pub schema: Option<String>,
    /// Every deployment on record, oldest first.
    pub deployments: Vec<DeploymentSeen>,
}

/// A deployment on record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentSeen {
    /// Its id.
    pub id: String,
    /// The execution that carries it.
    pub execution: String,
    /// How it ended, if it has.
    pub outcome: Option<String>,
    /// Why it did not succeed, or what it says otherwise.
    pub reason: Option<String>,
    /// The digest it was to bring.
    pub digest: Option<String>,
    /// What its plan found about going back, a sentence each.
    pub readiness: Vec<String>,
    /// When it began and ended, RFC 3339.
    pub span: (String, Option<String>),
}

/// Reads everything on record of a service; nothing if the table cannot be read.
pub async fn read(stage: &Stage, service: &ServiceName) -> LedgerSeen {
    let Ok(table) = stage.table() else { return LedgerSeen::default() };
    let input = json!({
        "TableName": table, "ConsistentRead": true,
        "KeyConditionExpression": "#service = :service", "ExpressionAttributeNames": {"#service": "service"},
        "ExpressionAttributeValues": {":service": {"S": service.to_string()}},
    });
    let Ok(answer) = stage.cloud.call(Service::DynamoDb, "Query", input).await else {
        return LedgerSeen::default();
    };
    understand(answer["Items"].as_array().map(Vec::as_slice).unwrap_or_default())
}

fn understand(items: &[Value]) -> LedgerSeen {
    let mut seen = LedgerSeen::default();
    let text = |value: &Value| value["S"].as_str().map(str::to_owned);
    for item in items {
        match item["record"]["S"].as_str().unwrap_or_default() {
            "lease" => {
                seen.holder = text(&item["holder"]);
                seen.fence = item["fence"]["N"].as_str().and_then(|fence| fence.parse().ok()).unwrap_or(0);
            }
            "wanted" => {
                seen.wanted = text(&item["image"]["M"]["digest"]);
                let tried = &item["tried"]["M"];
                seen.answer = text(&tried["deployment"]).zip(text(&tried["outcome"]));
            }
            "schema" => seen.schema = item["version"]["N"].as_str().map(str::to_owned),
            record if record.starts_with("deployment#") => {
                seen.taken_back |= !item["taken_back"]["S"].is_null();
                seen.deployments.push(DeploymentSeen {
                    id: text(&item["id"]).unwrap_or_default(),
                    execution: text(&item["execution"]).unwrap_or_default(),
                    outcome: text(&item["outcome"]),
                    reason: text(&item["reason"]),
                    digest: text(&item["plan"]["M"]["image"]["M"]["digest"]),
                    readiness: readiness(&item["plan"]["M"]["readiness"]["M"]),
                    span: (text(&item["began_at"]).unwrap_or_default(), text(&item["ended_at"])),
                });
            }
            _ => {}
        }
    }
    seen.has_plan = seen
        .deployments
        .iter()
        .any(|deployment| Some(&deployment.id) == seen.holder.as_ref() && deployment.digest.is_some());
    seen
}

/// What a plan found about going back, and whether a copy is what that goes to.
fn readiness(of_plan: &Value) -> Vec<String> {
    let found = of_plan["found"]["L"].as_array().into_iter().flatten();
    let copy = of_plan["copy"]["M"]["why"]["S"].as_str();
    let copy = copy.map(|why| format!("going back goes to a copy of the live revision: {why}"));
    found.filter_map(|one| one["S"].as_str().map(str::to_owned)).chain(copy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_record_is_understood() {
        let items = [
            json!({"record": {"S": "lease"}, "holder": {"S": "d1"}, "fence": {"N": "7"}}),
            json!({"record": {"S": "wanted"}, "image": {"M": {"digest": {"S": "sha256:1"}}},
                "tried": {"M": {"deployment": {"S": "d0"}, "outcome": {"S": "Refused"}}}}),
            json!({"record": {"S": "deployment#d1"}, "id": {"S": "d1"}, "execution": {"S": "arn"},
                "plan": {"M": {"image": {"M": {"digest": {"S": "sha256:1"}}},
                    "readiness": {"M": {"found": {"L": [{"S": "it is there"}]}, "copy": {"M": {"why": {"S": "a tag"}}}}}}}}),
        ];
        let seen = understand(&items);
        assert_eq!((seen.holder.as_deref(), seen.fence, seen.has_plan), (Some("d1"), 7, true));
        assert_eq!(seen.wanted.as_deref(), Some("sha256:1"));
        assert_eq!(seen.answer, Some(("d0".to_owned(), "Refused".to_owned())));
        assert_eq!(seen.deployments[0].outcome, None);
        let readiness = ["it is there", "going back goes to a copy of the live revision: a tag"];
        assert_eq!(seen.deployments[0].readiness, readiness);
    }
}
