//! Whether an answer is what it says it is. Pure.

use crate::request::{Kind, Reason};

/// Judges a whole answer below 500 by its body: every line begins with the version that the head names, and
/// a stream has all of its pieces. What names no version is not judged, nor are refusals.
pub fn judge(kind: Kind, status: u16, version: Option<&str>, body: &[u8]) -> Result<(), Reason> {
    let Some(version) = version.filter(|_| (200..300).contains(&status)) else { return Ok(()) };
    let text = str::from_utf8(body).map_err(|_| Reason::WrongBody)?;
    let mut last = None;
    for line in text.lines() {
        if line.split(' ').next() != Some(version) {
            return Err(Reason::WrongBody);
        }
        last = Some(line);
    }
    let last = last.ok_or(Reason::WrongBody)?;
    if kind == Kind::Stream && !is_last_piece(last) {
        return Err(Reason::TruncatedBody);
    }
    Ok(())
}

/// `v2 20/20` is; `v2 19/20` is not.
fn is_last_piece(line: &str) -> bool {
    let numbers = line.split(' ').nth(1).and_then(|piece| piece.split_once('/'));
    numbers.is_some_and(|(piece, pieces)| piece == pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_of_the_version_in_the_head() {
        assert_eq!(judge(Kind::Short, 200, Some("v2"), b"v2\n"), Ok(()));
        assert_eq!(judge(Kind::Short, 200, Some("v2"), b"v1\n"), Err(Reason::WrongBody));
        assert_eq!(judge(Kind::Short, 200, Some("v2"), b"v20\n"), Err(Reason::WrongBody));
        assert_eq!(judge(Kind::Short, 200, Some("v2"), b""), Err(Reason::WrongBody));
        assert_eq!(judge(Kind::Short, 200, None, b"anything"), Ok(()));
        assert_eq!(judge(Kind::Short, 404, Some("v2"), b"<html>"), Ok(()));
    }

    #[test]
    fn a_stream_is_whole_and_of_one_version() {
        assert_eq!(judge(Kind::Stream, 200, Some("v1"), b"v1 1/2\nv1 2/2\n"), Ok(()));
        assert_eq!(judge(Kind::Stream, 200, Some("v1"), b"v1 1/2\n"), Err(Reason::TruncatedBody));
        assert_eq!(judge(Kind::Stream, 200, Some("v1"), b"v1 1/2\nv2 2/2\n"), Err(Reason::WrongBody));
    }
}
