//! The `rollback` function.

fn main() {}
