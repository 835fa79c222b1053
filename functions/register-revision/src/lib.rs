//! The register-revision function.
