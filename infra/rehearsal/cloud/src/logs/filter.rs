//! Filter patterns for text: words, "phrases", `?one ?or ?another`, `-without`. Pure.

/// A checked filter pattern.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Filter {
    /// Checks a pattern; what is wrong with it otherwise.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let pattern = pattern.trim();
        if pattern.starts_with(['{', '[', '%']) {
            return Err("Invalid filter pattern: the rehearsal filters by words and phrases only".to_owned());
        }
        let mut filter = Self::default();
        let mut rest = pattern;
        while !rest.is_empty() {
            let (list, after) = match rest.as_bytes()[0] {
                b'?' => (&mut filter.any, &rest[1..]),
                b'-' => (&mut filter.none, &rest[1..]),
                _ => (&mut filter.all, rest),
            };
            let (term, after) = match after.strip_prefix('"') {
                Some(quoted) => {
                    quoted.split_once('"').ok_or("Invalid filter pattern: a quote is not closed")?
                }
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            list.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(filter)
    }

    /// Whether a line is wanted. Case matters.
    pub(super) fn matches(&self, line: &str) -> bool {
        self.all.iter().all(|term| line.contains(term))
            && (self.any.is_empty() || self.any.iter().any(|term| line.contains(term)))
            && !self.none.iter().any(|term| line.contains(term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_phrases_alternatives_and_exclusions() {
        let matches = |pattern: &str, line: &str| Filter::parse(pattern).unwrap().matches(line);
        assert!(matches("", "anything"));
        assert!(matches("ERROR \"exit code\"", "ERROR with exit code 3"));
        assert!(!matches("ERROR \"exit code\"", "ERROR code exit"));
        assert!(matches("?ERROR ?WARN", "a WARN line") && !matches("?ERROR ?WARN", "an INFO line"));
        assert!(!matches("line -WARN", "a WARN line"));
        assert!(Filter::parse("{ $.level = \"ERROR\" }").is_err());
        assert!(Filter::parse("\"open").is_err());
    }
}
