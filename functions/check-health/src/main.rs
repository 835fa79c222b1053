//! The `check-health` function.

fn main() {}
