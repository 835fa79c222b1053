//! What somebody meant by a name that is not there.

/// Names alike in this part of their letters are offered.
const ALIKE: f64 = 0.7;
/// From so many letters on, a name with one letter wrong, missing or swapped is offered.
const SHORT: usize = 3;
/// Most names that are listed.
const MOST: usize = 12;

/// ` Did you mean X?`, if something is like it.
pub fn meant(given: &str, names: &[String]) -> Option<String> {
    let alike = |name: &String| {
        let (given, name) = (given.to_lowercase(), name.to_lowercase());
        // Of a short name one slip changes a third.
        let slip = name.len() >= SHORT && strsim::osa_distance(&given, &name) <= 1;
        if slip { 1.0 } else { strsim::jaro_winkler(&given, &name) }
    };
    let best = names.iter().map(|name| (alike(name), name)).filter(|(alike, _)| *alike >= ALIKE);
    let best = best.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!(" Did you mean {}?", best.1))
}

/// The names, or so many of them as a reader bears.
pub fn or_list(names: &[String]) -> String {
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_something_else_is_not() {
        let names = ["main/web".to_owned(), "main/api".to_owned()];
        assert_eq!(meant("main/wbe", &names).as_deref(), Some(" Did you mean main/web?"));
        assert_eq!(meant("zzz", &names), None);
        let short = ["web".to_owned(), "api".to_owned()];
        assert_eq!(meant("wbe", &short).as_deref(), Some(" Did you mean web?"));
        let many: Vec<String> = (0..20).map(|n| format!("s{n}")).collect();
        assert!(or_list(&many).ends_with("s11 and 8 more"));
    }
}
