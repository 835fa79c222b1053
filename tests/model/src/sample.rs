//! The sample service: its names, its settings, its images.

use crate::world::Image;
use changeover_domain::image::PinnedImage;
use changeover_domain::settings::{Raw, Settings, read};
use std::sync::OnceLock;

/// The members' names, which are those of their target groups as well.
pub const NAMES: [&str; 2] = ["blue", "green"];
/// The weights of a pair, in order.
pub const STEPS: &str = "50 100";

/// The settings of the sample service; read once, since every look needs them.
pub fn settings(is_pair: bool, on_push: &str) -> Settings {
    static KNOWN: [OnceLock<Settings>; 4] = [const { OnceLock::new() }; 4];
    let known = &KNOWN[usize::from(is_pair) * 2 + usize::from(on_push == "supersede")];
    let once = || read(&Raw::new(), &tags(0, is_pair, on_push), &Raw::new()).expect("the tags are right");
    known.get_or_init(once).clone()
}

/// The tags of a member.
pub(crate) fn tags(index: usize, is_pair: bool, on_push: &str) -> Raw {
    let usual = [("repository", "web"), ("on-push", on_push), ("bake", "30s"), ("healthy-checks", "1")];
    let pair = [
        ("strategy", "blue-green"),
        ("pair", NAMES[1 - index]),
        ("steps", STEPS),
        ("rollback-window", "60s"),
    ];
    let all = usual.into_iter().chain(pair.into_iter().filter(|_| is_pair));
    all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// An image as it is pinned.
pub fn image(number: Image) -> PinnedImage {
    let digest = format!("sha256:{}", number.to_string().repeat(64));
    PinnedImage::new("web", "r/web", Some("latest"), &digest)
}

/// The number of a pinned image.
///
/// # Panics
/// If it is none of ours.
pub fn number_of(image: &PinnedImage) -> Image {
    let digit = image.digest.bytes().last().expect("a digit");
    digit - b'0'
}
