//! Reading the fields of one object, so that every mistake is told with where it is.

use crate::error::{ALL, TASK_FAILED};
use crate::path::Path;
use crate::template::Template;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// An object whose fields are taken one by one; what is left in the end is not supported.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    taken: BTreeSet<&'static str>,
    pub(super) pointer: String,
    pub(super) mistakes: &'a mut Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(map: &'a Map<String, Value>, pointer: String, mistakes: &'a mut Vec<String>) -> Self {
        Self { map, taken: BTreeSet::from(["Comment"]), pointer, mistakes }
    }

    pub(super) fn wrong(&mut self, why: impl std::fmt::Display) {
        self.mistakes.push(format!("{}: {why}", self.pointer));
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.insert(name);
        self.map.get(name)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.take(name)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(format_args!("{name} must be a string"));
        }
        text
    }

    pub(super) fn number(&mut self, name: &'static str, least: u64, most: u64) -> Option<u64> {
        let value = self.take(name)?;
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong(format_args!("{name} must be a whole number from {least} to {most}"));
        }
        number
    }

    /// A path; `$` if it is not there, none if it is `null`.
    pub(super) fn path_or_null(&mut self, name: &'static str) -> Option<Path> {
        match self.take(name) {
            None => Some(Path::whole()),
            Some(Value::Null) => None,
            Some(value) => Some(self.read_path(name, value).unwrap_or_else(Path::whole)),
        }
    }

    pub(super) fn path(&mut self, name: &'static str) -> Option<Path> {
        let value = self.take(name)?;
        self.read_path(name, value)
    }

    fn read_path(&mut self, name: &str, value: &Value) -> Option<Path> {
        match Path::parse(value.as_str().unwrap_or_default()) {
            Ok(path) => Some(path),
            Err(why) => {
                self.wrong(format_args!("{name}: {why}"));
                None
            }
        }
    }

    pub(super) fn template(&mut self, name: &'static str) -> Option<Template> {
        let value = self.take(name)?;
        let pointer = format!("{}/{name}", self.pointer);
        Some(Template::parse(value, &pointer, self.mistakes))
    }

    /// The objects of a list.
    pub(super) fn objects(&mut self, name: &'static str) -> Vec<(&'a Map<String, Value>, String)> {
        let Some(value) = self.take(name) else { return Vec::new() };
        let Some(list) = value.as_array() else {
            self.wrong(format_args!("{name} must be a list"));
            return Vec::new();
        };
        let mut objects = Vec::new();
        for (index, element) in list.iter().enumerate() {
            match element.as_object() {
                Some(map) => objects.push((map, format!("{}/{name}/{index}", self.pointer))),
                None => self.wrong(format_args!("{name}/{index} must be an object")),
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
            self.wrong("ErrorEquals must be a list of names");
        }
        let wild = [ALL, TASK_FAILED];
        if names.iter().any(|name| name == ALL) && (names.len() > 1 || !is_last) {
            self.wrong("States.ALL must stand alone, and in the last place");
        } else if names.len() > 1 && names.iter().any(|name| wild.contains(&name.as_str())) {
            self.wrong("States.TaskFailed must stand alone");
        }
        names
    }

    /// Everything that was not taken is not supported.
    pub(super) fn finish(mut self) {
        let unknown: Vec<String> =
            self.map.keys().filter(|name| !self.taken.contains(name.as_str())).cloned().collect();
        if !unknown.is_empty() {
            self.wrong(format_args!("{} is not supported here", unknown.join(", ")));
        }
    }
}
