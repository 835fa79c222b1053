//! The rule of a composite alarm: which states of which other alarms raise it. Pure.
//!
//! As CloudWatch's guide has it: `ALARM(x)`, `OK(x)`, `INSUFFICIENT_DATA(x)`, `TRUE` and `FALSE`, with `AND`, `OR`, `NOT` and
//! parentheses; an alarm by its name or its ARN, in quotes or without.

use super::rule::State;
use std::collections::BTreeSet;

/// How deep parentheses and negations may be nested.
const MAX_DEPTH: usize = 100;
/// What stands before an alarm's name in its ARN.
const IN_ARN: &str = ":alarm:";
/// A function that AWS has and that is not evaluated here.
const AT_LEAST: &str = "AT_LEAST";

/// An expression over the states of other alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// Always, or never.
    Constant(bool),
    /// Whether the alarm of that name is in that state.
    Is(State, String),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Expression {
    /// Reads a rule.
    ///
    /// # Errors
    /// What of it is not understood, or not evaluated here.
    pub(super) fn read(rule: &str) -> Result<Self, String> {
        let mut reader = Reader { tokens: tokens(rule)?, at: 0 };
        let expression = reader.either(0)?;
        match reader.tokens.get(reader.at) {
            None => Ok(expression),
            Some(token) => Err(format!("{} is not expected there", token.words())),
        }
    }

    /// The names of the alarms that it is about.
    pub(super) fn children(&self) -> BTreeSet<&str> {
        match self {
            Self::Constant(_) => BTreeSet::new(),
            Self::Is(_, name) => BTreeSet::from([name.as_str()]),
            Self::Not(inner) => inner.children(),
            Self::And(one, other) | Self::Or(one, other) => {
                one.children().into_iter().chain(other.children()).collect()
            }
        }
    }

    /// Whether it holds, given each alarm's state; one that is gone is in none.
    pub(super) fn holds(&self, state: &impl Fn(&str) -> Option<State>) -> bool {
        match self {
            Self::Constant(holds) => *holds,
            Self::Is(wanted, name) => state(name) == Some(*wanted),
            Self::Not(inner) => !inner.holds(state),
            Self::And(one, other) => one.holds(state) && other.holds(state),
            Self::Or(one, other) => one.holds(state) || other.holds(state),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// A word, or whatever stands in quotes.
    Word(String),
}

impl Token {
    fn words(&self) -> String {
        match self {
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::Word(word) => word.clone(),
        }
    }
}

fn tokens(rule: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = rule.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '(' | ')' => {
                tokens.push(if first == '(' { Token::Open } else { Token::Close });
                &rest[1..]
            }
            '"' => {
                let (quoted, after) =
                    rest[1..].split_once('"').ok_or("a quotation mark is not closed".to_owned())?;
                tokens.push(Token::Word(quoted.to_owned()));
                after
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_owned()));
                &rest[end..]
            }
        }
        .trim_start();
    }
    Ok(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    /// Passes a word, if it is next.
    fn passes(&mut self, word: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some(Token::Word(next)) if next == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        if self.tokens.get(self.at) != Some(token) {
            return Err(format!("{} is missing", token.words()));
        }
        self.at += 1;
        Ok(())
    }

    fn either(&mut self, depth: usize) -> Result<Expression, String> {
        let mut all = self.both(depth)?;
        while self.passes("OR") {
            all = Expression::Or(Box::new(all), Box::new(self.both(depth)?));
        }
        Ok(all)
    }

    fn both(&mut self, depth: usize) -> Result<Expression, String> {
        let mut all = self.one(depth)?;
        while self.passes("AND") {
            all = Expression::And(Box::new(all), Box::new(self.one(depth)?));
        }
        Ok(all)
    }

    fn one(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH}"));
        }
        if self.passes("NOT") {
            return Ok(Expression::Not(Box::new(self.one(depth + 1)?)));
        }
        let token = self.tokens.get(self.at).cloned().ok_or("something is missing at its end")?;
        self.at += 1;
        match token {
            Token::Open => {
                let inner = self.either(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("TRUE") => Ok(Expression::Constant(true)),
            Token::Word(word) if word.eq_ignore_ascii_case("FALSE") => Ok(Expression::Constant(false)),
            Token::Word(word) if word == AT_LEAST => Err(format!("{AT_LEAST} is not evaluated here")),
            Token::Word(word) => {
                let state = State::parse(&word).ok_or_else(|| format!("{word} is no function"))?;
                self.expect(&Token::Open)?;
                let Some(Token::Word(alarm)) = self.tokens.get(self.at).cloned() else {
                    return Err(format!("{word} names no alarm"));
                };
                self.at += 1;
                self.expect(&Token::Close)?;
                let name = alarm.split_once(IN_ARN).map_or(alarm.as_str(), |(_, name)| name);
                Ok(Expression::Is(state, name.to_owned()))
            }
            Token::Close => Err(") is not expected there".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(rule: &str) -> bool {
        let state = |name: &str| match name {
            "red" => Some(State::Alarm),
            "well" => Some(State::Ok),
            "new alarm" => Some(State::InsufficientData),
            _ => None,
        };
        Expression::read(rule).unwrap().holds(&state)
    }

    #[test]
    fn states_are_combined() {
        for rule in [
            "ALARM(red)",
            "ALARM(\"red\") AND OK(\"well\")",
            "NOT ALARM(well) AND (FALSE OR ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:red))",
            "INSUFFICIENT_DATA(\"new alarm\")",
            "ALARM(well) AND FALSE OR true",
        ] {
            assert!(holds(rule), "{rule}");
        }
        for rule in [
            "OK(red)",
            "ALARM(gone) OR OK(gone)",
            "NOT (ALARM(red) OR ALARM(well))",
            "ALARM(red) AND ALARM(well)",
        ] {
            assert!(!holds(rule), "{rule}");
        }
    }

    #[test]
    fn its_children_are_known() {
        let rule = Expression::read("ALARM(a) OR NOT (OK(\"b\") AND ALARM(a))").unwrap();
        assert_eq!(rule.children().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        for (rule, part) in [
            ("", "missing"),
            ("ALARM(a", ") is missing"),
            ("ALARM a", "( is missing"),
            ("ALARM()", "names no alarm"),
            ("ALARM(a) OK(b)", "not expected"),
            ("RED(a)", "RED is no function"),
            ("ALARM(\"a)", "not closed"),
            ("AT_LEAST(1, ALARM, (a, b))", "not evaluated here"),
            ("ALARM(a) AND", "missing"),
            (&"(".repeat(200), "nested"),
        ] {
            let why = Expression::read(rule).unwrap_err();
            assert!(why.contains(part), "{rule}: {why}");
        }
    }
}
