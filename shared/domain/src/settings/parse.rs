//! Reading the values of settings: what each may be, and what is wrong with another.

use super::MAX_STEPS;
use crate::gate;
use crate::route::{WHOLE, Weight};
use crate::span::Seconds;

pub(super) fn text(value: &str) -> Result<String, String> {
    if value.is_empty() { Err("must not be empty".to_owned()) } else { Ok(value.to_owned()) }
}

/// A hook without any time could only fail.
pub(super) fn hook_time(value: &str) -> Result<Seconds, String> {
    match at_most(gate::MAX_HOOK_TIMEOUT)(value)? {
        Seconds(0) => Err("a hook needs time: 1s at least".to_owned()),
        limit => Ok(limit),
    }
}

pub(super) fn at_most(max: Seconds) -> impl Fn(&str) -> Result<Seconds, String> {
    move |value| match Seconds::parse(value) {
        Ok(span) if span <= max => Ok(span),
        Ok(_) => Err(format!("must be at most {max}")),
        Err(why) => Err(why),
    }
}

pub(super) fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    min: T,
    max: T,
) -> impl Fn(&str) -> Result<T, String> {
    move |value| match value.parse() {
        Ok(number) if (&min..=&max).contains(&&number) => Ok(number),
        _ => Err(format!("must be a whole number from {min} to {max}")),
    }
}

pub(super) fn steps(value: &str) -> Result<Vec<Weight>, String> {
    if value.contains([',', ';', '/', '|']) {
        return Err("separate the weights by spaces, as in \"10 50 100\"".to_owned());
    }
    let steps: Vec<Weight> = value
        .split_whitespace()
        .map(|step| step.parse().map_err(|_| format!("{step:?} is not a whole number")))
        .collect::<Result<_, _>>()?;
    if steps.is_empty() || steps.len() > MAX_STEPS {
        return Err(format!("must be 1 to {MAX_STEPS} weights"));
    }
    if let Some(step) = steps.iter().find(|step| !(1..=WHOLE).contains(*step)) {
        return Err(format!("{step} is not a weight from 1 to {WHOLE}"));
    }
    if !steps.is_sorted_by(|a, b| a < b) {
        return Err("every step must be above the one before".to_owned());
    }
    if steps.last() != Some(&WHOLE) {
        return Err(format!("the last step must be {WHOLE}"));
    }
    Ok(steps)
}
