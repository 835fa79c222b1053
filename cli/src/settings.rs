//! Settings as they are typed: `--set bake=5m`.

use crate::failure::Failure;
use crate::suggest::meant;
use changeover_domain::gate::{self, Point};
use changeover_domain::settings::{KEYS, Raw, read};

/// Reads `KEY=VALUE`; mistakes that the functions would find are found before anything is started.
pub fn typed(given: &[String], tags: &Raw) -> Result<Raw, Failure> {
    let mut raw = Raw::new();
    let mut mistakes = Vec::new();
    for text in given {
        let Some((key, value)) = text.split_once('=') else {
            mistakes.push(format!("--set {text}: write KEY=VALUE, such as bake=5m"));
            continue;
        };
        let key = key.trim().trim_start_matches("changeover:");
        if !KEYS.contains(&key) && !gate::is_key(key) {
            let points = Point::ALL.map(Point::word);
            let keys: Vec<String> = KEYS.iter().chain(&points).map(ToString::to_string).collect();
            let alike = meant(key, &keys).unwrap_or_default();
            mistakes.push(format!(
                "--set {key}: there is no such setting.{alike} There are: {}, and the points {}.",
                KEYS.join(", "),
                Point::ALL.map(Point::word).join(", ")
            ));
        } else if raw.insert(key.to_owned(), value.trim().to_owned()).is_some() {
            mistakes.push(format!("--set {key} is given twice"));
        }
    }
    // The stack's defaults are not known here, so only what is wrong with the values themselves is told, and what a
    // rolling service cannot have only where the service itself says that it is one.
    let unknown = Raw::from([("strategy".to_owned(), "blue-green".to_owned())]);
    let ours = read(&raw, tags, &unknown).err().unwrap_or_default();
    mistakes.extend(ours.into_iter().filter(|mistake| mistake.starts_with("input ")));
    if mistakes.is_empty() { Ok(raw) } else { Err(Failure::usage(mistakes.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_told_all_at_once_with_what_was_meant() {
        let given = ["bak=5m", "bake=5", "steps", "healthy-checks=2", "healthy-checks=3"].map(str::to_owned);
        let words = typed(&given, &Raw::new()).unwrap_err().words;
        for part in
            ["--set bak:", "Did you mean bake?", "\"5\"", "KEY=VALUE", "healthy-checks is given twice"]
        {
            assert!(words.contains(part), "{part} in {words}");
        }
        let good = typed(&["changeover:bake=5m".to_owned()], &Raw::new()).unwrap();
        assert_eq!(good.get("bake").map(String::as_str), Some("5m"));
        let hook = typed(&["before-traffic.1=lambda smoke".to_owned()], &Raw::new()).unwrap();
        assert_eq!(hook.get("before-traffic.1").map(String::as_str), Some("lambda smoke"));
        let rolling = Raw::from([("strategy".to_owned(), "rolling".to_owned())]);
        let words = typed(&["before-traffic.1=lambda smoke".to_owned()], &rolling).unwrap_err().words;
        assert!(words.contains("the service is rolling"), "{words}");
        let words = typed(&["before-trafic=pause".to_owned()], &Raw::new()).unwrap_err().words;
        assert!(words.contains("Did you mean before-traffic?"), "{words}");
    }
}
