//! Which image of a repository is meant, given what the registry lists and what push events told. Pure.

use crate::Timestamp;
use crate::image::{is_exact, tag_matches};
use crate::moves::Moves;
use crate::span::Seconds;
use alphanumeric_sort::compare_str;

/// Configurations of what a container can be started from: Docker's and OCI's. Everything else that a registry holds (Helm
/// charts, signatures, attestations, caches) has another.
const OF_CONTAINERS: [&str; 2] =
    ["application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"];
/// How the tags begin that cosign and OCI's referrers give to what belongs to another image: `sha256-`, its digest, and
/// often an ending such as `.sig`, `.att` or `.sbom`.
const REFERRER: &str = "sha256-";
/// Hexadecimal digits of a digest.
const DIGITS: usize = 64;
/// Processor architectures as the tags of an index's parts end: Go's names, which Docker uses, and some that people use.
const ARCHITECTURES: [&str; 16] = [
    "amd64", "arm64", "arm64v8", "arm32v7", "armv7", "armv6", "arm", "x86_64", "x86-64", "aarch64", "386",
    "i386", "ppc64le", "s390x", "riscv64", "loong64",
];

/// What stands before an architecture.
const SEPARATORS: [char; 3] = ['-', '_', '.'];
/// How long after an image for one architecture its index may come.
pub const INDEX_PATIENCE: Seconds = Seconds(600);

/// An image as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedImage {
    /// `sha256:…`
    pub digest: String,
    /// The tags that point to it now.
    pub tags: Vec<String>,
    /// When its manifest was pushed, by the registry's clock; not when a tag was moved to it, which no registry says.
    pub pushed_at: Timestamp,
    /// Whether it was put into the archive, from where nothing can be pulled.
    pub archived: bool,
    /// The media type of its configuration; an index has none.
    pub config_type: Option<String>,
    /// Whether it says that it is about another image.
    pub refers: bool,
}

impl ListedImage {
    /// Why no container can be started from it, if so.
    pub fn unfit(&self) -> Option<String> {
        if self.archived {
            return Some(
                "is archived, and nothing can be pulled from there: restore it, or push it again".to_owned(),
            );
        }
        if self.refers {
            return Some(
                "belongs to another image, such as a signature does: it is none that runs".to_owned(),
            );
        }
        let kind = self.config_type.as_deref().filter(|kind| !kind.is_empty());
        let kind = kind.filter(|kind| !OF_CONTAINERS.contains(kind))?;
        Some(format!("is of the kind {kind}, which no container can be started from"))
    }
}

/// The image that a pattern means, by which tag, and why that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The image.
    pub image: &'a ListedImage,
    /// The tag.
    pub tag: &'a str,
    /// In words.
    pub why: String,
}

/// Why a tag that was just pushed and matches a pattern is not deployed by that push, if so.
pub fn passed_over(pattern: &str, tag: &str) -> Option<String> {
    if is_exact(pattern) {
        // Somebody has named just this one.
        return None;
    }
    if is_referrer(tag) {
        return Some(format!("{tag} belongs to another image, such as a signature does"));
    }
    let (index, architecture) = part(pattern, tag)?;
    Some(format!(
        "{tag} is for {architecture} alone, and may be a part of an index {index} that follows: if none has come after {INDEX_PATIENCE}, it is taken for an image of its own. To deploy such tags at once, let changeover:image-tag end with -{architecture}"
    ))
}

/// The tag of the index that a tag may be a part of, and the architecture; none if the pattern asks for that one.
fn part<'a>(pattern: &str, tag: &'a str) -> Option<(&'a str, &'static str)> {
    let architecture = architecture(tag).filter(|architecture| !pattern.ends_with(architecture))?;
    let index = tag.strip_suffix(architecture)?.trim_end_matches(SEPARATORS);
    // Such as v1-linux-amd64.
    Some((index.strip_suffix("-linux").unwrap_or(index), architecture))
}

/// Whether a tag is, or may still become, a part of an index.
fn is_part(
    images: &[ListedImage],
    pattern: &str,
    (image, tag): (&ListedImage, &str),
    now: Timestamp,
) -> bool {
    let Some((index, architecture)) = part(pattern, tag) else { return false };
    let mut others = images.iter().flat_map(|image| &image.tags).map(String::as_str);
    let has_company = others.any(|other| {
        other == index
            || part(pattern, other).is_some_and(|(of, theirs)| of == index && theirs != architecture)
    });
    has_company || now < INDEX_PATIENCE.after(image.pushed_at)
}

fn is_referrer(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix(REFERRER) else { return false };
    let Some((digits, ending)) = rest.split_at_checked(DIGITS) else { return false };
    digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        && (ending.is_empty() || ending.starts_with(['.', '-', '_']))
}

/// The architecture that a tag ends with, after some separator.
fn architecture(tag: &str) -> Option<&'static str> {
    ARCHITECTURES.into_iter().find(|name| {
        tag.strip_suffix(name)
            .and_then(|rest| rest.chars().last())
            .is_some_and(|last| SEPARATORS.contains(&last))
    })
}

/// The image that a pattern means now: of the tags that match, the one that was moved last.
///
/// When a tag was moved, its push event has told; where none was heard of since, the time counts at which the image was
/// pushed that it points to. Never the order in which events came: a late event of an earlier push leads to the same image.
/// Times are in whole seconds; of two tags in one second the one that counts higher is taken, `v10` over `v9`.
pub fn choose<'a>(
    images: &'a [ListedImage],
    pattern: &str,
    moves: &Moves,
    now: Timestamp,
) -> Option<Choice<'a>> {
    let mut candidates: Vec<Candidate<'a>> = images
        .iter()
        .filter(|image| image.unfit().is_none())
        .flat_map(|image| image.tags.iter().map(move |tag| (image, tag.as_str())))
        .filter(|(_, tag)| tag_matches(pattern, tag) && !is_referrer(tag))
        .filter(|one| !is_part(images, pattern, *one, now))
        .map(|(image, tag)| {
            let told = moves.told(tag, &image.digest);
            Candidate { image, tag, at: told.unwrap_or(image.pushed_at), told: told.is_some() }
        })
        .collect();
    candidates
        .sort_by(|a, b| a.at.as_second().cmp(&b.at.as_second()).then_with(|| compare_str(a.tag, b.tag)));
    let won = candidates.pop()?;
    let why = won.why(pattern, &candidates);
    Some(Choice { image: won.image, tag: won.tag, why })
}

struct Candidate<'a> {
    image: &'a ListedImage,
    tag: &'a str,
    at: Timestamp,
    told: bool,
}

impl Candidate<'_> {
    fn why(&self, pattern: &str, others: &[Self]) -> String {
        let by = if self.told {
            "as its push event told"
        } else {
            "when its image was pushed; no event told of the tag"
        };
        let at = self.at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let Some(next) = others.last() else {
            return format!("{} is the only tag that matches {pattern}", self.tag);
        };
        let count = others.len() + 1;
        if next.at.as_second() == self.at.as_second() {
            return format!(
                "of {count} tags that match {pattern}, {} and {} were moved in the same second ({at}), and {} counts higher",
                self.tag, next.tag, self.tag
            );
        }
        let untold = others.iter().filter(|other| !other.told).count();
        let lost = match (self.told, untold) {
            (true, 1..) => {
                format!("; of {untold} no event told, and the time counts at which their images were pushed")
            }
            _ => String::new(),
        };
        format!("of {count} tags that match {pattern}, {} was moved last: {at}, {by}{lost}", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::Move;

    fn image(digit: char, tags: &[&str], pushed_at: &str) -> ListedImage {
        ListedImage {
            digest: digest(digit),
            tags: tags.iter().map(ToString::to_string).collect(),
            pushed_at: pushed_at.parse().unwrap(),
            archived: false,
            config_type: Some(OF_CONTAINERS[1].to_owned()),
            refers: false,
        }
    }

    /// Long after everything.
    fn late() -> Timestamp {
        "2026-02-01T00:00:00Z".parse().unwrap()
    }

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn heard(tag: &str, digit: char, at: &str) -> Moves {
        let mut moves = Moves::default();
        moves.hear(Move { tag: tag.to_owned(), digest: digest(digit), at: at.parse().unwrap() });
        moves
    }

    fn chosen(images: &[ListedImage], pattern: &str, moves: &Moves) -> Option<(char, String)> {
        let choice = choose(images, pattern, moves, late())?;
        Some((choice.image.digest.chars().last()?, choice.tag.to_owned()))
    }

    #[test]
    fn the_newest_push_wins_whatever_the_tags_sort_like() {
        let images = [
            image('a', &["prod-9"], "2026-01-02T00:00:00Z"),
            image('b', &["prod-10"], "2026-01-03T00:00:00Z"),
            image('c', &["dev-11"], "2026-01-04T00:00:00Z"),
            image('d', &[], "2026-01-05T00:00:00Z"),
        ];
        assert_eq!(chosen(&images, "prod-@", &Moves::default()), Some(('b', "prod-10".into())));
        assert_eq!(chosen(&images, "latest", &Moves::default()), None);
    }

    #[test]
    fn an_older_image_that_is_promoted_by_a_new_tag_is_meant() {
        let images = [
            image('a', &["build-1", "prod-3"], "2026-01-02T00:00:00Z"),
            image('b', &["prod-2"], "2026-01-03T00:00:00Z"),
        ];
        let moves = heard("prod-3", 'a', "2026-01-04T00:00:00Z");
        let choice = choose(&images, "prod-@", &moves, late()).unwrap();
        assert_eq!((&choice.image.digest, choice.tag), (&digest('a'), "prod-3"));
        assert!(
            choice.why.contains("moved last: 2026-01-04T00:00:00Z, as its push event told"),
            "{}",
            choice.why
        );
        assert!(choice.why.contains("of 1 no event told"), "{}", choice.why);
        let lost = choose(&images, "prod-@", &Moves::default(), late()).unwrap();
        assert_eq!(lost.tag, "prod-2", "nobody told that the tag was moved");
        assert!(lost.why.contains("no event told of the tag"), "{}", lost.why);
    }

    #[test]
    fn a_move_counts_for_the_digest_that_it_was_about_only() {
        let images = [
            image('a', &["prod-1"], "2026-01-02T00:00:00Z"),
            image('b', &["prod-2"], "2026-01-03T00:00:00Z"),
        ];
        // The tag was moved to another image since, and that event was lost.
        let moves = heard("prod-1", 'c', "2026-01-04T00:00:00Z");
        assert_eq!(chosen(&images, "prod-@", &moves), Some(('b', "prod-2".into())));
    }

    #[test]
    fn of_two_moves_in_one_second_the_higher_tag_wins() {
        let at = "2026-01-02T00:00:00Z";
        let images = [image('f', &["v9"], at), image('a', &["v10", "v2"], at), image('e', &["v1"], at)];
        let choice = choose(&images, "v@", &Moves::default(), late()).unwrap();
        assert_eq!((choice.image, choice.tag), (&images[1], "v10"));
        assert!(choice.why.contains("in the same second"), "{}", choice.why);
        // Events and registry have seconds of their own: a fraction decides nothing.
        let later = [image('f', &["v9"], "2026-01-02T00:00:00.900Z"), images[1].clone()];
        assert_eq!(chosen(&later, "v@", &Moves::default()), Some(('a', "v10".into())));
    }

    #[test]
    fn what_belongs_to_another_image_is_never_meant() {
        let hex = "0a".repeat(32);
        let newer = "2026-01-09T00:00:00Z";
        let good = image('a', &["v1"], "2026-01-02T00:00:00Z");
        let names = [
            format!("sha256-{hex}.sig"),
            format!("sha256-{hex}.att"),
            format!("sha256-{hex}.sbom"),
            format!("sha256-{hex}"),
        ];
        for name in &names {
            let images = [good.clone(), image('b', &[name], newer)];
            assert_eq!(chosen(&images, "@", &Moves::default()), Some(('a', "v1".into())), "{name}");
            assert!(passed_over("@", name).is_some());
        }
        assert!(!is_referrer("sha256-of-something") && !is_referrer(&format!("sha256-{hex}0")));
        let signature = ListedImage { refers: true, ..image('b', &["v2"], newer) };
        let chart = ListedImage {
            config_type: Some("application/vnd.cncf.helm.config.v1+json".into()),
            ..image('b', &["v2"], newer)
        };
        let archived = ListedImage { archived: true, ..image('b', &["v2"], newer) };
        for other in [signature, chart, archived] {
            assert!(other.unfit().is_some(), "{other:?}");
            assert_eq!(chosen(&[good.clone(), other], "v@", &Moves::default()), Some(('a', "v1".into())));
        }
        let index = ListedImage { config_type: None, ..image('b', &["v2"], newer) };
        assert_eq!(chosen(&[good, index], "v@", &Moves::default()), Some(('b', "v2".into())));
    }

    #[test]
    fn a_part_of_an_index_waits_for_the_index() {
        let mut images = vec![
            image('a', &["v4"], "2026-01-01T00:00:00Z"),
            image('b', &["v5-amd64"], "2026-01-02T00:00:00Z"),
            image('c', &["v5-linux-arm64"], "2026-01-02T00:00:01Z"),
        ];
        let chosen = |images: &[ListedImage], pattern: &str| chosen(images, pattern, &Moves::default());
        assert_eq!(chosen(&images, "v@"), Some(('a', "v4".into())), "the index never came");
        assert_eq!(chosen(&images, "v@-arm64"), Some(('c', "v5-linux-arm64".into())));
        images.push(ListedImage { config_type: None, ..image('d', &["v5"], "2026-01-02T00:00:01Z") });
        assert_eq!(chosen(&images, "v@"), Some(('d', "v5".into())));
        let why = passed_over("v@", "v5-linux-x86_64").unwrap();
        assert!(why.contains("for x86_64 alone") && why.contains("an index v5 that follows"), "{why}");
        for tag in ["alarm", "v1", "v1-charm", "amd64"] {
            assert_eq!(passed_over("@", tag), None, "{tag}");
        }
        assert_eq!(passed_over("v5-arm64", "v5-arm64"), None, "just this one is named");
    }

    #[test]
    fn a_tag_for_one_architecture_that_no_index_follows_is_an_image_of_its_own() {
        let images = [
            image('a', &["1.4-arm64"], "2026-01-01T00:00:00Z"),
            image('b', &["1.5-arm64"], "2026-01-02T00:00:00Z"),
        ];
        let at = |time: &str| {
            let choice = choose(&images, "@", &Moves::default(), time.parse().unwrap()).unwrap();
            choice.tag.to_owned()
        };
        assert_eq!(at("2026-01-02T00:09:59Z"), "1.4-arm64", "an index may follow still");
        assert_eq!(at("2026-01-02T00:10:00Z"), "1.5-arm64");
    }
}
