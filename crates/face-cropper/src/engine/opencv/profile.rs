//! PNG files without their colour profiles, which OpenCV ignores and libpng complains about on stderr.

use std::borrow::Cow;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The chunks that describe a colour space.
const PROFILE_CHUNKS: [&[u8]; 4] = [b"iCCP", b"cHRM", b"sRGB", b"gAMA"];

/// The file without colour profile, pixels untouched; anything else than a whole PNG comes back as it is.
pub(super) fn without_profile(file: &[u8]) -> Cow<'_, [u8]> {
    match kept_chunks(file) {
        Some(chunks) if chunks.iter().map(|chunk| chunk.len()).sum::<usize>() < file.len() => chunks.concat().into(),
        _ => file.into(),
    }
}

/// The signature and the chunks to keep, up to the end chunk; `None` where that is never reached.
fn kept_chunks(file: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = file.strip_prefix(SIGNATURE)?;
    let mut kept = vec![SIGNATURE];
    loop {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        let name = rest.get(4..8)?;
        // Its length, its name and its checksum are twelve bytes more.
        let (chunk, after) = rest.split_at_checked(usize::try_from(length).ok()?.checked_add(12)?)?;
        if !PROFILE_CHUNKS.contains(&name) {
            kept.push(chunk);
        }
        if name == b"IEND" {
            return Some(kept);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32).to_be_bytes()[..], name, content, b"sum."].concat()
    }

    #[test]
    fn only_profiles_of_whole_files_go() {
        let check = |file: &[u8], expected: &[u8]| assert_eq!(*without_profile(file), *expected);
        let (pixels, end) = (chunk(b"IDAT", b"pixels"), chunk(b"IEND", b""));
        let plain = [SIGNATURE, &pixels, &end].concat();
        let profiled = [SIGNATURE, &chunk(b"iCCP", b"profile"), &chunk(b"gAMA", b"g"), &pixels, &end].concat();
        check(&plain, &plain);
        check(&profiled, &plain);
        check(&profiled[..profiled.len() - 1], &profiled[..profiled.len() - 1]);
        check(b"\xFF\xD8 a JPEG", b"\xFF\xD8 a JPEG");
        check(b"", b"");
    }
}
