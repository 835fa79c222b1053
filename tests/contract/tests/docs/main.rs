//! The documents are held to what they speak of: types, template, state machine, command line, files.

mod cases;
mod commands;
mod events;
mod links;
mod markdown;
mod settings;
mod shell;
mod template;
mod trust;
