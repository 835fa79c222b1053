//! The register-revision function.

fn main() {}
