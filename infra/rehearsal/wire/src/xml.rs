//! The query protocol's answers. Owns: element names, `member` and `entry`, escaping.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::model::{Kind, Model, Reference, Shape, TimestampFormat};
use crate::time;

/// An XML document in the making.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    /// The document.
    pub fn finish(self) -> String {
        self.text
    }

    /// An element with what `inside` writes.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.open(name);
        inside(self);
        self.close(name);
    }

    /// The outermost element, which names the API's namespace, if it is known which API is meant.
    pub fn root(&mut self, name: &str, model: Option<&Model>, inside: impl FnOnce(&mut Self)) {
        match model.and_then(|model| model.metadata.xml_namespace.as_deref()) {
            Some(namespace) => {
                let _ = write!(self.text, "<{name} xmlns=\"{}\">", escape(namespace));
            }
            None => self.open(name),
        }
        inside(self);
        self.close(name);
    }

    /// An element with text only.
    pub fn text(&mut self, name: &str, text: &str) {
        self.element(name, |xml| xml.text.push_str(&escape(text)));
    }

    /// The members of a structure, without an element around them.
    pub fn members(&mut self, model: &Model, shape: &Shape, members: &Map<String, Value>) {
        for (name, value) in members {
            if let Some(member) = shape.members.get(name) {
                self.member(model, member, member.wire_name(name), value);
            }
        }
    }

    fn member(&mut self, model: &Model, member: &Reference, name: &str, value: &Value) {
        let shape = model.shape(&member.shape);
        let flat = shape.flattened || member.flattened;
        match (shape.kind, value) {
            (Kind::List, Value::Array(elements)) if flat => {
                let own_name = model.element(shape).map_or(name, |(element, _)| element.wire_name(name));
                self.elements(model, shape, own_name, elements);
            }
            (Kind::Map, Value::Object(entries)) if flat => self.entries(model, shape, name, entries),
            _ => {
                let format = member.timestamp_format.or(shape.timestamp_format);
                self.element(name, |xml| xml.content(model, shape, format, value));
            }
        }
    }

    fn content(&mut self, model: &Model, shape: &Shape, format: Option<TimestampFormat>, value: &Value) {
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.members(model, shape, members),
            (Kind::List, Value::Array(elements)) => {
                let name = model.element(shape).map_or("member", |(element, _)| element.wire_name("member"));
                self.elements(model, shape, name, elements);
            }
            (Kind::Map, Value::Object(entries)) => self.entries(model, shape, "entry", entries),
            (Kind::Timestamp, Value::Number(number)) => {
                let format = format.unwrap_or(TimestampFormat::Iso8601);
                let text = number.as_f64().and_then(|seconds| time::text(seconds, format));
                self.text.push_str(&text.unwrap_or_default());
            }
            (_, Value::String(text)) => self.text.push_str(&escape(text)),
            (_, other) => self.text.push_str(&escape(&other.to_string())),
        }
    }

    fn elements(&mut self, model: &Model, list: &Shape, name: &str, elements: &[Value]) {
        if let Some((element, shape)) = model.element(list) {
            let format = element.timestamp_format.or(shape.timestamp_format);
            for value in elements {
                self.element(name, |xml| xml.content(model, shape, format, value));
            }
        }
    }

    fn entries(&mut self, model: &Model, map: &Shape, name: &str, entries: &Map<String, Value>) {
        let (Some((key, _)), Some((value, _))) = (model.key(map), model.value(map)) else { return };
        for (key_text, inner) in entries {
            self.element(name, |xml| {
                xml.text(key.wire_name("key"), key_text);
                xml.member(model, value, value.wire_name("value"), inner);
            });
        }
    }

    fn open(&mut self, name: &str) {
        let _ = write!(self.text, "<{name}>");
    }

    fn close(&mut self, name: &str) {
        let _ = write!(self.text, "</{name}>");
    }
}

/// Text as XML 1.0 can hold it: a carriage return would be read back as a line feed, and other control
/// characters have no form at all.
fn escape(text: &str) -> String {
    let escaped = quick_xml::escape::escape(text);
    let mut kept = String::with_capacity(escaped.len());
    for character in escaped.chars() {
        match character {
            '\r' => kept.push_str("&#13;"),
            '\t' | '\n' => kept.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => kept.push(char::REPLACEMENT_CHARACTER),
            other => kept.push(other),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    fn members(service: Service, shape: &str, value: &Value) -> String {
        let model = service.model();
        let mut xml = Xml::default();
        xml.members(model, model.shape(shape), value.as_object().expect("an object"));
        xml.finish()
    }

    #[test]
    fn lists_maps_and_timestamps() {
        let groups = json!({"TargetGroups": [{"Port": 80, "LoadBalancerArns": []}]});
        assert_eq!(
            members(Service::Elbv2, "DescribeTargetGroupsOutput", &groups),
            "<TargetGroups><member><LoadBalancerArns></LoadBalancerArns><Port>80</Port></member></TargetGroups>"
        );
        let balancer = json!({"LoadBalancers": [{"CreatedTime": 0.5, "LoadBalancerName": "a<b&\r"}]});
        assert_eq!(
            members(Service::Elbv2, "DescribeLoadBalancersOutput", &balancer),
            "<LoadBalancers><member><CreatedTime>1970-01-01T00:00:00.500Z</CreatedTime>\
             <LoadBalancerName>a&lt;b&amp;&#13;</LoadBalancerName></member></LoadBalancers>"
        );
        let subscribed = json!({"Attributes": {"k": "v"}});
        assert_eq!(
            members(Service::Sns, "CreateTopicInput", &subscribed),
            "<Attributes><entry><key>k</key><value>v</value></entry></Attributes>"
        );
    }
}
