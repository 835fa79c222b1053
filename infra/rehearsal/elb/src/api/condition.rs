//! Conditions of rules: which requests a rule is for.

use super::{input, refuse};
use http::header::{self, HeaderName};
use http::request::Parts;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// The longest pattern.
const PATTERN: usize = 128;

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
    conditions.iter().map(parse_one).collect()
}

fn parse_one(condition: &Value) -> Result<Condition, ApiError> {
    match input::required(condition, "Field")? {
        "path-pattern" => values(condition, "PathPatternConfig").map(Condition::Path),
        "host-header" => values(condition, "HostHeaderConfig").map(Condition::Host),
        "http-request-method" => values(condition, "HttpRequestMethodConfig").map(Condition::Method),
        "http-header" => {
            let config =
                condition.get("HttpHeaderConfig").ok_or_else(|| input::missing("HttpHeaderConfig"))?;
            let told = input::required(config, "HttpHeaderName")?;
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
    fn what_is_told_can_be_sent_back() {
        let told = json!([{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}},
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["1"]}}]);
        let again = parse(&json!({"Conditions": told})).map(|conditions| render(&conditions));
        assert_eq!(again.expect("conditions"), told);
        for bad in [json!({"Field": "source-ip"}), json!({"Field": "path-pattern"}), json!({})] {
            assert_eq!(parse(&json!({"Conditions": [bad]})).expect_err("refused").code, "ValidationError");
        }
    }
}
