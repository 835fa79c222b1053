//! A line should know its room: sizes, shapes and words of files.

use std::path::{Path, PathBuf};

/// Most lines of a source file.
const MOST_LINES: usize = 400;

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for part in ["shared", "functions", "infra", "tests"] {
        walk(&contract::workspace().join(part), &mut found);
    }
    assert!(found.len() > 100, "only {} files were seen", found.len());
    found
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).expect("a file").lines().count();
            (lines > MOST_LINES).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|path| {
            let text = std::fs::read_to_string(path).expect("a file");
            !text.starts_with("//!")
        })
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

/// Time and chance are asked of the system in one place for what ships, and in one for the rehearsal, where they may be
/// imagined. Of std's `Instant` there is none: tokio's stands still where its clock is paused.
#[test]
fn time_and_chance_come_from_one_place() {
    const PLACES: [&str; 3] = [
        "shared/lambda/src/context.rs",
        "infra/rehearsal/world/src/clock.rs",
        "infra/rehearsal/world/src/chance.rs",
    ];
    const WORDS: [&str; 5] =
        ["SystemTime::now", "Timestamp::now", "Zoned::now", "Uuid::new_v4", "std::time::Instant"];
    let imports_instant = |text: &str| {
        let of_std = |line: &&str| line.starts_with("use std::time::{") && line.contains("Instant");
        text.lines().any(|line| of_std(&line.trim_start()))
    };
    let mut seen = 0;
    let mut wrong = Vec::new();
    let root = contract::workspace();
    for path in sources() {
        let path = path.strip_prefix(&root).expect("a path below the workspace").display().to_string();
        if path.starts_with("tests/") || !path.contains("/src/") {
            continue;
        }
        let text = std::fs::read_to_string(root.join(&path)).expect("a file");
        let found = WORDS.iter().any(|word| text.contains(word)) || imports_instant(&text);
        match (found, PLACES.contains(&path.as_str())) {
            (true, true) => seen += 1,
            (true, false) => wrong.push(path),
            (false, _) => {}
        }
    }
    assert_eq!(seen, PLACES.len(), "a place does not ask any more");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the telemetry puts on every line would go over what a line says itself under the same key.
#[test]
fn no_line_of_a_log_has_a_key_that_every_line_has() {
    let telemetry = contract::text("shared/lambda/src/telemetry.rs");
    let keys: Vec<&str> =
        telemetry.split("put(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(keys.contains(&"service") && keys.contains(&"level"), "{keys:?}");
    let mut lines = 0;
    for path in sources().iter().filter(|path| !path.starts_with(contract::workspace().join("infra"))) {
        let text = std::fs::read_to_string(path).expect("a file");
        for level in ["error", "warn", "info", "debug"] {
            for line in text.split(&format!("tracing::{level}!(")).skip(1) {
                let line = line.split(");").next().unwrap_or_default();
                lines += 1;
                let taken = line.split(", ").filter_map(|field| field.split_once(" = "));
                let taken: Vec<&str> =
                    taken.map(|(key, _)| key.trim()).filter(|key| keys.contains(key)).collect();
                assert!(taken.is_empty(), "{}: {taken:?} in {line}", path.display());
            }
        }
    }
    assert!(lines > 4, "only {lines} lines were seen");
}

#[test]
fn every_function_has_the_same_shape() {
    for name in contract::function_crates() {
        let folder = contract::workspace().join("functions").join(&name).join("src");
        for file in ["main.rs", "lib.rs", "decide.rs"] {
            assert!(folder.join(file).is_file(), "{name} has no {file}");
        }
        let main = std::fs::read_to_string(folder.join("main.rs")).expect("main.rs");
        assert!(main.lines().count() <= 12, "{name}/main.rs is for wiring only");
    }
}

#[test]
fn decisions_do_no_io_and_read_no_clock() {
    for name in contract::function_crates() {
        let path = format!("functions/{name}/src/decide.rs");
        let text = contract::text(&path);
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [".await", "async fn", "Timestamp::now", "SystemTime", "Instant::now", "rand::"] {
            assert!(!code.contains(word), "{path} has {word}");
        }
    }
}
