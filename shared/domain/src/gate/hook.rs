//! Hooks: what a team lets happen at a point, as settings say it.

use super::Point;
use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// The word that a pause begins with.
pub const PAUSE: &str = "pause";
/// The word that takes a hook away that another layer of settings has.
const NONE: &str = "none";
/// How long a pause waits for a person unless it says.
const DEFAULT_PAUSE: Seconds = Seconds(24 * 3600);
/// Longest time that a pause may wait for a person.
pub const MAX_PAUSE: Seconds = Seconds(48 * 3600);
/// The highest number that a hook may have at its point.
pub const MAX_NUMBER: u8 = 9;

/// What happens when nobody has decided in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// The deployment goes on.
    Promote,
    /// It goes back.
    RollBack,
}

/// What a team lets happen at a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    /// Waits for a person.
    Pause {
        /// How long, in seconds.
        limit: Seconds,
        /// What happens after that.
        then: Then,
    },
}

/// A hook at its point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Where.
    pub point: Point,
    /// Which of the point's, in order; 0 if the setting has no number.
    pub number: u8,
    /// What.
    pub hook: Hook,
}

/// The point and the number of a setting's key, such as `before-traffic` or `before-traffic.1`; none if it is no hook's.
fn place(key: &str) -> Option<(Point, u8)> {
    match key.split_once('.') {
        None => Some((Point::of(key)?, 0)),
        Some((point, number)) => {
            let number = number.parse().ok().filter(|number| (1..=MAX_NUMBER).contains(number))?;
            Some((Point::of(point)?, number))
        }
    }
}

/// Whether a setting's key is a hook's.
pub fn is_key(key: &str) -> bool {
    place(key).is_some()
}

/// Reads hooks, given each as where it stands in words, its key and its value; in the order in which they are done.
/// Every mistake goes to `mistakes`, one sentence each.
pub fn read<'a>(
    found: impl Iterator<Item = (String, &'a str, &'a str)>,
    is_rolling: bool,
    mistakes: &mut Vec<String>,
) -> Vec<Placed> {
    let mut hooks: Vec<Placed> = Vec::new();
    for (whence, key, value) in found {
        let Some((point, number)) = place(key) else { continue };
        match parse(value.trim()) {
            Ok(None) => {}
            Ok(Some(_)) if is_rolling && !point.is_of_rolling() => mistakes.push(format!(
                "{whence} is set but the service is rolling: its new tasks get traffic as soon as they are healthy, and ECS stops the old ones; use before-start or after-step, or blue-green"
            )),
            Ok(Some(hook)) => hooks.push(Placed { point, number, hook }),
            Err(why) => mistakes.push(format!("{whence} is {value:?}: {why}")),
        }
    }
    hooks.sort_by_key(|placed| (placed.point, placed.number));
    for point in Point::ALL {
        let pauses = hooks.iter().filter(|placed| placed.point == point).count();
        if pauses > 1 {
            mistakes.push(format!(
                "{point} has {pauses} pauses: one is enough for a person to decide, remove the others"
            ));
        }
    }
    hooks
}

fn parse(value: &str) -> Result<Option<Hook>, String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let (limit, then) = match words.as_slice() {
        [NONE] => return Ok(None),
        [PAUSE] => (DEFAULT_PAUSE, Then::RollBack),
        [PAUSE, limit] => (span(limit)?, Then::RollBack),
        [PAUSE, limit, "then", "promote"] => (span(limit)?, Then::Promote),
        [PAUSE, limit, "then", "roll-back"] => (span(limit)?, Then::RollBack),
        [PAUSE, ..] => {
            return Err(
                "a pause is written pause, pause 2h, pause 2h then promote or pause 2h then roll-back"
                    .to_owned(),
            );
        }
        _ => return Err("must be pause, with a time if wanted (pause 2h then roll-back), or none".to_owned()),
    };
    Ok(Some(Hook::Pause { limit, then }))
}

fn span(text: &str) -> Result<Seconds, String> {
    match Seconds::parse(text)? {
        Seconds(0) => Err("a pause of no time decides nothing".to_owned()),
        limit if limit > MAX_PAUSE => Err(format!("a pause is at most {MAX_PAUSE}")),
        limit => Ok(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hooks(pairs: &[(&str, &str)], is_rolling: bool) -> (Vec<Placed>, Vec<String>) {
        let mut mistakes = Vec::new();
        let found = pairs.iter().map(|(key, value)| (format!("tag changeover:{key}"), *key, *value));
        let hooks = read(found, is_rolling, &mut mistakes);
        (hooks, mistakes)
    }

    #[test]
    fn a_pause_waits_for_a_day_and_goes_back_unless_it_says() {
        let (hooks, mistakes) = hooks(
            &[
                ("before-drain", "pause 30m then promote"),
                ("before-traffic", "pause"),
                ("after-step.2", " pause  2h then roll-back "),
                ("before-start.1", "none"),
            ],
            false,
        );
        assert_eq!(mistakes, Vec::<String>::new());
        let pause = |point, number, limit, then| Placed {
            point,
            number,
            hook: Hook::Pause { limit: Seconds(limit), then },
        };
        assert_eq!(
            hooks,
            [
                pause(Point::BeforeTraffic, 0, 86_400, Then::RollBack),
                pause(Point::AfterStep, 2, 7_200, Then::RollBack),
                pause(Point::BeforeDrain, 0, 1_800, Then::Promote),
            ]
        );
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let (_, mistakes) = hooks(
            &[
                ("before-start", "webhook https://example.com"),
                ("before-traffic", "pause 2h then explode"),
                ("before-traffic.1", "pause 1"),
                ("after-step.1", "pause 1h"),
                ("after-step.2", "pause 2h"),
                ("before-drain", "pause 49h"),
            ],
            false,
        );
        for part in
            ["must be pause", "pause 2h then promote or", "length of time", "has 2 pauses", "at most 48h"]
        {
            assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{part} in {mistakes:#?}");
        }
        assert_eq!(mistakes.len(), 5, "{mistakes:#?}");
    }

    #[test]
    fn a_rolling_service_has_no_point_before_traffic() {
        let (hooks, mistakes) = hooks(&[("before-traffic", "pause"), ("before-start", "pause")], true);
        assert_eq!(hooks.len(), 1);
        assert!(mistakes[0].contains("before-traffic is set but the service is rolling"), "{mistakes:?}");
    }

    #[test]
    fn a_key_is_a_point_with_a_number_if_wanted() {
        for key in ["before-start", "before-traffic.1", "after-step.9"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["before-lunch", "before-start.0", "before-start.10", "before-start.x", "bake"] {
            assert!(!is_key(key), "{key}");
        }
    }
}
