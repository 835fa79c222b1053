//! Verdicts: how good a version is, by what its requests came to. Pure.
//!
//! Complete periods go into a [`Proof`], each once; [`rule`] says what they come to, however often it is asked.
//! `docs/verdicts.md` explains it in words.

mod baseline;
pub mod bound;
mod clumping;
pub mod convergence;
pub mod counts;
mod evidence;
pub mod gathered;
mod law;
pub mod limits;
pub mod migrated;
mod proof;
mod question;
mod ruling;
mod so_far;
pub mod watching;
mod words;

#[cfg(test)]
mod chance;
#[cfg(test)]
mod references;
#[cfg(test)]
mod tests;

pub use counts::{Counted, Kind, Period, Slow};
pub use proof::{MAX_LIMITS, Proof};
pub use ruling::{Asked, Ruling, Tolerated, Whose, gross, rule};
pub use so_far::{SoFar, so_far};
