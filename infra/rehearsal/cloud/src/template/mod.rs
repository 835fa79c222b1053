//! Reads `template.yaml`: what SAM and CloudFormation would make of it, as plain values.
//!
//! Owns: CloudFormation's functions, parameters, conditions and names; SAM's globals, events and roles. What
//! is not understood is a mistake with its place, all mistakes at once: nothing of a template is passed over
//! in silence that would make the rehearsal differ from AWS. Never: making anything of it.

mod function;
mod kind;
mod machine;
mod mistake;
mod node;
mod parameter;
mod resolve;
mod role;
mod rule;
mod sam;
mod scope;
mod stack;
mod table;
mod yaml;

pub use function::Function;
pub use machine::StateMachine;
pub use mistake::TemplateError;
pub use role::{Policy, Role};
pub use stack::{Options, Plain, Stack};
pub use table::Table;
