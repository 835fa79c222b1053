//! The real binary, spoken to over real connections.

mod answers;
mod stops;
mod support;
