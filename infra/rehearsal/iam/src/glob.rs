//! Wildcards: `*` for any characters, `?` for any one.

/// Parts of an ARN: `arn:partition:service:region:account:resource`.
const PARTS: usize = 6;

/// Whether a pattern covers a text, letter by letter.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where the last star stands, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&c) if c == '?' || c == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// The same whatever the case of letters, as for actions.
pub(crate) fn matches_any_case(pattern: &str, text: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Whether a pattern of ARNs covers one. Each of the six parts is matched on its own, so that a star for a name never
/// reaches into the account; `*` alone covers everything, even a request that is about no resource.
pub(crate) fn matches_arn(pattern: &str, arn: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let wanted: Vec<&str> = pattern.splitn(PARTS, ':').collect();
    let found: Vec<&str> = arn.splitn(PARTS, ':').collect();
    wanted.len() == PARTS
        && found.len() == PARTS
        && wanted.iter().zip(found).all(|(pattern, part)| matches(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("*", ""),
            ("*", "x"),
            ("a*c", "abbbc"),
            ("a*b*c", "aXbYbZc"),
            ("?b", "ab"),
            ("a**", "a"),
            ("service/*/web-?", "service/main/web-1"),
        ] {
            assert!(matches(pattern, text), "{pattern} covers {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("a*c", "abb"), ("?", ""), ("A", "a"), ("a?", "a")] {
            assert!(!matches(pattern, text), "{pattern} does not cover {text}");
        }
        assert!(matches_any_case("ECS:describe*", "ecs:DescribeServices"));
    }

    #[test]
    fn a_star_stays_in_its_part_of_the_arn() {
        let service = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
        assert!(matches_arn("*", service) && matches_arn("*", "*"));
        assert!(matches_arn("arn:aws:ecs:*:*:service/shop/*", service));
        assert!(!matches_arn("arn:aws:ecs:us-east-1:*", service), "four parts are no ARN");
        assert!(!matches_arn("arn:aws:*:service/shop/web", service));
        assert!(!matches_arn("arn:aws:ecs:us-east-1:210987654321:service/*", service));
        assert!(!matches_arn("arn:aws:ecs:us-east-1:123456789012:*", "*"), "no resource is not any resource");
        let execution = "arn:aws:states:us-east-1:123456789012:execution:deploy:web-1";
        assert!(matches_arn("arn:aws:states:us-east-1:123456789012:execution:deploy:*", execution));
    }
}
