//! The rehearsal's cloud: every AWS API on one port, made from template.yaml.
