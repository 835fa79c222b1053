//! The commands of the command line, one file each.

mod crowd;
mod list;
mod matrix;
mod push;
mod run;
mod serve;
mod soak;
mod words;

pub use crowd::crowd;
pub use list::list;
pub use matrix::matrix;
pub use push::{Push, push};
pub use run::run;
pub use serve::serve;
pub use soak::soak;
