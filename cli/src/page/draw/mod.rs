//! What is drawn. Pure: pictures and records in, HTML out.

mod history;
mod list;
mod order;
mod parts;
mod service;
mod shell;
mod story;

pub use history::history;
pub use list::list;
pub use order::ask;
pub use service::service;
pub use shell::{page, still, told};
pub use story::story;
