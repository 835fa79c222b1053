//! AWS Lambda in miniature: the shipped binaries against a Runtime API.
