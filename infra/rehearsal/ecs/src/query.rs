//! The cluster query language, as far as it is spoken here: which container instances an expression means. Pure.
//!
//! Subjects are `attribute:NAME`, `ec2InstanceId` and `agentConnected`; tests are `==`, `!=`, `in`, `not_in`, `exists` and
//! `not_exists`, by AWS's other names as well; `and`, `or`, `not` and brackets put them together. What AWS knows besides
//! (`task:group`, `=~`, `<` and so on) is refused.

use std::collections::BTreeMap;

/// AWS's bound on an expression.
const LONGEST: usize = 2_000;

/// What is known of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) ec2_id: String,
    pub(crate) connected: bool,
    /// Some have no value.
    pub(crate) attributes: BTreeMap<String, Option<String>>,
}

/// An expression that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// The subject's value is one of these.
    In(Subject, Vec<String>),
    Exists(Subject),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Attribute(String),
    Ec2InstanceId,
    AgentConnected,
}

impl Expression {
    /// Reads one.
    ///
    /// # Errors
    /// What is not understood, in words.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let whole = |why: String| format!("the expression '{text}' cannot be played here: {why}");
        if text.is_empty() || text.len() > LONGEST {
            return Err(whole(format!("it has between 1 and {LONGEST} characters")));
        }
        let mut words = Words { words: split(text), at: 0 };
        let read = any(&mut words).map_err(whole)?;
        match words.next() {
            None => Ok(read),
            Some(word) => Err(whole(format!("'{word}' comes after its end"))),
        }
    }

    /// Whether an instance is meant. Without a value, nothing is equal and nothing is in a list.
    pub(crate) fn means(&self, facts: &Facts) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.means(facts)),
            Self::Any(any) => any.iter().any(|one| one.means(facts)),
            Self::Not(one) => !one.means(facts),
            Self::In(subject, values) => subject.value(facts).is_some_and(|value| values.contains(&value)),
            Self::Exists(Subject::Attribute(name)) => facts.attributes.contains_key(name),
            Self::Exists(subject) => subject.value(facts).is_some(),
        }
    }
}

impl Subject {
    fn value(&self, facts: &Facts) -> Option<String> {
        match self {
            Self::Attribute(name) => facts.attributes.get(name).cloned().flatten(),
            Self::Ec2InstanceId => Some(facts.ec2_id.clone()),
            Self::AgentConnected => Some(facts.connected.to_string()),
        }
    }
}

struct Words {
    words: Vec<String>,
    at: usize,
}

impl Words {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    /// Goes past the next word if it is one of these.
    fn takes(&mut self, names: &[&str]) -> bool {
        let is_one = self.peek().is_some_and(|word| names.contains(&word));
        self.at += usize::from(is_one);
        is_one
    }
}

/// Words, and marks that are words of their own.
fn split(text: &str) -> Vec<String> {
    const MARKS: [&str; 14] = ["&&", "||", "==", "!=", "=~", "!~", ">=", "<=", "(", ")", "[", "]", ",", "!"];
    let mut words = vec![String::new()];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
            words.extend([mark.to_owned(), String::new()]);
            rest = &rest[mark.len()..];
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match words.last_mut() {
            Some(word) if !first.is_whitespace() => word.push(first),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn any(words: &mut Words) -> Result<Expression, String> {
    let mut parts = vec![all(words)?];
    while words.takes(&["or", "||"]) {
        parts.push(all(words)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
}

fn all(words: &mut Words) -> Result<Expression, String> {
    let mut parts = vec![one(words)?];
    while words.takes(&["and", "&&"]) {
        parts.push(one(words)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
}

fn one(words: &mut Words) -> Result<Expression, String> {
    if words.takes(&["not", "!"]) {
        return one(words).map(|inner| Expression::Not(Box::new(inner)));
    }
    if words.takes(&["("]) {
        let inner = any(words)?;
        return if words.takes(&[")"]) { Ok(inner) } else { Err("a bracket is not closed".to_owned()) };
    }
    test(words)
}

fn test(words: &mut Words) -> Result<Expression, String> {
    let name = words.next().ok_or("it ends where a subject should be")?;
    let subject = match name.as_str() {
        "ec2InstanceId" => Subject::Ec2InstanceId,
        "agentConnected" => Subject::AgentConnected,
        other => match other.strip_prefix("attribute:").filter(|attribute| !attribute.is_empty()) {
            Some(attribute) => Subject::Attribute(attribute.to_owned()),
            None => {
                return Err(format!(
                    "the subject '{other}' is none of attribute:NAME, ec2InstanceId, agentConnected"
                ));
            }
        },
    };
    let not = |inner| Expression::Not(Box::new(inner));
    let operator = words.next().ok_or_else(|| format!("nothing is said of '{name}'"))?;
    let negated = operator == "!" && ["in", "exists"].contains(&words.peek().unwrap_or_default());
    let operator = if negated { format!("!{}", words.next().unwrap_or_default()) } else { operator };
    Ok(match operator.as_str() {
        "==" | "equals" => Expression::In(subject, vec![value(words)?]),
        "!=" | "not_equals" => not(Expression::In(subject, vec![value(words)?])),
        "in" => Expression::In(subject, values(words)?),
        "not_in" | "!in" => not(Expression::In(subject, values(words)?)),
        "exists" => Expression::Exists(subject),
        "not_exists" | "!exists" => not(Expression::Exists(subject)),
        other => {
            return Err(format!("the operator '{other}' is none of ==, !=, in, not_in, exists, not_exists"));
        }
    })
}

fn value(words: &mut Words) -> Result<String, String> {
    let word = words.next().filter(|word| word.chars().any(char::is_alphanumeric));
    word.ok_or_else(|| "a value is missing".to_owned())
}

fn values(words: &mut Words) -> Result<Vec<String>, String> {
    if !words.takes(&["["]) {
        return Err("a list is written [one, two]".to_owned());
    }
    let mut values = vec![value(words)?];
    while words.takes(&[","]) {
        values.push(value(words)?);
    }
    if words.takes(&["]"]) { Ok(values) } else { Err("a list is not closed".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let attributes = [("zone", Some("a")), ("stack", Some("prod")), ("gpu", None)];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        Facts { ec2_id: "i-1".to_owned(), connected: true, attributes: attributes.into() }
    }

    #[test]
    fn expressions_mean_instances() {
        for (text, means) in [
            ("attribute:stack == prod", true),
            ("attribute:stack equals test", false),
            ("attribute:stack != test", true),
            ("attribute:zone in [b, a]", true),
            ("attribute:zone not_in [b, a]", false),
            ("attribute:zone !in [b]", true),
            ("attribute:gpu exists", true),
            ("attribute:gpu == on", false),
            ("attribute:none !exists", true),
            ("attribute:none != x", true),
            ("ec2InstanceId in [i-1,i-2] and agentConnected == true", true),
            ("attribute:zone == b || attribute:stack==prod && !(attribute:gpu exists)", false),
            ("not(attribute:zone == b) and (attribute:stack == x or attribute:stack == prod)", true),
        ] {
            let read = Expression::read(text).unwrap_or_else(|why| panic!("{why}"));
            assert_eq!(read.means(&facts()), means, "{text}");
        }
    }

    #[test]
    fn what_is_not_spoken_is_refused_in_words() {
        for (text, why) in [
            ("task:group == service:web", "the subject 'task:group'"),
            ("attribute:ecs.instance-type =~ t2.*", "the operator '=~'"),
            ("runningTasksCount < 3", "the subject 'runningTasksCount'"),
            ("attribute:zone in a", "a list is written"),
            ("attribute:zone ==", "a value is missing"),
            ("(attribute:gpu exists", "a bracket is not closed"),
            ("attribute:gpu exists extra", "'extra' comes after its end"),
            ("", "between 1 and 2000"),
        ] {
            let said = Expression::read(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
