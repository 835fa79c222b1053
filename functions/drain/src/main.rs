//! The `drain` function.

fn main() {}
