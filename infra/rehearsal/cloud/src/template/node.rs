//! Reading resolved properties into types. What is missing or of another type becomes a mistake.

use super::mistake::Mistakes;
use super::parameter::text_of;
use super::yaml::under;
use serde_json::Value;
use std::fmt;

/// A resolved value and its place.
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) at: String,
    pub(super) mistakes: &'a Mistakes,
}

impl<'a> Node<'a> {
    /// Notes what is wrong here.
    pub(super) fn wrong(&self, what: impl fmt::Display) {
        self.mistakes.add(&self.at, what);
    }

    /// A member that is there. Null is what could not be resolved: that has been told, and counts as absent.
    pub(super) fn node(&self, name: &str) -> Option<Node<'a>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(Node { value, at: under(&self.at, name), mistakes: self.mistakes })
    }

    /// Whether it is there, even if it could not be resolved.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some()
    }

    /// A member as it is; null if it is not there.
    pub(super) fn raw(&self, name: &str) -> Value {
        self.value.get(name).cloned().unwrap_or(Value::Null)
    }

    /// A text; numbers and booleans count as text, as in CloudFormation.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let node = self.node(name)?;
        let text = text_of(node.value);
        if text.is_none() {
            node.wrong("is no text");
        }
        text
    }

    /// A text that has to be there.
    pub(super) fn needed(&self, name: &str) -> String {
        if !self.has(name) {
            self.wrong(format!("has no {name}"));
        }
        self.text(name).unwrap_or_default()
    }

    /// A whole number; a text that is one counts, as in CloudFormation.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let node = self.node(name)?;
        let number = text_of(node.value).and_then(|text| text.trim().parse().ok());
        if number.is_none() {
            node.wrong("is no whole number");
        }
        number
    }

    /// Yes or no; a text that says so counts, as in CloudFormation.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        let node = self.node(name)?;
        let flag = text_of(node.value).and_then(|text| text.parse().ok());
        if flag.is_none() {
            node.wrong("is neither true nor false");
        }
        flag
    }

    /// The items of a list; none if it is not there.
    pub(super) fn items(&self, name: &str) -> Vec<Node<'a>> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let Some(items) = node.value.as_array() else {
            node.wrong("is no list");
            return Vec::new();
        };
        let item = |(index, value): (usize, &'a Value)| Node {
            value,
            at: under(&node.at, &index.to_string()),
            mistakes: self.mistakes,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// The texts of a list, or a single text.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.value.get(name) {
            Some(Value::String(text)) => vec![text.clone()],
            _ => self.items(name).iter().filter_map(|item| text_of(item.value)).collect(),
        }
    }

    /// The members of a map of texts.
    pub(super) fn pairs(&self, name: &str) -> Vec<(String, String)> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let Some(members) = node.value.as_object() else {
            node.wrong("is no map");
            return Vec::new();
        };
        members.keys().filter_map(|key| Some((key.clone(), node.text(key)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_are_read_generously_and_mistakes_have_a_place() {
        let mistakes = Mistakes::default();
        let value =
            json!({ "n": "7", "yes": "true", "map": { "a": 1 }, "wrong": [], "null": null, "one": "x" });
        let node = Node { value: &value, at: "R".to_owned(), mistakes: &mistakes };
        assert_eq!((node.number("n"), node.flag("yes")), (Some(7), Some(true)));
        assert_eq!(node.pairs("map"), [("a".to_owned(), "1".to_owned())]);
        assert_eq!(node.texts("one"), ["x"]);
        assert_eq!((node.needed("null"), mistakes.all().len()), (String::new(), 0));
        node.number("wrong");
        node.needed("gone");
        assert_eq!(mistakes.all(), ["R.wrong: is no whole number", "R: has no gone"]);
    }
}
