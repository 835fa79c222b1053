//! Reading the fields of one object, so that every mistake is told with where it is.

use super::mistake::{Mistake, under};
use crate::error::ALL;
use crate::path::Path;
use crate::template::Template;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Display;

/// An object whose fields are taken one by one; what is left in the end is not supported.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    taken: BTreeSet<&'static str>,
    pub(super) pointer: String,
    pub(super) mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(map: &'a Map<String, Value>, pointer: String, mistakes: &'a mut Vec<Mistake>) -> Self {
        let mut fields = Self { map, taken: BTreeSet::new(), pointer, mistakes };
        fields.text("Comment");
        fields
    }

    /// A mistake of the object.
    pub(super) fn wrong(&mut self, why: impl Display) {
        self.mistakes.push(Mistake::schema(&self.pointer, why));
    }

    /// A mistake of one of its fields.
    pub(super) fn wrong_at(&mut self, name: &str, why: impl Display) {
        let pointer = under(&self.pointer, name);
        self.mistakes.push(Mistake::schema(&pointer, why));
    }

    /// Fields that must be there.
    pub(super) fn require(&mut self, names: &[&str]) {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !self.map.contains_key(*name)).collect();
        if !missing.is_empty() {
            self.wrong(format_args!("These fields are required: [{}]", missing.join(", ")));
        }
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.insert(name);
        self.map.get(name)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.take(name)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_at(name, "must be a string");
        }
        text
    }

    pub(super) fn number(&mut self, name: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.take(name)?;
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong_at(name, format_args!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// A path for reading; `$` if it is not there, none if it is `null`.
    pub(super) fn path_or_null(&mut self, name: &'static str) -> Option<Path> {
        match self.take(name) {
            None => Some(Path::whole()),
            Some(Value::Null) => None,
            Some(value) => Some(self.read_path(name, value).unwrap_or_else(Path::whole)),
        }
    }

    /// Like [`Self::path_or_null`], for writing: the context object cannot be written.
    pub(super) fn target_or_null(&mut self, name: &'static str) -> Option<Path> {
        let path = self.path_or_null(name)?;
        if path.of_context {
            self.wrong_at(name, format_args!("'{path}' is of the context object, which nobody writes"));
        }
        Some(path)
    }

    pub(super) fn path(&mut self, name: &'static str) -> Option<Path> {
        let value = self.take(name)?;
        self.read_path(name, value)
    }

    fn read_path(&mut self, name: &str, value: &Value) -> Option<Path> {
        let path = value.as_str().ok_or_else(|| "must be a path".to_owned()).and_then(Path::parse);
        path.map_err(|why| self.wrong_at(name, why)).ok()
    }

    pub(super) fn template(&mut self, name: &'static str) -> Option<Template> {
        let value = self.take(name)?;
        if !value.is_object() {
            self.wrong_at(name, "must be an object");
        }
        let pointer = under(&self.pointer, name);
        Some(Template::parse(value, &pointer, self.mistakes))
    }

    /// The objects of a list.
    pub(super) fn objects(&mut self, name: &'static str) -> Vec<(&'a Map<String, Value>, String)> {
        let Some(value) = self.take(name) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.wrong_at(name, "must be a list");
            return Vec::new();
        };
        let mut objects = Vec::new();
        for (index, element) in list.iter().enumerate() {
            match element.as_object() {
                Some(map) => objects.push((map, format!("{}/{name}/{index}", self.pointer))),
                None => self.wrong_at(name, format_args!("element {index} must be an object")),
            }
        }
        objects
    }

    /// `ErrorEquals` of one of a list: `States.ALL` stands alone and last.
    pub(super) fn errors(&mut self, is_last: bool) -> Vec<String> {
        let value = self.take("ErrorEquals").and_then(Value::as_array);
        let names: Vec<String> =
            value.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        if names.is_empty() || value.is_some_and(|list| list.len() != names.len()) {
            self.wrong_at("ErrorEquals", "must be a list of names, with at least one");
        }
        if names.iter().any(|name| name == ALL) && (names.len() > 1 || !is_last) {
            self.wrong_at("ErrorEquals", "States.ALL must stand alone, and in the last place");
        }
        names
    }

    /// Everything that was not taken is not supported.
    pub(super) fn finish(mut self) {
        let unknown: Vec<&String> =
            self.map.keys().filter(|name| !self.taken.contains(name.as_str())).collect();
        for name in unknown {
            self.wrong(format_args!("Field '{name}' is not supported"));
        }
    }
}
