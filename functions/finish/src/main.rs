//! The `finish` function.

fn main() {}
