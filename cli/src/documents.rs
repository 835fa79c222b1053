//! The documents that docs/cli.md promises are those that are given.

use crate::told::{Status, Summary};
use crate::verb::doctor::Findings;
use crate::verb::why::Why;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/cli.md");

/// The blocks of JSON on the page, in its order.
fn blocks() -> Vec<Value> {
    let blocks = PAGE.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| serde_json::from_str(block).expect("JSON")).collect()
}

/// Every field is known, and none is missing.
fn holds<T: Serialize + DeserializeOwned>(document: &Value) {
    let read: T =
        serde_json::from_value(document.clone()).unwrap_or_else(|error| panic!("{error}: {document}"));
    assert_eq!(&serde_json::to_value(read).expect("JSON"), document);
}

#[test]
fn the_documents_of_the_page_are_ours() {
    let blocks = blocks();
    let [summary, status, why, findings] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    holds::<Summary>(summary);
    holds::<Status>(status);
    holds::<Why>(why);
    holds::<Findings>(findings);
}
