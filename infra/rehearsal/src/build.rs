//! Builds binaries of this workspace that another binary runs: Cargo does that by itself for tests only.

use anyhow::{Context as _, ensure};
use cargo_metadata::Message;
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How the variables begin by which Cargo tells a process about the package that it belongs to.
const OF_A_PACKAGE: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];

/// The workspace's folder, where template.yaml and the state machine are.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Builds these binaries, and says where each is. Cargo tells on standard error what it builds and how far it is, as
/// always. All packages are selected, so that their dependencies have the same features as in every other build of this
/// workspace: what one build has compiled, the next does not compile again.
///
/// # Errors
/// If the build fails.
pub fn built(binaries: &[&str]) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--message-format", "json-render-diagnostics", "--workspace", "--manifest-path"]);
    cargo.arg(workspace().join("Cargo.toml"));
    cargo.args(binaries.iter().flat_map(|name| ["--bin", name]));
    // What Cargo tells a program or a test about its own package is no news for a build of others; but build scripts that ask
    // for it, such as that of ring, would run again, and all that is built on them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if OF_A_PACKAGE.iter().any(|begins| text.starts_with(begins)) {
            cargo.env_remove(&name);
        }
    }
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cargo build cannot be run")?;
    let told = BufReader::new(child.stdout.take().context("cargo has no standard output")?);
    let mut by_name = BTreeMap::new();
    for message in Message::parse_stream(told) {
        if let Message::CompilerArtifact(artifact) = message.context("cargo says what is no message")?
            && let Some(executable) = artifact.executable
        {
            by_name.insert(artifact.target.name, executable.into_std_path_buf());
        }
    }
    let ended = child.wait().context("cargo build")?;
    ensure!(ended.success(), "{} cannot be built: cargo build ended with {ended}", binaries.join(", "));
    Ok(by_name)
}
