//! The keys of a served cloud, in a file that only its user can read: so that `cargo rehearse push` and tests find them
//! without typing, and nobody else does.

use crate::build::workspace;
use anyhow::{Context as _, bail};
use rehearsal_wire::Key;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The port that a served cloud has unless it is told another.
pub(crate) const USUAL_PORT: u16 = 4566;
/// Where the AWS CLI and SDKs look for the endpoint.
pub(super) const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
/// Only the user may read.
const MODE: u32 = 0o600;
/// The same for the folder.
const FOLDER_MODE: u32 = 0o700;
/// Everyone but the user.
const OTHERS: u32 = 0o077;

/// The lines that a shell is told, for a cloud at this endpoint.
pub(super) fn exports(endpoint: &str, key: &Key) -> String {
    let (id, secret) = (&key.access_key_id, &key.secret_access_key);
    format!("export {ENDPOINT}={endpoint} AWS_DEFAULT_REGION=us-east-1 {ID}={id} {SECRET}={secret}")
}

/// The file, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct KeyFile(PathBuf);

impl KeyFile {
    /// Writes the keys of the cloud at this endpoint.
    pub(super) fn write(endpoint: &str, key: &Key) -> anyhow::Result<Self> {
        let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok());
        let path = path(port.context("the endpoint has no port")?);
        write(&path, &exports(endpoint, key)).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Where the keys of the cloud on a port are.
fn path(port: u16) -> PathBuf {
    workspace().join("target/rehearsal/keys").join(format!("{port}.sh"))
}

/// What was there is of an earlier run, or somebody else's trap: it is removed, and never written to.
fn write(path: &Path, line: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    writeln!(file, "{line}")
}

/// The keys of the cloud that is served on a port: those of its file, or the exported ones.
pub(super) fn find(port: u16) -> anyhow::Result<Key> {
    let path = path(port);
    match read(&path).with_context(|| format!("cannot read the keys in {}", path.display()))? {
        Some(key) => Ok(key),
        None => exported().with_context(|| {
            format!(
                "no cloud is served on port {port}: start one with `cargo rehearse serve` (its keys would be in {}), or \
                 export the {ID} and {SECRET} that it prints",
                path.display()
            )
        }),
    }
}

fn read(path: &Path) -> anyhow::Result<Option<Key>> {
    let is_mine = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        metadata => {
            let metadata = metadata?;
            metadata.is_file() && metadata.mode() & OTHERS == 0
        }
    };
    if !is_mine {
        bail!("others can read or write it; remove it and serve again");
    }
    let text = fs::read_to_string(path)?;
    let value = |name: &str| {
        let mut words = text.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    let (Some(id), Some(secret)) = (value(ID), value(SECRET)) else { bail!("it holds no keys") };
    Ok(Some(Key { access_key_id: id, secret_access_key: secret, session_token: None }))
}

fn exported() -> Option<Key> {
    let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(Key { access_key_id: value(ID)?, secret_access_key: value(SECRET)?, session_token: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/1.sh");
        let key = Key {
            access_key_id: "AKIAX".to_owned(),
            secret_access_key: "secret".to_owned(),
            session_token: None,
        };
        assert_eq!(read(&path).unwrap(), None);
        for _ in 0..2 {
            write(&path, &exports("http://127.0.0.1:1", &key)).unwrap();
            assert_eq!(read(&path).unwrap().as_ref(), Some(&key));
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        }
        let told = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path).unwrap();
        fs::write(&path, told).unwrap();
        assert!(
            read(&path).unwrap_err().to_string().contains("others can read"),
            "a file that others can read"
        );
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "untouched").unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(read(&path).is_err(), "a link");
        write(&path, "mine").unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "untouched");
    }
}
