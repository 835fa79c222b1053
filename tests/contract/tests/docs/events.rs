//! `docs/events.md` and the schemas in `docs/events` against what is sent.

use crate::markdown::{blocks, document, rows, section};
use changeover_domain::Timestamp;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::{Deployment, Outcome};
use changeover_domain::told::{DETAIL_TYPES, Detail, Happening, SOURCE, message};
use rehearsal::witness::mistakes;
use serde_json::{Value, json};

fn schema(name: &str) -> Value {
    serde_json::from_str(&contract::text(&format!("docs/events/{name}.json"))).expect("a schema")
}

/// The blocks of JSON on the page, in its order.
fn examples() -> Vec<Value> {
    let page = document("events.md");
    let json = blocks(&page).into_iter().filter(|block| block.language == "json");
    json.map(|block| serde_json::from_str(&block.body).expect("JSON")).collect()
}

#[test]
fn every_event_has_its_schema_and_an_example_that_fits() {
    let table = rows(&section(&document("events.md"), "Events"));
    let examples = examples();
    for ((index, (kind, name)), row) in DETAIL_TYPES.into_iter().enumerate().zip(&table) {
        assert_eq!((&row[0], &row[2]), (&format!("`{kind}`"), &format!("[{name}.json](events/{name}.json)")));
        let (schema, example) = (schema(name), &examples[index]);
        assert_eq!(mistakes(&schema, example), [""; 0], "{kind}");
        assert_eq!((&schema["title"], &example["source"]), (&json!(kind), &json!(SOURCE)));
        // Read and written again it is the same: every field is known, and none is missing.
        let detail: Detail = serde_json::from_value(example["detail"].clone()).expect("a detail");
        assert_eq!(serde_json::to_value(detail).expect("JSON"), example["detail"], "{kind}");
    }
    assert_eq!(table.len(), DETAIL_TYPES.len());
}

#[test]
fn the_message_of_the_page_is_ours() {
    let message_of_page = examples().pop().expect("a message");
    let id = "20261123T022727123Z-web-1a2b3c4d5e6f-7";
    let execution = "arn:aws:states:eu-west-1:123456789012:execution:changeover:web-1a2b3c4d5e6f-7";
    let began = Timestamp::UNIX_EPOCH;
    let service = ServiceName::new("main", "web");
    let mut record = Deployment::new(service, DeploymentId::from(id), execution, "push of web:v42", began);
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let mut plan = changeover_domain::samples::plan();
    plan.image = changeover_domain::image::PinnedImage::new("web", "r/web", Some("v42"), &digest);
    record.plan = Some(plan);
    record.fail("12 of 240 requests of the new tasks failed");
    record.end(Outcome::RolledBack, began);
    assert_eq!(message(&record, Happening::Ended).chat, message_of_page);
}
