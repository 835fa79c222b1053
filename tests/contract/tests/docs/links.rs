//! Links lead somewhere, paths are there, and every document has its place.

use crate::markdown::{Document, all, anchor, code, heading, headings, links, prose};
use contract::{text, workspace};

/// The folders of the house, by which a path in a text is known.
const PARTS: [&str; 8] =
    ["functions/", "shared/", "statemachine/", "infra/", "tests/", "docs/", ".ci/", "template.yaml"];

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for document in all() {
        for link in links(&document.text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, part) = link.split_once('#').unwrap_or((&link, ""));
            let target = target(&document, file);
            assert!(workspace().join(&target).exists(), "{} links to {link}", document.path);
            if !part.is_empty() {
                let anchors: Vec<String> = headings(&text(&target)).iter().map(|one| anchor(one)).collect();
                assert!(anchors.contains(&part.to_owned()), "{} links to {link}: {anchors:?}", document.path);
            }
        }
    }
    assert!(seen > 20, "only {seen} links were seen");
}

/// The path in the workspace that a link of a document means.
fn target(document: &Document, link: &str) -> String {
    if link.is_empty() {
        return document.path.clone();
    }
    let mut parts: Vec<&str> = document.path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_path_in_a_text_is_there() {
    let mut seen = 0;
    for document in all() {
        for path in
            code(&prose(&document.text)).iter().filter(|path| PARTS.iter().any(|part| path.starts_with(part)))
        {
            // A family of files, or a line with more than a path.
            if path.contains(['*', ' ', '{', 'N']) {
                continue;
            }
            seen += 1;
            assert!(workspace().join(path).exists(), "{} names {path}", document.path);
        }
    }
    assert!(seen > 20, "only {seen} paths were seen");
}

#[test]
fn every_document_begins_with_its_one_title() {
    for document in all() {
        let titles = prose(&document.text);
        let titles: Vec<&str> = titles.lines().filter(|line| line.starts_with("# ")).collect();
        assert_eq!(titles.len(), 1, "{}: {titles:?}", document.path);
        assert!(document.text.starts_with(titles[0]), "{}", document.path);
        assert!(heading(titles[0]).is_some_and(|title| !title.is_empty()), "{}", document.path);
    }
}

#[test]
fn decisions_are_numbered_and_say_what_why_and_what_follows() {
    let decisions: Vec<Document> =
        all().into_iter().filter(|one| one.path.starts_with("docs/decisions/")).collect();
    assert!(decisions.len() > 5, "only {} decisions", decisions.len());
    for (index, decision) in decisions.iter().enumerate() {
        let number = format!("{:04}", index + 1);
        let name = decision.path.trim_start_matches("docs/decisions/");
        assert!(name.starts_with(&format!("{number}-")), "{name} is not {number}");
        assert_eq!(headings(&decision.text)[1..], ["Context", "Decision", "Consequences"], "{name}");
    }
}
