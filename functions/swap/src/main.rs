//! The swap function.

fn main() {}
