//! What tasks run: an image, and the deployment that registered its revision.

/// An image, by its number; the tag points to 1 at first.
pub type Image = u8;
/// A deployment, by its number from 1 on; an execution carries one of the same number, or recovers another's.
pub type DeploymentNumber = u8;

/// What a task runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision {
    /// The image.
    pub image: Image,
    /// The deployment that registered it; 0 for what was there before, 9 for somebody's own.
    pub by: DeploymentNumber,
}

/// What was there before.
pub const FIRST: Revision = Revision { image: 1, by: 0 };

impl Revision {
    /// As a task definition's ARN.
    pub fn name(self) -> String {
        format!("td:{}.{}", self.image, self.by)
    }

    /// From such an ARN.
    ///
    /// # Panics
    /// If it is none of ours.
    pub fn of(name: &str) -> Self {
        let numbers = name.strip_prefix("td:").and_then(|rest| rest.split_once('.'));
        let (image, by) = numbers.unwrap_or_else(|| panic!("{name} is no revision"));
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{name} is no revision"));
        Self { image: number(image), by: number(by) }
    }
}
