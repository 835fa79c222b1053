//! Where tasks get their images from.

/// An image a task can run: a manifest's digest, and what its config says to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// `sha256:…` of the manifest.
    pub digest: String,
    /// The program with its first arguments, before whatever command; none if the command has the program.
    pub entry_point: Vec<String>,
    /// The command, unless a task has another.
    pub command: Vec<String>,
    /// The image's own environment; the task definition's wins over it.
    pub environment: Vec<(String, String)>,
}

/// A registry that images are pulled from.
pub trait Registry: Send + Sync {
    /// The image of this reference (`repository:tag`, `repository@sha256:…`), or why it cannot be had, in
    /// the registry's words.
    fn pull(&self, image: &str) -> Result<Image, String>;
}
