//! JSON objects as people mean them: no list in their place, and no name twice.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// What is written as an object. A derived reader takes a list of the fields' values as well, whatever their order was
/// meant to be.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfFields(PhantomData))
    }
}

struct OfFields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OfFields<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Values by name, each name once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T>(pub BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfNames(PhantomData))
    }
}

struct OfNames<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OfNames<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut named = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            if named.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name:?} is there twice")));
            }
            named.insert(name, value);
        }
        Ok(Named(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Pair {
        one: u64,
        two: u64,
    }

    #[test]
    fn a_list_is_no_object() {
        let read = |text| serde_json::from_str::<Object<Pair>>(text);
        let Object(Pair { one, two }) = read(r#"{"one":1,"two":2}"#).unwrap();
        assert_eq!((one, two), (1, 2));
        assert!(read("[1,2]").unwrap_err().to_string().contains("expected an object"));
    }

    #[test]
    fn a_name_is_there_once() {
        let read = |text| serde_json::from_str::<Named<u64>>(text);
        assert_eq!(read(r#"{"a":1,"b":2}"#).unwrap().0.len(), 2);
        assert!(read(r#"{"a":1,"a":2}"#).unwrap_err().to_string().contains("\"a\" is there twice"));
    }
}
