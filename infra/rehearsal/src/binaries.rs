//! The binaries that a rehearsal runs: every function as it ships, and the sample application. Cargo does not build
//! other packages' binaries for a binary, so this does.

use crate::build::built;
use anyhow::ensure;
use rehearsal_ecs::Containers;
use rehearsal_lambda::Code;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Every function, by its crate and binary.
pub const FUNCTIONS: [&str; 10] = [
    "dispatch",
    "plan",
    "register-revision",
    "update-service",
    "check-health",
    "gate",
    "swap",
    "drain",
    "rollback",
    "finish",
];
/// The sample application.
pub const SAMPLE_WEBAPP: &str = "sample-webapp";

/// Where the built binaries are.
#[derive(Debug, Clone)]
pub struct Binaries {
    by_name: BTreeMap<String, PathBuf>,
    linked: Option<Linked>,
}

/// What stands for the binaries where there are to be no processes.
#[derive(Debug, Clone)]
pub struct Linked {
    /// Runs the functions.
    pub code: Arc<dyn Code>,
    /// Runs the containers.
    pub containers: Arc<dyn Containers>,
}

impl Binaries {
    /// Builds what is not built yet.
    ///
    /// # Errors
    /// If the build fails, or a binary that it should have made is missing.
    pub fn build() -> anyhow::Result<Self> {
        let names = FUNCTIONS.into_iter().chain([SAMPLE_WEBAPP]);
        let by_name = built(&names.clone().collect::<Vec<_>>())?;
        let missing: Vec<&str> = names.filter(|name| !by_name.contains_key(*name)).collect();
        ensure!(missing.is_empty(), "cargo built no binary for {}", missing.join(", "));
        Ok(Self { by_name, linked: None })
    }

    /// No binaries: the same names, and what runs in their place.
    pub fn linked(linked: Linked) -> Self {
        let names = FUNCTIONS.into_iter().chain([SAMPLE_WEBAPP]);
        let by_name = names.map(|name| (name.to_owned(), PathBuf::from(name))).collect();
        Self { by_name, linked: Some(linked) }
    }

    /// What runs in place of processes, if anything does.
    pub fn instead(&self) -> Option<&Linked> {
        self.linked.as_ref()
    }

    /// The functions' binaries by crate name.
    pub fn functions(&self) -> BTreeMap<String, PathBuf> {
        let ours = self.by_name.iter().filter(|(name, _)| FUNCTIONS.contains(&name.as_str()));
        ours.map(|(name, path)| (name.clone(), path.clone())).collect()
    }

    /// The sample application's binary.
    pub fn sample_webapp(&self) -> &Path {
        // `build` made sure of it.
        &self.by_name[SAMPLE_WEBAPP]
    }
}
