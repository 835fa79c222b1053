//! The web application that the rehearsal deploys.

fn main() {}
