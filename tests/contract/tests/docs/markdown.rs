//! Just enough of Markdown: sections, tables, code, fenced blocks, links.

use std::path::{Path, PathBuf};

/// A document, by its path in the workspace.
#[derive(Debug, Clone)]
pub struct Document {
    /// Such as `docs/guide.md`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The word after the fence.
    pub language: String,
    /// The line that the fence is on.
    pub line: usize,
    /// What is in it.
    pub body: String,
}

/// Documents that are elsewhere than under `docs/`, beside what they are about.
const ELSEWHERE: [&str; 1] = ["infra/sample/README.md"];

/// Every document.
pub fn all() -> Vec<Document> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let root = contract::workspace();
    let mut paths = Vec::new();
    walk(&root.join("docs"), &mut paths);
    paths.extend(ELSEWHERE.iter().map(|path| root.join(path)));
    paths.sort();
    let document = |path: PathBuf| {
        let path = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        Document { text: contract::text(&path), path }
    };
    paths.into_iter().map(document).collect()
}

/// A document under `docs/`.
pub fn document(name: &str) -> Document {
    let path = format!("docs/{name}");
    Document { text: contract::text(&path), path }
}

/// The text with its fenced blocks blanked, so that lines keep their numbers.
pub fn prose(text: &str) -> String {
    let mut fenced = false;
    let line = |line: &str| {
        let fence = line.trim_start().starts_with("```");
        let hide = fenced || fence;
        fenced ^= fence;
        if hide { String::new() } else { line.to_owned() }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A line's heading, without its marks and code marks.
pub fn heading(line: &str) -> Option<String> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let text = line[level..].strip_prefix(' ').filter(|_| level > 0)?;
    Some(text.replace('`', "").trim().to_owned())
}

/// The headings of a text.
pub fn headings(text: &str) -> Vec<String> {
    prose(text).lines().filter_map(heading).collect()
}

/// How a heading is linked to.
pub fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).collect::<String>().replace(' ', "-")
}

/// What stands under a heading, up to the next heading of any level.
///
/// # Panics
/// If there is no such heading.
pub fn section(document: &Document, wanted: &str) -> String {
    let lines: Vec<&str> = document.text.lines().collect();
    let is_wanted = |line: &&str| heading(line).as_deref() == Some(wanted);
    let begin = lines.iter().position(is_wanted).unwrap_or_else(|| panic!("{}: no {wanted}", document.path));
    let rest = &lines[begin + 1..];
    let end = rest.iter().position(|line| heading(line).is_some()).unwrap_or(rest.len());
    rest[..end].join("\n")
}

/// The rows of the first table in a text, without its header.
///
/// # Panics
/// If a row has another number of cells than the header.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().skip_while(|line| !line.starts_with('|'));
    let cells = |line: &str| -> Vec<String> {
        line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let table: Vec<Vec<String>> = lines.take_while(|line| line.starts_with('|')).map(cells).collect();
    let width = table.first().map_or(0, Vec::len);
    for row in &table {
        assert_eq!(row.len(), width, "{row:?} has another number of cells than its header");
    }
    table.into_iter().skip(2).collect()
}

/// The code in a text: what stands between single backticks.
pub fn code(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The fenced blocks of a text.
///
/// # Panics
/// If a fence is not closed.
pub fn blocks(document: &Document) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in document.text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => found.push(block),
            (Some(language), None) => {
                open = Some(Block { language: language.to_owned(), line: index + 1, body: String::new() });
            }
            (None, Some(mut block)) => {
                block.body.push_str(line);
                block.body.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "{}: a fence is not closed", document.path);
    found
}

/// Where a text links to.
pub fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let parts = prose.split("](").skip(1);
    parts.filter_map(|part| Some(part.split_once(')')?.0.to_owned())).collect()
}

#[test]
fn a_text_is_taken_apart() {
    let text = "# A `b` c\n\n| x | y |\n|---|---|\n| `1` to `2` | [z](o.md#a-b) |\n\n```json\n{\"# no\": 1}\n```\nEnd.\n";
    let document = Document { path: "here".to_owned(), text: text.to_owned() };
    assert_eq!(headings(text), ["A b c"]);
    assert_eq!(anchor("A `b`: c?"), "a-b-c");
    assert_eq!(rows(&section(&document, "A b c")), [["`1` to `2`", "[z](o.md#a-b)"]]);
    assert_eq!(code("`1` to `2`"), ["1", "2"]);
    assert_eq!(links(text), ["o.md#a-b"]);
    assert_eq!(blocks(&document)[0].body, "{\"# no\": 1}\n");
}
