//! The update-service function.

fn main() {}
