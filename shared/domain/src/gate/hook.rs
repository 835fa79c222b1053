//! Hooks: what a team lets happen at a point, as settings say it.

use super::Point;
use crate::span::Seconds;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The word that a pause begins with.
pub const PAUSE: &str = "pause";
/// The word that a hook begins with that invokes a function.
pub const LAMBDA: &str = "lambda";
/// The word that a hook begins with that runs a task.
pub const TASK: &str = "task";
/// The word that takes a hook away that another layer of settings has.
const NONE: &str = "none";
/// How long a pause waits for a person unless it says.
const DEFAULT_PAUSE: Seconds = Seconds(24 * 3600);
/// Longest time that a pause may wait for a person.
pub const MAX_PAUSE: Seconds = Seconds(48 * 3600);
/// The highest number that a hook may have at its point.
pub const MAX_NUMBER: u8 = 9;
/// Longest name of a function: with its ARN and an alias, as Lambda takes it.
const MAX_FUNCTION: usize = 170;
/// Longest time that one hook may be given, besides a pause.
pub const MAX_HOOK_TIMEOUT: Seconds = Seconds(6 * 3600);

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
    /// Invokes a function and goes by its answer, as ECS does with its own lifecycle hooks.
    Lambda {
        /// Its name, or its ARN, with an alias if wanted.
        name: String,
    },
    /// Runs the new revision once, as a task of its own.
    Task {
        /// What the container runs in place of its own command.
        command: Vec<String>,
    },
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause { limit, then: Then::Promote } => write!(f, "{PAUSE} {limit} then promote"),
            Self::Pause { limit, then: Then::RollBack } => write!(f, "{PAUSE} {limit} then roll-back"),
            Self::Lambda { name } => write!(f, "{LAMBDA} {name}"),
            Self::Task { command } => write!(f, "{TASK} {}", shell_words::join(command)),
        }
    }
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
            Ok(Some(Hook::Pause { .. })) if point.is_after() => mistakes.push(format!(
                "{whence} is a pause: at {point} nothing is left to decide; use before-drain"
            )),
            Ok(Some(_)) if is_rolling && !point.is_of_rolling() => mistakes.push(format!(
                "{whence} is set but the service is rolling: its new tasks get traffic as soon as they are healthy, and ECS stops the old ones; use before-start, after-step, after-success or after-rollback, or blue-green"
            )),
            Ok(Some(hook)) => hooks.push(Placed { point, number, hook }),
            Err(why) => mistakes.push(format!("{whence} is {value:?}: {why}")),
        }
    }
    hooks.sort_by_key(|placed| (placed.point, placed.number));
    for point in Point::ALL {
        let is_pause = |placed: &&Placed| placed.point == point && matches!(placed.hook, Hook::Pause { .. });
        let pauses = hooks.iter().filter(is_pause).count();
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
    let hook = match words.as_slice() {
        [NONE] => return Ok(None),
        [PAUSE, rest @ ..] => pause(rest)?,
        [LAMBDA, name] => Hook::Lambda { name: function(name)? },
        [LAMBDA, ..] => return Err("a function is written lambda NAME, and one hook invokes one".to_owned()),
        [TASK, _, ..] => Hook::Task { command: command(value)? },
        _ => {
            return Err(
                "must be pause, with a time if wanted (pause 2h then roll-back), lambda NAME, task COMMAND, or none"
                    .to_owned(),
            );
        }
    };
    Ok(Some(hook))
}

fn pause(words: &[&str]) -> Result<Hook, String> {
    let (limit, then) = match words {
        [] => (DEFAULT_PAUSE, Then::RollBack),
        [limit] => (span(limit)?, Then::RollBack),
        [limit, "then", "promote"] => (span(limit)?, Then::Promote),
        [limit, "then", "roll-back"] => (span(limit)?, Then::RollBack),
        _ => {
            return Err(
                "a pause is written pause, pause 2h, pause 2h then promote or pause 2h then roll-back"
                    .to_owned(),
            );
        }
    };
    Ok(Hook::Pause { limit, then })
}

/// A function's name as Lambda takes it; whether there is such a function, only Lambda knows.
fn function(name: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_:$".contains(letter);
    if name.len() <= MAX_FUNCTION && name.chars().all(fits) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "{name:?} is no function's name: letters, digits, - and _ of a name or an ARN, {MAX_FUNCTION} at most"
    ))
}

/// The words of a command, quoted as a shell has them.
fn command(value: &str) -> Result<Vec<String>, String> {
    let words =
        shell_words::split(value).map_err(|_| "a quote is open: every quote needs its other".to_owned())?;
    Ok(words.into_iter().skip(1).collect())
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
                ("after-step.3", "lambda a b"),
                ("after-step.4", "lambda a/b"),
                ("after-step.5", "task sh -c 'exit"),
                ("after-success", "pause"),
            ],
            false,
        );
        for part in [
            "must be pause",
            "pause 2h then promote or",
            "length of time",
            "has 2 pauses",
            "at most 48h",
            "one hook invokes one",
            "no function's name",
            "a quote is open",
            "nothing is left to decide",
        ] {
            assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{part} in {mistakes:#?}");
        }
        assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
    }

    #[test]
    fn functions_and_tasks_are_hooks_and_stand_in_their_order() {
        let (hooks, mistakes) = hooks(
            &[
                ("before-traffic.2", "pause"),
                ("before-traffic.1", "lambda arn:aws:lambda:eu-west-1:1:function:smoke:live"),
                ("before-start", r#"task ./migrate --to "version 2""#),
                ("after-rollback", "lambda tell"),
            ],
            false,
        );
        assert_eq!(mistakes, Vec::<String>::new());
        let order: Vec<_> = hooks.iter().map(|placed| (placed.point, placed.number)).collect();
        assert_eq!(
            order,
            [
                (Point::BeforeStart, 0),
                (Point::BeforeTraffic, 1),
                (Point::BeforeTraffic, 2),
                (Point::AfterRollback, 0)
            ]
        );
        let command = ["./migrate", "--to", "version 2"].map(str::to_owned).to_vec();
        assert_eq!(hooks[0].hook, Hook::Task { command });
        assert_eq!(hooks[0].hook.to_string(), "task ./migrate --to 'version 2'");
        assert_eq!(hooks[2].hook.to_string(), "pause 24h then roll-back");
    }

    #[test]
    fn a_rolling_service_has_no_point_before_traffic() {
        let (hooks, mistakes) = hooks(&[("before-traffic", "pause"), ("before-start", "pause")], true);
        assert_eq!(hooks.len(), 1);
        assert!(mistakes[0].contains("before-traffic is set but the service is rolling"), "{mistakes:?}");
    }

    #[test]
    fn a_key_is_a_point_with_a_number_if_wanted() {
        for key in ["before-start", "before-traffic.1", "after-step.9", "after-success", "after-rollback.1"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["before-lunch", "before-start.0", "before-start.10", "before-start.x", "bake"] {
            assert!(!is_key(key), "{key}");
        }
    }
}
