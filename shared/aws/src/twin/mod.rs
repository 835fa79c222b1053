//! What a rolling service becomes a pair with: a target group and a service as it has them, and both groups on its routes.

mod group;
mod route;
mod service;

pub use group::{Group, group_named};
pub use route::{add_group, both_in_words, change_of};
pub use service::{First, look};

use serde_json::Value;

/// An object without the members that are null.
fn without_nulls(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}
