//! The checksums of formats, set anew, so that damage reaches what lies behind them.

/// Sets the checksum of each header of a tar that the lengths lead to, up to the blocks of zeros that end it.
pub fn sum_tar_headers(tar: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + 512) {
        if header.iter().all(|byte| *byte == 0) {
            return;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let length =
            std::str::from_utf8(&header[124..135]).ok().and_then(|text| u64::from_str_radix(text.trim(), 8).ok());
        at += 512 + length.map_or(0, |length| length.min(1 << 20).div_ceil(512) as usize * 512);
    }
}

/// Sets the checksum of each chunk of a PNG file.
pub fn sum_png_chunks(png: &mut [u8]) {
    let mut at = 8;
    while let Some(head) = png.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let Some(end) = at.checked_add(8 + length).filter(|end| end + 4 <= png.len()) else { return };
        let sum = crc32(&png[at + 4..end]).to_be_bytes();
        png[end..end + 4].copy_from_slice(&sum);
        at = end + 4;
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}
