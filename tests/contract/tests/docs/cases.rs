//! The cases: each has a test that holds it, and that test is there.

use super::markdown;
use contract::{text, workspace};

const CASES: &str = "docs/cases.md";

/// What is in backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// What is wrong with the last cell of a row: it names a file, then what in it holds the case, as often as is needed.
fn mistakes(cell: &str) -> Vec<String> {
    let (mut file, mut named, mut mistakes) = (None, 0, Vec::new());
    for word in quoted(cell) {
        if word.ends_with(".rs") {
            file = Some(word).filter(|path| workspace().join(path).is_file());
            if file.is_none() {
                mistakes.push(format!("there is no {word}"));
            }
            continue;
        }
        let Some(file) = file else { continue };
        named += 1;
        let content = text(file);
        if !content.contains(&format!("fn {word}(")) && !content.contains(&format!("\"{word}\"")) {
            mistakes.push(format!("{file} has no {word}"));
        }
    }
    if named == 0 && mistakes.is_empty() {
        mistakes.push("it names no test".to_owned());
    }
    mistakes
}

#[test]
fn every_case_is_held_by_a_test_that_exists() {
    let rows: Vec<Vec<String>> = markdown::rows(&text(CASES));
    assert!(rows.len() >= 8, "{CASES} has {} cases", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let [case, right, held] = row.as_slice() else { panic!("{row:?} has not three cells") };
        assert!(!case.is_empty() && !right.is_empty(), "{row:?}");
        wrong.extend(mistakes(held).into_iter().map(|mistake| format!("{case}: {mistake}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_case_without_a_test_is_found() {
    assert_eq!(mistakes("nothing"), ["it names no test"]);
    assert_eq!(mistakes("`no/such.rs` `x`"), ["there is no no/such.rs"]);
    let here = "`tests/contract/tests/docs/cases.rs`";
    assert_eq!(mistakes(&format!("{here} `mistakes`")), Vec::<String>::new());
    assert_eq!(mistakes(&format!("{here} `no_such_{}`", "thing")).len(), 1);
}
