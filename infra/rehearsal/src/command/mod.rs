//! The commands of the command line, one file each.

mod crowd;
mod imagined;
mod judge;
pub(crate) mod keys;
mod list;
mod matrix;
mod page;
mod push;
mod run;
mod serve;
mod soak;
mod words;

pub use crowd::{crowd, crowd_with};
pub use imagined::imagined;
pub use judge::judge;
pub use list::list;
pub use matrix::{chosen, conclude, matrix, say};
pub use push::{Push, push};
pub use run::{run, select};
pub use serve::serve;
pub use soak::{soak, soak_with};
