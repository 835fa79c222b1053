//! Conditions of rules: which requests a rule is for.

use super::{input, refuse};
use http::header::{self, HeaderName};
use http::request::Parts;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// The longest pattern.
const PATTERN: usize = 128;
/// The longest name of a header or a method.
const NAME: usize = 40;
/// Values of all conditions of a rule.
const VALUES: usize = 5;
/// Wildcards in them.
const WILDCARDS: usize = 6;

/// What must hold of a request; of several values one suffices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Path(Vec<String>),
    Host(Vec<String>),
    Method(Vec<String>),
    Header {
        name: HeaderName,
        told: String,
        values: Vec<String>,
    },
    /// Key, if given, and value.
    Query(Vec<(Option<String>, String)>),
}

impl Condition {
    /// What a request is compared with, each key and each value for itself.
    fn values(&self) -> Vec<&str> {
        match self {
            Self::Path(values) | Self::Host(values) | Self::Method(values) | Self::Header { values, .. } => {
                values.iter().map(String::as_str).collect()
            }
            Self::Query(pairs) => pairs.iter().map(|(_, value)| value.as_str()).collect(),
        }
    }

    fn is_path(&self) -> bool {
        matches!(self, Self::Path(_))
    }

    fn is_host(&self) -> bool {
        matches!(self, Self::Host(_))
    }

    fn is_method(&self) -> bool {
        matches!(self, Self::Method(_))
    }

    pub(crate) fn matches(&self, parts: &Parts) -> bool {
        match self {
            Self::Path(patterns) => any(patterns, parts.uri.path(), false),
            Self::Host(patterns) => any(patterns, host(parts), true),
            Self::Method(methods) => methods.iter().any(|method| method == parts.method.as_str()),
            Self::Header { name, values, .. } => {
                let found = parts.headers.get_all(name).iter();
                found.filter_map(|value| value.to_str().ok()).any(|value| any(values, value, true))
            }
            Self::Query(wanted) => {
                let pairs = || {
                    parts
                        .uri
                        .query()
                        .unwrap_or_default()
                        .split('&')
                        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                };
                wanted.iter().any(|(key, value)| {
                    pairs().any(|(k, v)| {
                        key.as_ref().is_none_or(|key| like(key, k, true)) && like(value, v, true)
                    })
                })
            }
        }
    }
}

/// The host a request is for, without its port.
fn host(parts: &Parts) -> &str {
    let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = parts.uri.host().or(named).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

fn any(patterns: &[String], text: &str, fold: bool) -> bool {
    patterns.iter().any(|pattern| like(pattern, text, fold))
}

/// Whether a text is like a pattern, in which `*` stands for any letters and `?` for one.
///
/// Goes back only to the latest star, so that no pattern takes more than length × length steps.
fn like(pattern: &str, text: &str, fold: bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let same = |p: u8, t: u8| p == b'?' || p == t || (fold && p.eq_ignore_ascii_case(&t));
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|letter| same(*letter, text[t])) {
            p += 1;
            t += 1;
        } else if let Some((after, from)) = star {
            star = Some((after, from + 1));
            p = after + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

/// Reads a whole list of conditions.
pub(crate) fn parse(input: &Value) -> Result<Vec<Condition>, ApiError> {
    let conditions = input::list(input, "Conditions");
    if conditions.is_empty() {
        return Err(refuse::validation("A condition must be specified"));
    }
    let conditions: Vec<Condition> = conditions.iter().map(parse_one).collect::<Result<_, _>>()?;
    vet(&conditions)?;
    Ok(conditions)
}

/// AWS's limits on the conditions of one rule together.
fn vet(conditions: &[Condition]) -> Result<(), ApiError> {
    let values: Vec<&str> = conditions.iter().flat_map(Condition::values).collect();
    if values.len() > VALUES {
        return Err(refuse::validation(format!("A rule can only have '{VALUES}' condition values")));
    }
    let wildcards: usize = values.iter().map(|value| value.matches(['*', '?']).count()).sum();
    if wildcards > WILDCARDS {
        return Err(refuse::validation(format!("A rule can only have '{WILDCARDS}' condition wildcards")));
    }
    for (field, of) in [
        ("path-pattern", Condition::is_path as fn(&Condition) -> bool),
        ("host-header", Condition::is_host),
        ("http-request-method", Condition::is_method),
    ] {
        if conditions.iter().filter(|condition| of(condition)).count() > 1 {
            return Err(refuse::validation(format!("A rule can only have one '{field}' condition")));
        }
    }
    Ok(())
}

fn parse_one(condition: &Value) -> Result<Condition, ApiError> {
    match input::required(condition, "Field")? {
        "path-pattern" => values(condition, "PathPatternConfig").map(Condition::Path),
        "host-header" => {
            let hosts = values(condition, "HostHeaderConfig")?;
            match hosts.iter().find(|host| !host.contains('.')) {
                Some(host) => Err(refuse::validation(format!("Host name '{host}' must include a '.'"))),
                None => Ok(Condition::Host(hosts)),
            }
        }
        "http-request-method" => {
            let methods = values(condition, "HttpRequestMethodConfig")?;
            let legal = |c: char| c.is_ascii_uppercase() || c == '-' || c == '_';
            match methods.iter().find(|name| name.len() > NAME || !name.chars().all(legal)) {
                Some(name) => Err(refuse::validation(format!("'{name}' is not a valid HTTP request method"))),
                None => Ok(Condition::Method(methods)),
            }
        }
        "http-header" => {
            let config =
                condition.get("HttpHeaderConfig").ok_or_else(|| input::missing("HttpHeaderConfig"))?;
            let told = input::required(config, "HttpHeaderName")?;
            if told.len() > NAME || told.eq_ignore_ascii_case("host") {
                return Err(refuse::validation(format!(
                    "'{told}' cannot be an HTTP header condition: it has at most {NAME} characters, and hosts have a condition of their own"
                )));
            }
            let name = told
                .parse()
                .map_err(|_| refuse::validation(format!("'{told}' is not a valid HTTP header name")))?;
            Ok(Condition::Header {
                name,
                told: told.to_owned(),
                values: values(condition, "HttpHeaderConfig")?,
            })
        }
        "query-string" => {
            let config = condition.get("QueryStringConfig").unwrap_or(&Value::Null);
            let pairs: Vec<_> = input::list(config, "Values")
                .iter()
                .map(|pair| {
                    Ok((
                        input::text(pair, "Key").map(str::to_owned),
                        input::required(pair, "Value")?.to_owned(),
                    ))
                })
                .collect::<Result<_, ApiError>>()?;
            if pairs.is_empty() {
                return Err(refuse::validation("A condition value must be specified"));
            }
            Ok(Condition::Query(pairs))
        }
        other => Err(refuse::validation(format!("Condition field '{other}' is not offered here"))),
    }
}

/// The values of a condition, in its config or, as older clients send them, beside its field.
fn values(condition: &Value, config: &str) -> Result<Vec<String>, ApiError> {
    let regular = condition.get(config).map(|config| input::list(config, "RegexValues"));
    if regular.is_some_and(|values| !values.is_empty()) {
        return Err(refuse::validation("Regular expressions are not offered here; use Values"));
    }
    let mut values = condition.get(config).map(|config| input::texts(config, "Values")).unwrap_or_default();
    if values.is_empty() {
        values = input::texts(condition, "Values");
    }
    if values.is_empty() {
        return Err(refuse::validation("A condition value must be specified"));
    }
    if let Some(long) = values.iter().find(|value| value.len() > PATTERN) {
        return Err(refuse::validation(format!(
            "Condition value '{long}' is longer than {PATTERN} characters"
        )));
    }
    Ok(values)
}

/// The conditions as AWS tells them.
pub(crate) fn render(conditions: &[Condition]) -> Value {
    conditions
        .iter()
        .map(|condition| match condition {
            Condition::Path(values) => {
                json!({"Field": "path-pattern", "Values": values, "PathPatternConfig": {"Values": values}})
            }
            Condition::Host(values) => {
                json!({"Field": "host-header", "Values": values, "HostHeaderConfig": {"Values": values}})
            }
            Condition::Method(values) => {
                json!({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": values}})
            }
            Condition::Header { told, values, .. } => {
                json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": told, "Values": values}})
            }
            Condition::Query(pairs) => {
                let pairs: Vec<Value> = pairs
                    .iter()
                    .map(|(key, value)| match key {
                        Some(key) => json!({"Key": key, "Value": value}),
                        None => json!({"Value": value}),
                    })
                    .collect();
                json!({"Field": "query-string", "QueryStringConfig": {"Values": pairs}})
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn holds(condition: &Value, request: http::request::Builder) -> bool {
        let conditions = parse(&json!({"Conditions": [condition]})).expect("a condition");
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        conditions[0].matches(&parts)
    }

    #[test]
    fn patterns_know_stars_and_question_marks() {
        for (pattern, text) in
            [("*", ""), ("/a/*", "/a/"), ("/a/*/c", "/a/b/b/c"), ("/?", "/x"), ("*a*b", "aab")]
        {
            assert!(like(pattern, text, false), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("/a", "/a/"), ("/?", "/"), ("*a", "ab"), ("/A", "/a")] {
            assert!(!like(pattern, text, false), "{pattern} {text}");
        }
        assert!(like("WWW.*", "www.example", true));
    }

    #[test]
    fn each_field_looks_at_its_own_part() {
        let get = || Request::get("/img/a.png?v=2&x");
        assert!(holds(&json!({"Field": "path-pattern", "Values": ["/img/*"]}), get()));
        assert!(!holds(&json!({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/img"]}}), get()));
        let host = json!({"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}});
        assert!(holds(&host, get().header("host", "Shop.Example.com:8080")));
        assert!(!holds(&host, get().header("host", "example.com")));
        let header = json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Canary", "Values": ["y*"]}});
        assert!(holds(&header, get().header("x-canary", "yes")));
        assert!(!holds(&header, get()));
        assert!(holds(
            &json!({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}}),
            get()
        ));
        let query =
            json!({"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}});
        assert!(holds(&query, get()));
        assert!(!holds(&query, Request::get("/?v=3")));
    }

    #[test]
    fn a_rule_has_few_values_few_wildcards_and_one_condition_of_a_kind() {
        let path = |values: &[&str]| json!({"Field": "path-pattern", "Values": values});
        let header = |values: &[&str]| json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": values}});
        let said =
            |conditions: &[Value]| parse(&json!({"Conditions": conditions})).expect_err("refused").message;
        assert_eq!(
            said(&[path(&["/a", "/b", "/c"]), header(&["1", "2", "3"])]),
            "A rule can only have '5' condition values"
        );
        assert_eq!(
            said(&[path(&["/*/*/*/*"]), header(&["*?*"])]),
            "A rule can only have '6' condition wildcards"
        );
        assert_eq!(
            said(&[path(&["/a"]), path(&["/b"])]),
            "A rule can only have one 'path-pattern' condition"
        );
        parse(&json!({"Conditions": [path(&["/a/*", "/b"]), header(&["1"]), header(&["2", "3"])]}))
            .expect("enough");
    }

    #[test]
    fn what_is_told_can_be_sent_back() {
        let told = json!([{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}},
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["1"]}}]);
        let again = parse(&json!({"Conditions": told})).map(|conditions| render(&conditions));
        assert_eq!(again.expect("conditions"), told);
        for bad in [
            json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "Host", "Values": ["a"]}}),
            json!({"Field": "host-header", "Values": ["localhost"]}),
            json!({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}}),
            json!({"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["/a"]}}),
            json!({"Field": "source-ip"}),
            json!({"Field": "path-pattern"}),
            json!({}),
        ] {
            assert_eq!(parse(&json!({"Conditions": [bad]})).expect_err("refused").code, "ValidationError");
        }
    }
}
