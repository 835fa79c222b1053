//! CloudFormation's functions, evaluated. What cannot be evaluated becomes null and a mistake.

use super::parameter::text_of;
use super::scope::Scope;
use super::yaml::under;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

impl Scope<'_> {
    /// The value of a node; nothing where it is `AWS::NoValue`.
    pub(super) fn resolve(&self, node: &Value, at: &str) -> Option<Value> {
        match node {
            Value::Object(members) => match function_of(members) {
                Some((name, argument)) => self.evaluate(name, argument, at),
                None => Some(Value::Object(self.resolve_members(members, at))),
            },
            Value::Array(items) => Some(Value::Array(
                (items.iter().enumerate())
                    .filter_map(|(index, item)| self.resolve(item, &under(at, &index.to_string())))
                    .collect(),
            )),
            Value::Null => {
                self.mistakes.add(at, "is null, which templates may not be");
                Some(Value::Null)
            }
            scalar => Some(scalar.clone()),
        }
    }

    fn resolve_members(&self, members: &Map<String, Value>, at: &str) -> Map<String, Value> {
        members
            .iter()
            .filter_map(|(name, member)| Some((name.clone(), self.resolve(member, &under(at, name))?)))
            .collect()
    }

    fn evaluate(&self, name: &str, argument: &Value, at: &str) -> Option<Value> {
        match name {
            "Ref" => match argument.as_str() {
                Some(name) => self.reference(name, at),
                None => Some(self.wrong(at, "Ref takes a name")),
            },
            "Fn::If" => self.choose(argument, at),
            "Fn::GetAtt" => Some(self.get_att(argument, at)),
            "Fn::Sub" => Some(self.sub(argument, at)),
            "Fn::Join" => Some(self.join(argument, at)),
            "Fn::Split" => Some(self.split(argument, at)),
            "Fn::Select" => Some(self.select(argument, at)),
            "Fn::FindInMap" => Some(self.find_in_map(argument, at)),
            "Fn::Base64" => {
                let text = self.resolve(argument, at).as_ref().and_then(text_of);
                Some(text.map_or(Value::Null, |text| BASE64.encode(text).into()))
            }
            other => Some(self.wrong(at, &format!("uses {other}, which the rehearsal does not know"))),
        }
    }

    fn choose(&self, argument: &Value, at: &str) -> Option<Value> {
        let [condition, yes, no] = array(argument) else {
            return Some(self.wrong(at, "Fn::If takes a condition and two values"));
        };
        let Some(condition) = condition.as_str() else {
            return Some(self.wrong(at, "Fn::If takes a condition's name"));
        };
        self.resolve(if self.condition(condition, at) { yes } else { no }, at)
    }

    fn get_att(&self, argument: &Value, at: &str) -> Value {
        let parts = match argument {
            Value::String(text) => text.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())),
            Value::Array(parts) => match &parts[..] {
                [Value::String(resource), attribute] => {
                    let attribute = self.resolve(attribute, at).as_ref().and_then(text_of);
                    attribute.map(|attribute| (resource.clone(), attribute))
                }
                _ => None,
            },
            _ => None,
        };
        match parts {
            Some((resource, attribute)) => self.attribute(&resource, &attribute, at),
            None => self.wrong(at, "Fn::GetAtt takes a resource and an attribute"),
        }
    }

    fn sub(&self, argument: &Value, at: &str) -> Value {
        let (text, variables) = match argument {
            Value::String(text) => (text.as_str(), Map::new()),
            Value::Array(parts) => match &parts[..] {
                [Value::String(text), Value::Object(variables)] => {
                    (text.as_str(), self.resolve_members(variables, at))
                }
                _ => return self.wrong(at, "Fn::Sub takes a text, or a text and its variables"),
            },
            _ => return self.wrong(at, "Fn::Sub takes a text, or a text and its variables"),
        };
        let mut made = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            made.push_str(&rest[..start]);
            let Some(length) = rest[start..].find('}') else {
                return self.wrong(at, "Fn::Sub has a ${ without its }");
            };
            let name = rest[start + 2..start + length].trim();
            rest = &rest[start + length + 1..];
            if let Some(literal) = name.strip_prefix('!') {
                made.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = match (variables.get(name), name.split_once('.')) {
                (Some(value), _) => value.clone(),
                (None, Some((resource, attribute))) => self.attribute(resource, attribute, at),
                (None, None) => self.reference(name, at).unwrap_or(Value::Null),
            };
            match text_of(&value) {
                Some(text) => made.push_str(&text),
                // Null has been told already, by whoever made it.
                None if value.is_null() => return Value::Null,
                None => return self.wrong(at, &format!("Fn::Sub cannot put {name} into a text")),
            }
        }
        made.push_str(rest);
        made.into()
    }

    fn join(&self, argument: &Value, at: &str) -> Value {
        let [Value::String(delimiter), list] = array(argument) else {
            return self.wrong(at, "Fn::Join takes a delimiter and a list");
        };
        let Some(Value::Array(items)) = self.resolve(list, at) else {
            return self.wrong(at, "Fn::Join takes a list");
        };
        let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
        match texts {
            Some(texts) => texts.join(delimiter).into(),
            None if items.iter().any(Value::is_null) => Value::Null,
            None => self.wrong(at, "Fn::Join takes a list of texts"),
        }
    }

    fn split(&self, argument: &Value, at: &str) -> Value {
        let [Value::String(delimiter), text] = array(argument) else {
            return self.wrong(at, "Fn::Split takes a delimiter and a text");
        };
        match self.resolve(text, at) {
            Some(Value::String(text)) if !delimiter.is_empty() => {
                text.split(delimiter.as_str()).map(Value::from).collect()
            }
            Some(Value::Null) => Value::Null,
            _ => self.wrong(at, "Fn::Split takes a delimiter and a text"),
        }
    }

    fn select(&self, argument: &Value, at: &str) -> Value {
        let [index, list] = array(argument) else {
            return self.wrong(at, "Fn::Select takes an index and a list");
        };
        let index = self.resolve(index, at).as_ref().and_then(text_of).and_then(|text| text.parse().ok());
        let list = self.resolve(list, at);
        if list == Some(Value::Null) {
            return Value::Null;
        }
        let found = index.zip(list.as_ref()).and_then(|(index, list): (usize, _)| list.get(index));
        found.cloned().unwrap_or_else(|| self.wrong(at, "Fn::Select finds nothing at its index"))
    }

    fn find_in_map(&self, argument: &Value, at: &str) -> Value {
        let [map, first, second] = array(argument) else {
            return self.wrong(at, "Fn::FindInMap takes a map and two keys");
        };
        let key = |node| self.resolve(node, at).as_ref().and_then(text_of).unwrap_or_default();
        let (map, first, second) = (key(map), key(first), key(second));
        let found = self.mappings.get(&map).and_then(|map| map.get(&first)?.get(&second));
        found
            .cloned()
            .unwrap_or_else(|| self.wrong(at, &format!("there is no {map}.{first}.{second} in Mappings")))
    }

    /// Whether a condition's node holds.
    pub(super) fn holds(&self, node: &Value, at: &str) -> bool {
        let single = node.as_object().filter(|members| members.len() == 1);
        let Some((name, argument)) = single.and_then(|members| members.iter().next()) else {
            self.mistakes.add(at, "is no condition");
            return false;
        };
        let all = array(argument);
        match (name.as_str(), all) {
            ("Condition", _) => argument.as_str().is_some_and(|name| self.condition(name, at)),
            ("Fn::Not", [one]) => !self.holds(one, at),
            // Every part is looked at, so that the mistakes of all of them are found.
            ("Fn::And", [_, ..]) => all.iter().filter(|one| self.holds(one, at)).count() == all.len(),
            ("Fn::Or", [_, ..]) => all.iter().filter(|one| self.holds(one, at)).count() > 0,
            ("Fn::Equals", [left, right]) => {
                let text = |node| self.resolve(node, at).as_ref().and_then(text_of);
                text(left) == text(right)
            }
            (other, _) => {
                self.mistakes.add(at, format!("{other} is no condition, or has the wrong number of parts"));
                false
            }
        }
    }

    fn wrong(&self, at: &str, what: &str) -> Value {
        self.mistakes.add(at, what);
        Value::Null
    }
}

/// A map of one member whose name is that of a function.
fn function_of(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use crate::account::Account;
    use crate::template::mistake::Mistakes;
    use crate::template::scope::Scope;
    use crate::template::yaml;
    use serde_json::{Value, json};

    const DOCUMENT: &str = "
Mappings:
  Size: { arm64: { memory: 128 } }
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Busy: !And [!Condition Prod, !Not [!Equals [a, b]]]
  Either: !Or [!Condition Prod, !Equals [x, y]]
  Round: !Condition Round
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub '${AWS::StackName}-dead' } }
  Table: { Type: AWS::DynamoDB::Table }
  Gone: { Type: AWS::SNS::Topic, Condition: Either }
";

    fn resolve(stage: &str, text: &str) -> (Value, Vec<String>) {
        let (mistakes, account) = (Mistakes::default(), Account::default());
        let document = yaml::read(DOCUMENT, &mistakes).unwrap();
        let parameters = [("Stage".to_owned(), json!(stage)), ("List".to_owned(), json!(["a", "b"]))];
        let scope = Scope::new(&account, "s", parameters.into(), document.as_object().unwrap(), &mistakes);
        let node = yaml::read(text, &mistakes).unwrap();
        (scope.resolve(&node, "here").unwrap_or(json!("NoValue")), mistakes.all())
    }

    fn value(stage: &str, text: &str) -> Value {
        let (value, mistakes) = resolve(stage, text);
        assert_eq!(mistakes, [""; 0]);
        value
    }

    #[test]
    fn names_stand_for_what_they_should() {
        assert_eq!(value("prod", "!Ref Queue"), "https://sqs.us-east-1.amazonaws.com/123456789012/s-dead");
        assert_eq!(value("prod", "!GetAtt Queue.Arn"), "arn:aws:sqs:us-east-1:123456789012:s-dead");
        let name = value("prod", "!Ref Table");
        assert!(name.as_str().unwrap().starts_with("s-Table-") && name == value("prod", "{ Ref: Table }"));
        let arn = value("prod", "!Sub 'arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*/${!x}'");
        assert_eq!(arn, "arn:aws:ecs:us-east-1:123456789012:*/${x}");
        assert_eq!(value("prod", "!Sub ['${a} ${Queue.QueueName}', { a: !Ref Stage }]"), "prod s-dead");
    }

    #[test]
    fn functions_give_their_values() {
        assert_eq!(value("prod", "!Join [',', !Ref List]"), "a,b");
        assert_eq!(value("prod", "!Select [1, !Split ['-', x-y]]"), "y");
        assert_eq!(value("prod", "!FindInMap [Size, arm64, memory]"), 128);
        assert_eq!(
            value("prod", "{ a: !If [Busy, 1, 2], b: !If [Either, !Ref AWS::NoValue, 2] }"),
            json!({ "a": 1 })
        );
        assert_eq!(value("test", "[!If [Busy, 1, 2], !If [Either, 3, !Ref AWS::NoValue]]"), json!([2]));
        assert_eq!(
            value("prod", "{ Condition: { StringEquals: { x: y } } }")["Condition"]["StringEquals"]["x"],
            "y"
        );
    }

    #[test]
    fn mistakes_say_where() {
        let mistakes = |stage, text| resolve(stage, text).1;
        assert_eq!(
            mistakes("prod", "{ a: [!Ref Nope] }"),
            ["here.a.0: Nope is neither a parameter nor a resource"]
        );
        assert_eq!(mistakes("prod", "!Sub '${Queue.Nope}'"), ["here: Queue has no attribute Nope"]);
        assert_eq!(mistakes("test", "!Ref Gone"), ["here: Gone does not exist, because Either is false"]);
        assert_eq!(mistakes("prod", "!If [Nope, 1, 2]"), ["here: there is no condition Nope"]);
        assert_eq!(
            mistakes("prod", "!If [Round, 1, 2]"),
            ["Conditions.Round: refers to itself, or to what refers to it"]
        );
        assert_eq!(mistakes("prod", "!Select [5, [a]]"), ["here: Fn::Select finds nothing at its index"]);
        assert_eq!(
            mistakes("prod", "{ Fn::Cidr: x }"),
            ["here: uses Fn::Cidr, which the rehearsal does not know"]
        );
        assert_eq!(mistakes("prod", "{ a: ~ }"), ["here.a: is null, which templates may not be"]);
    }
}
