//! DynamoDB, embedded: the operations by name over an engine in memory.

use crate::account::Account;
use crate::input::unknown;
use dynoxide::storage_backend::Clock;
use dynoxide::{Database, DynoxideError};
use rehearsal_wire::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// What the engine puts before a decoding complaint to tell its class, and that class.
const MARKERS: [(&str, &str); 5] = [
    ("VALIDATION_AS_READ:", "ValidationException"),
    ("VALIDATION_REQUEST:", "ValidationException"),
    ("VALIDATION:", "ValidationException"),
    ("SERIALIZATION_AS_READ:", "SerializationException"),
    ("SERIALIZATION:", "SerializationException"),
];

/// The time that items outlive.
struct World;

impl Clock for World {
    fn now_unix_secs(&self) -> u64 {
        rehearsal_world::since_epoch().as_secs()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        rehearsal_world::since_epoch().as_secs_f64()
    }
}

/// All tables of the account. Cheap to clone; gone with the last clone.
#[derive(Clone)]
pub struct DynamoDb {
    database: Arc<Database>,
    account: Account,
}

impl DynamoDb {
    /// Without tables.
    pub fn new(account: Account) -> anyhow::Result<Self> {
        Ok(Self { database: Arc::new(Database::memory_with_clock(Arc::new(World))?), account })
    }

    /// Answers one call of the service `dynamodb`.
    pub fn call(&self, operation: &str, mut input: Value) -> Result<Value, ApiError> {
        self.by_name(&mut input);
        let is_new =
            operation == "UpdateItem" && input["ReturnValues"] == "ALL_OLD" && self.is_absent(&input);
        let db = &*self.database;
        let answer = match operation {
            "CreateTable" => run(input, |request| db.create_table(request)),
            "DeleteTable" => run(input, |request| db.delete_table(request)),
            "DescribeTable" => run(input, |request| db.describe_table(request)),
            "UpdateTable" => run(input, |request| db.update_table(request)),
            "ListTables" => run(input, |request| db.list_tables(request)),
            "PutItem" => run(input, |request| db.put_item(request)),
            "GetItem" => run(input, |request| db.get_item(request)),
            "UpdateItem" => run(input, |request| db.update_item(request)),
            "DeleteItem" => run(input, |request| db.delete_item(request)),
            "Query" => run(input, |request| db.query(request)),
            "Scan" => run(input, |request| db.scan(request)),
            "BatchGetItem" => run(input, |request| db.batch_get_item(request)),
            "BatchWriteItem" => run(input, |request| db.batch_write_item(request)),
            "TransactWriteItems" => run(input, |request| db.transact_write_items(request)),
            "TransactGetItems" => run(input, |request| db.transact_get_items(request)),
            "UpdateTimeToLive" => run(input, |request| db.update_time_to_live(request)),
            "DescribeTimeToLive" => run(input, |request| db.describe_time_to_live(request)),
            "TagResource" => run(input, |request| db.tag_resource(request)),
            "UntagResource" => run(input, |request| db.untag_resource(request)),
            "ListTagsOfResource" => run(input, |request| db.list_tags_of_resource(request)),
            other => Err(unknown(other)),
        };
        let mut answer = answer.map(|answer| self.at_home(answer));
        // The engine tells the key of an item that was not there; DynamoDB tells nothing.
        if let Ok(Value::Object(members)) = &mut answer
            && is_new
        {
            members.remove("Attributes");
        }
        answer
    }

    /// Deletes what has outlived its time, as DynamoDB does when it gets to it; how many items went.
    pub fn sweep(&self) -> Result<usize, ApiError> {
        self.database.sweep_ttl().map_err(|error| refused(&error))
    }

    /// Whether there is no item of a call's key.
    fn is_absent(&self, input: &Value) -> bool {
        let wanted = json!({ "TableName": input["TableName"], "Key": input["Key"], "ConsistentRead": true });
        let found = run(wanted, |request| self.database.get_item(request));
        found.is_ok_and(|found| found.get("Item").is_none_or(Value::is_null))
    }

    /// Tables may be named by their ARN, which the engine does not know.
    fn by_name(&self, input: &mut Value) {
        let ours = self.account.arn("dynamodb", "table/");
        let bare =
            |name: &str| name.strip_prefix(&ours).filter(|name| !name.contains('/')).map(str::to_owned);
        let own = |node: &mut Value| {
            let name = node.get("TableName").and_then(Value::as_str).and_then(bare);
            if let Some(name) = name {
                node["TableName"] = name.into();
            }
        };
        own(input);
        for item in input.get_mut("TransactItems").and_then(Value::as_array_mut).into_iter().flatten() {
            item.as_object_mut().into_iter().flat_map(|kinds| kinds.values_mut()).for_each(own);
        }
        if let Some(tables) = input.get_mut("RequestItems").and_then(Value::as_object_mut) {
            let named = std::mem::take(tables).into_iter();
            tables.extend(named.map(|(name, requests)| (bare(&name).unwrap_or(name), requests)));
        }
    }

    /// The engine has an account of its own in its ARNs; ours takes its place.
    fn at_home(&self, mut answer: Value) -> Value {
        for table in ["Table", "TableDescription"] {
            if let Some(description) = answer.get_mut(table) {
                self.rename(description);
            }
        }
        answer
    }

    fn rename(&self, node: &mut Value) {
        match node {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    match member {
                        Value::String(arn)
                            if name.ends_with("Arn") && arn.starts_with("arn:aws:dynamodb:") =>
                        {
                            let resource = arn.splitn(6, ':').nth(5).unwrap_or_default().to_owned();
                            *arn = self.account.arn("dynamodb", &resource);
                        }
                        other => self.rename(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename(item)),
            _ => {}
        }
    }
}

fn run<Request: DeserializeOwned, Answer: Serialize>(
    input: Value,
    action: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
) -> Result<Value, ApiError> {
    let request = serde_json::from_value(input).map_err(|error| unreadable(&error.to_string()))?;
    let answer = action(request).map_err(|error| refused(&error))?;
    serde_json::to_value(answer)
        .map_err(|error| ApiError::new("InternalServerError", error.to_string()).with_status(500))
}

fn unreadable(message: &str) -> ApiError {
    for (marker, code) in MARKERS {
        if let Some(rest) = message.strip_prefix(marker) {
            return ApiError::new(code, rest);
        }
    }
    // A member of another type is a matter of the protocol; one that is missing, of validation.
    let of_type = message.starts_with("invalid type") && !message.contains("invalid type: null");
    ApiError::new(if of_type { "SerializationException" } else { "ValidationException" }, message)
}

/// The engine's error with the members that its shape has beside the message.
fn refused(error: &DynoxideError) -> ApiError {
    let code = error.error_type().rsplit('#').next().unwrap_or_default();
    let mut refusal = ApiError::new(code, error.to_string()).with_status(error.status_code());
    let body: Value = serde_json::from_str(&error.to_json()).unwrap_or_default();
    for member in ["Item", "CancellationReasons"] {
        if let Some(value) = body.get(member) {
            refusal = refusal.with_field(member, value.clone());
        }
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> DynamoDb {
        let db = DynamoDb::new(Account::default()).unwrap();
        let table = json!({
            "TableName": "ledger",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
        });
        let made = db.call("CreateTable", table).unwrap();
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger";
        assert_eq!(made["TableDescription"]["TableArn"], arn);
        db
    }

    fn lease(fence: u32) -> Value {
        json!({ "pk": { "S": "service#shop/web" }, "sk": { "S": "lease" }, "fence": { "N": fence.to_string() } })
    }

    #[test]
    fn a_failed_condition_tells_who_holds_the_lease() {
        let db = ledger();
        let put = |fence| {
            db.call(
                "PutItem",
                json!({
                    "TableName": "ledger", "Item": lease(fence),
                    "ConditionExpression": "attribute_not_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }),
            )
        };
        put(1).unwrap();
        let error = put(2).unwrap_err();
        assert_eq!(error.code, "ConditionalCheckFailedException");
        assert_eq!(error.message, "The conditional request failed");
        assert_eq!(error.fields["Item"], lease(1));
    }

    #[test]
    fn a_cancelled_transaction_gives_a_reason_per_item() {
        let db = ledger();
        let put = |name: &str, condition: Option<&str>| {
            let item = json!({ "pk": { "S": name }, "sk": { "S": "x" } });
            let mut put = json!({ "TableName": "ledger", "Item": item });
            if let Some(condition) = condition {
                put["ConditionExpression"] = condition.into();
            }
            json!({ "Put": put })
        };
        let items = json!([put("a", None), put("b", Some("attribute_exists(pk)"))]);
        let error = db.call("TransactWriteItems", json!({ "TransactItems": items })).unwrap_err();
        assert_eq!(error.code, "TransactionCanceledException");
        let reasons = error.fields["CancellationReasons"].as_array().unwrap();
        assert_eq!(
            (&reasons[0]["Code"], &reasons[1]["Code"]),
            (&json!("None"), &json!("ConditionalCheckFailed"))
        );
        let scanned = db.call("Scan", json!({ "TableName": "ledger" })).unwrap();
        assert_eq!(scanned["Count"], 0, "nothing of a cancelled transaction stays");
    }

    #[test]
    fn a_table_goes_by_its_arn_as_well() {
        let db = ledger();
        let arn = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger";
        db.call("PutItem", json!({ "TableName": arn, "Item": lease(1) })).unwrap();
        let put = json!({ "Put": { "TableName": arn, "Item": { "pk": { "S": "a" }, "sk": { "S": "x" } } } });
        db.call("TransactWriteItems", json!({ "TransactItems": [put] })).unwrap();
        let keys = json!([{ "pk": { "S": "a" }, "sk": { "S": "x" } }]);
        let got = db.call("BatchGetItem", json!({ "RequestItems": { arn: { "Keys": keys } } })).unwrap();
        assert_eq!(got["Responses"]["ledger"].as_array().map(Vec::len), Some(1));
        assert_eq!(db.call("DescribeTable", json!({ "TableName": arn })).unwrap()["Table"]["ItemCount"], 2);
        let other = "arn:aws:dynamodb:us-east-1:999999999999:table/ledger";
        assert!(db.call("GetItem", json!({ "TableName": other, "Key": lease(1) })).is_err());
    }

    #[test]
    fn the_old_of_a_new_item_is_nothing_and_empty_values_are_fine_but_in_keys() {
        let db = ledger();
        let put = |values: Value| json!({ "TableName": "ledger", "Item": values, "ReturnValues": "ALL_OLD" });
        let answer = db.call("PutItem", put(lease(1))).unwrap();
        assert_eq!(answer.get("Attributes"), None, "{answer}");
        let answer = db.call("PutItem", put(lease(2))).unwrap();
        assert_eq!(answer["Attributes"]["fence"]["N"], "1");
        let key = json!({ "pk": { "S": "new" }, "sk": { "S": "x" } });
        let update = json!({ "TableName": "ledger", "Key": key, "UpdateExpression": "SET note = :n",
            "ExpressionAttributeValues": { ":n": { "S": "" } }, "ReturnValues": "ALL_OLD" });
        let answer = db.call("UpdateItem", update).unwrap();
        assert_eq!(answer.get("Attributes"), None, "{answer}");
        let transact = |item: Value| {
            let put = json!({ "Put": { "TableName": "ledger", "Item": item } });
            db.call("TransactWriteItems", json!({ "TransactItems": [put] }))
        };
        let empty =
            json!({ "pk": { "S": "b" }, "sk": { "S": "x" }, "note": { "S": "" }, "bytes": { "B": "" } });
        transact(empty).unwrap();
        let error = transact(json!({ "pk": { "S": "" }, "sk": { "S": "x" } })).unwrap_err();
        assert_eq!(error.code, "ValidationException", "{error}");
    }

    #[test]
    fn updates_and_queries() {
        let db = ledger();
        for sk in ["d#2", "d#1", "lease"] {
            let key = json!({ "pk": { "S": "a" }, "sk": { "S": sk } });
            let update = json!({
                "TableName": "ledger", "Key": key, "UpdateExpression": "ADD version :one",
                "ExpressionAttributeValues": { ":one": { "N": "1" } }, "ReturnValues": "ALL_NEW",
            });
            assert_eq!(db.call("UpdateItem", update).unwrap()["Attributes"]["version"]["N"], "1");
        }
        let query = json!({
            "TableName": "ledger", "KeyConditionExpression": "pk = :pk AND begins_with(sk, :d)",
            "ExpressionAttributeValues": { ":pk": { "S": "a" }, ":d": { "S": "d#" } },
        });
        let found = db.call("Query", query).unwrap();
        assert_eq!((&found["Count"], &found["Items"][0]["sk"]["S"]), (&json!(2), &json!("d#1")));
        let get = json!({ "TableName": "nope", "Key": lease(1) });
        assert_eq!(db.call("GetItem", get).unwrap_err().code, "ResourceNotFoundException");
        assert_eq!(db.call("GetItem", json!({ "TableName": 7 })).unwrap_err().code, "SerializationException");
        assert_eq!(db.call("Explode", json!({})).unwrap_err().code, "UnknownOperationException");
    }

    #[test]
    fn the_sweep_takes_what_has_outlived_its_time() {
        let db = ledger();
        let ttl = json!({ "Enabled": true, "AttributeName": "expires" });
        db.call("UpdateTimeToLive", json!({ "TableName": "ledger", "TimeToLiveSpecification": ttl }))
            .unwrap();
        let now = rehearsal_world::now().as_second();
        for (sk, expires) in [("old", (now - 60).to_string()), ("new", (now + 60).to_string())] {
            let item = json!({ "pk": { "S": "a" }, "sk": { "S": sk }, "expires": { "N": expires } });
            db.call("PutItem", json!({ "TableName": "ledger", "Item": item })).unwrap();
        }
        assert_eq!(db.sweep().unwrap(), 1);
        let left = db.call("Scan", json!({ "TableName": "ledger" })).unwrap();
        assert_eq!((&left["Count"], &left["Items"][0]["sk"]["S"]), (&json!(1), &json!("new")));
    }
}
