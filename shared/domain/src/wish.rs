//! What becomes wanted, given what was: by the registry's word, or by somebody's hand. Pure; each wish that changes
//! something is a generation of its own.

use crate::Timestamp;
use crate::image::PinnedImage;
use crate::record::Wanted;

/// What becomes wanted when the service's image tag points to an image; none if nothing changes.
///
/// An image that somebody asked for by hand stays until the tag is moved: the registry's word is older than theirs.
pub fn by_registry(
    before: Option<&Wanted>,
    image: &PinnedImage,
    cause: &str,
    now: Timestamp,
) -> Option<Wanted> {
    let stays = before.is_some_and(|before| match &before.instead_of {
        Some(passed_over) => *passed_over == image.digest,
        None => before.image.digest == image.digest,
    });
    (!stays).then(|| next(before, image, None, cause, now))
}

/// What becomes wanted when somebody asks for an image, while the tag points to `registry`; none if nothing changes.
/// Whoever asks for what was taken back wants it after all.
pub fn by_hand(
    before: Option<&Wanted>,
    image: &PinnedImage,
    registry: Option<&str>,
    cause: &str,
    now: Timestamp,
) -> Option<Wanted> {
    let instead_of = registry.filter(|digest| *digest != image.digest).map(str::to_owned);
    let stays = before.is_some_and(|before| {
        before.image.digest == image.digest && before.taken_back.is_none() && before.instead_of == instead_of
    });
    (!stays).then(|| next(before, image, instead_of, cause, now))
}

fn next(
    before: Option<&Wanted>,
    image: &PinnedImage,
    instead_of: Option<String>,
    cause: &str,
    now: Timestamp,
) -> Wanted {
    let generation = before.map_or(0, |wanted| wanted.generation) + 1;
    Wanted {
        image: image.clone(),
        generation,
        since: now,
        cause: cause.to_owned(),
        taken_back: None,
        instead_of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DeploymentId;

    fn image(digit: &str) -> PinnedImage {
        PinnedImage::new("web", "r/web", Some("latest"), &format!("sha256:{}", digit.repeat(64)))
    }

    fn pushed(before: Option<&Wanted>, digit: &str) -> Option<Wanted> {
        by_registry(before, &image(digit), "push", Timestamp::UNIX_EPOCH)
    }

    fn asked(before: Option<&Wanted>, digit: &str, registry: &str) -> Option<Wanted> {
        by_hand(before, &image(digit), Some(&image(registry).digest), "console", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_same_image_again_is_no_wish() {
        let first = pushed(None, "a").unwrap();
        assert_eq!((first.generation, pushed(Some(&first), "a")), (1, None));
        assert_eq!(pushed(Some(&first), "b").unwrap().generation, 2);
        assert_eq!(asked(Some(&first), "a", "a"), None);
    }

    #[test]
    fn what_a_hand_asked_for_stays_until_the_tag_moves() {
        let bad = pushed(None, "b").unwrap();
        let earlier = asked(Some(&bad), "a", "b").unwrap();
        assert_eq!(pushed(Some(&earlier), "b"), None, "reconcile does not bring the bad one back");
        assert_eq!(pushed(Some(&earlier), "c").unwrap().image, image("c"));
        let moved = pushed(Some(&earlier), "a").unwrap();
        assert_eq!(moved.instead_of, None, "the tag has come to the same image");
        assert!(pushed(Some(&moved), "b").is_some(), "and may go back");
        assert!(asked(Some(&earlier), "b", "b").is_some(), "a hand may ask for the tag's image");
    }

    #[test]
    fn what_was_taken_back_is_wanted_again_only_by_hand() {
        let mut taken = pushed(None, "a").unwrap();
        taken.taken_back = Some(DeploymentId::from("d"));
        assert_eq!(pushed(Some(&taken), "a"), None);
        assert_eq!(asked(Some(&taken), "a", "a").unwrap().taken_back, None);
    }
}
