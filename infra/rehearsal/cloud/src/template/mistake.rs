//! What is wrong with a template: all of it at once, each with its place.

use std::cell::RefCell;
use std::fmt;

/// Mistakes as they are found. Several readers find the same one at times; it is told once.
#[derive(Debug, Default)]
pub(super) struct Mistakes(RefCell<Vec<String>>);

impl Mistakes {
    /// Notes a mistake.
    pub(super) fn add(&self, at: &str, what: impl fmt::Display) {
        let mistake = format!("{at}: {what}");
        let mut all = self.0.borrow_mut();
        if !all.contains(&mistake) {
            all.push(mistake);
        }
    }

    /// All so far, in the order of being found.
    pub(super) fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

/// A template that cannot be used, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// `PLACE: MISTAKE`, such as `Resources.Plan.Properties.Role: …`.
    pub mistakes: Vec<String>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the template cannot be used:")?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for TemplateError {}
