//! Image references, as task definitions name images: `REGISTRY/REPOSITORY:TAG@DIGEST`, most of it optional.

use crate::image::is_digest;

/// An image reference, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// `REGISTRY/REPOSITORY`, or only the repository of Docker Hub.
    pub name: &'a str,
    /// The tag; none is `latest`.
    pub tag: Option<&'a str>,
    /// The digest; where there is one it decides, whatever the tag.
    pub digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Takes a reference apart. A port of the registry's is no tag.
    pub fn read(reference: &'a str) -> Self {
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest).filter(|digest| is_digest(digest))),
            None => (reference, None),
        };
        match rest.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((name, tag)) => Self { name, tag: Some(tag), digest },
            None => Self { name: rest, tag: None, digest },
        }
    }

    /// The registry's host; none for Docker Hub's short names.
    pub fn registry(&self) -> Option<&'a str> {
        let (host, _) = self.name.split_once('/')?;
        host.contains(['.', ':']).then_some(host)
    }

    /// The repository, without the registry.
    pub fn repository(&self) -> &'a str {
        match self.registry() {
            Some(host) => self.name.get(host.len() + 1..).unwrap_or_default(),
            None => self.name,
        }
    }

    /// The same repository's image of a digest.
    pub fn pinned_to(&self, digest: &str) -> String {
        format!("{}@{digest}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_taken_apart() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let both = format!("1.dkr.ecr.eu-west-1.amazonaws.com/shop/web:prod@{digest}");
        let read = Reference::read(&both);
        assert_eq!(read.registry(), Some("1.dkr.ecr.eu-west-1.amazonaws.com"));
        assert_eq!((read.repository(), read.tag, read.digest), ("shop/web", Some("prod"), Some(&*digest)));
        let local = Reference::read("localhost:5000/web");
        assert_eq!((local.registry(), local.repository(), local.tag), (Some("localhost:5000"), "web", None));
        let hub = Reference::read("library/nginx:1.27");
        assert_eq!((hub.registry(), hub.repository(), hub.tag), (None, "library/nginx", Some("1.27")));
        assert_eq!(hub.pinned_to(&digest), format!("library/nginx@{digest}"));
        assert_eq!(Reference::read("r/web@sha256:12").digest, None, "half a digest pins nothing");
    }
}
