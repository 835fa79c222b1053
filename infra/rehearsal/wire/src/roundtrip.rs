//! Any value that a model allows survives every protocol: written as an answer, read back, it is the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use quick_xml::events::Event;
use serde_json::{Map, Number, Value};

use crate::coerce::{Source, coerce};
use crate::model::{Kind, Model, Reference, Shape};
use crate::protocol::Protocol;
use crate::service::Service;
use crate::tidy::Tidy;
use crate::xml::Xml;
use crate::{cbor, json, validate};

/// How deep generated values go; recursive shapes (DynamoDB's attributes) end here.
const MAX_DEPTH: u32 = 5;
const MAX_ELEMENTS: usize = 3;
const CASES_PER_OPERATION: u32 = 12;
const SEED: u64 = 7;

/// Values of a shape.
fn values(model: &'static Model, shape: &'static Shape, depth: u32) -> BoxedStrategy<Value> {
    match shape.kind {
        Kind::Structure => structures(model, shape, depth),
        Kind::List => match model.element(shape) {
            Some((_, element)) if depth < MAX_DEPTH => {
                prop::collection::vec(values(model, element, depth + 1), 0..=MAX_ELEMENTS)
                    .prop_map(Value::Array)
                    .boxed()
            }
            _ => Just(Value::Array(Vec::new())).boxed(),
        },
        Kind::Map => match model.value(shape) {
            Some((_, inner)) if depth < MAX_DEPTH => {
                prop::collection::btree_map(texts(), values(model, inner, depth + 1), 0..=MAX_ELEMENTS)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect()))
                    .boxed()
            }
            _ => Just(Value::Object(Map::new())).boxed(),
        },
        Kind::String | Kind::Character => texts().prop_map(Value::String).boxed(),
        Kind::Integer => any::<i32>().prop_map(Value::from).boxed(),
        Kind::Long => any::<i64>().prop_map(Value::from).boxed(),
        // With few digits: serde_json reads a number of many digits to within one unit in the last place.
        Kind::Float | Kind::Double => {
            any::<i32>().prop_filter_map("finite", |eighths| number(f64::from(eighths) / 8.0)).boxed()
        }
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        // Whole milliseconds, for ISO 8601 is written with three digits.
        Kind::Timestamp => (any::<u32>(), 0_u32..1000)
            .prop_filter_map("finite", |(seconds, millis)| {
                number((f64::from(seconds) * 1000.0 + f64::from(millis)) / 1000.0)
            })
            .boxed(),
        Kind::Blob => Just(Value::from("AAEC/w==")).boxed(),
    }
}

fn structures(model: &'static Model, shape: &'static Shape, depth: u32) -> BoxedStrategy<Value> {
    let members: Vec<_> = shape
        .members
        .iter()
        .filter(|(_, member)| member.location.is_none() && depth < MAX_DEPTH)
        .map(|(name, member)| {
            let inner = values(model, model.shape(&member.shape), depth + 1);
            prop::option::of(inner).prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    members.prop_map(|members| Value::Object(members.into_iter().flatten().collect())).boxed()
}

/// Printable text of all planes, with what escaping is about.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "[<>&'\"\r\n\t]{0,4}", "[à-ÿ世界🙂]{0,4}"]
}

fn number(float: f64) -> Option<Value> {
    Number::from_f64(float).map(Value::Number)
}

/// Runs `check` on generated outputs of every operation of the services that speak the protocol.
fn each_output(protocol: Protocol, check: impl Fn(&'static Model, &'static Shape, &Value)) {
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(SEED),
        ..ProptestConfig::with_cases(CASES_PER_OPERATION)
    };
    for service in Service::ALL {
        let model = service.model();
        let speaking = model.metadata.speaks(protocol.name());
        for operation in model.operations.values().filter(|_| speaking) {
            let Some(output) = &operation.output else { continue };
            let shape = model.shape(&output.shape);
            let outcome = TestRunner::new(config.clone()).run(&values(model, shape, 0), |value| {
                let tidied = Tidy::new(model).value(shape, value, "").expect("an object");
                check(model, shape, &tidied);
                // Whatever it is, validating it as an input does not panic.
                validate(service, &operation.name, &tidied);
                Ok(())
            });
            outcome.unwrap_or_else(|error| panic!("{service} {}: {error}", operation.name));
        }
    }
}

#[test]
fn json_keeps_values() {
    for protocol in [Protocol::Json11, Protocol::RestJson] {
        each_output(protocol, |model, shape, value| {
            let bytes = json::present(model, shape, value.clone()).to_string();
            let parsed = json::read(bytes.as_bytes()).expect("readable");
            assert_eq!(&coerce(model, shape, parsed, Source::Typed).expect("well typed"), value);
        });
    }
}

#[test]
fn cbor_keeps_values() {
    each_output(Protocol::Cbor, |model, shape, value| {
        let parsed = cbor::read(&cbor::write(model, shape, value)).expect("readable");
        assert_eq!(&coerce(model, shape, parsed, Source::Typed).expect("well typed"), value);
    });
}

#[test]
fn xml_keeps_values() {
    each_output(Protocol::Query, |model, shape, value| {
        let mut xml = Xml::default();
        let members = value.as_object().expect("an object");
        xml.root("Result", None, |xml| xml.members(model, shape, members));
        let root = Element::parse(&xml.finish());
        let parsed = root.structure(model, shape);
        assert_eq!(&coerce(model, shape, parsed, Source::Text).expect("well typed"), value);
    });
}

/// Just enough of an XML reader to check the writer with another's eyes.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn parse(document: &str) -> Self {
        let mut reader = quick_xml::Reader::from_str(document);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(start) => {
                    let name = start.name().as_ref().to_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::End(_) => {
                    let done = open.pop().expect("balanced");
                    open.last_mut().expect("a parent").children.push(done);
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    open.last_mut().expect("a parent").text.push_str(&text);
                }
                Event::GeneralRef(reference) => {
                    let known: BTreeMap<&str, &str> =
                        [("lt", "<"), ("gt", ">"), ("amp", "&"), ("apos", "'"), ("quot", "\"")].into();
                    let text = match reference.resolve_char_ref().expect("a character") {
                        Some(character) => character.to_string(),
                        None => known[&*reference].to_owned(),
                    };
                    open.last_mut().expect("a parent").text.push_str(&text);
                }
                Event::Eof => break,
                other => panic!("unexpected {other:?}"),
            }
        }
        open.pop().and_then(|mut root| root.children.pop()).expect("a root")
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn structure(&self, model: &Model, shape: &Shape) -> Value {
        let members = shape.members.iter().filter_map(|(name, member)| {
            let wire_name = member.wire_name(name);
            Some((wire_name.to_owned(), self.child(wire_name)?.value(model, model.shape(&member.shape))))
        });
        Value::Object(members.collect())
    }

    fn value(&self, model: &Model, shape: &Shape) -> Value {
        assert!(!shape.flattened, "no flattened shape is among the query services' outputs");
        let named = |reference: &Reference, name: &str| reference.wire_name(name).to_owned();
        match shape.kind {
            Kind::Structure => self.structure(model, shape),
            Kind::List => {
                let (_, element) = model.element(shape).expect("a list");
                self.children.iter().map(|child| child.value(model, element)).collect()
            }
            Kind::Map => {
                let (key, _) = model.key(shape).expect("a map");
                let (value, inner) = model.value(shape).expect("a map");
                let entries = self.children.iter().map(|entry| {
                    let key = entry.child(&named(key, "key")).expect("a key").text.clone();
                    (key, entry.child(&named(value, "value")).expect("a value").value(model, inner))
                });
                Value::Object(entries.collect())
            }
            _ => Value::String(self.text.clone()),
        }
    }
}
