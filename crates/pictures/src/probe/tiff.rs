//! TIFF: what the first directory states of its fields' lengths. Decoders make room for values as soon as they are stated.

use std::io::{self, BufRead, ErrorKind, Seek, SeekFrom};

use super::take;

/// The version of files with offsets of 64 bits.
const BIG: u64 = 43;

/// The most values of a field that describes a picture: places of strips, say, of which there is one a row at the most.
const MAX_VALUES: u64 = 1 << 20;

/// From here on fields are programs' own, long ones among them, which no decoder asks for.
const FIRST_PRIVATE_FIELD: u64 = 700;

/// Checks that no field has more values than the file has room for, or than a picture needs.
pub(super) fn check<R: BufRead + Seek>(reader: &mut R) -> io::Result<()> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let order: [u8; 2] = take(reader)?;
    let is_little_endian = order == *b"II";
    let short = |reader: &mut R| take(reader).map(|bytes: [u8; 2]| number(bytes, is_little_endian));
    let is_big = short(reader)? == BIG;
    let word = |reader: &mut R| match is_big {
        true => take(reader).map(|bytes: [u8; 8]| number(bytes, is_little_endian)),
        false => take(reader).map(|bytes: [u8; 4]| number(bytes, is_little_endian)),
    };
    if is_big {
        let _bytes_of_offsets: [u8; 4] = take(reader)?;
    }
    let directory = word(reader)?;
    reader.seek(SeekFrom::Start(directory))?;
    let fields = if is_big { word(reader)? } else { short(reader)? };
    for _ in 0..fields {
        let (field, kind, count) = (short(reader)?, short(reader)?, word(reader)?);
        let _value = word(reader)?;
        let is_too_long = count.saturating_mul(bytes_of(kind)) > length;
        if is_too_long || field < FIRST_PRIVATE_FIELD && count > MAX_VALUES {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}

fn number<const N: usize>(bytes: [u8; N], is_little_endian: bool) -> u64 {
    let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    if is_little_endian { bytes.iter().rev().fold(0, append) } else { bytes.iter().fold(0, append) }
}

/// How long a value of a type is; those that are unknown have some length, too.
fn bytes_of(kind: u64) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A file with a directory of this one field, and nothing but zeros behind it.
    fn file(is_little_endian: bool, is_big: bool, (field, kind, count): (u16, u16, u64), zeros: usize) -> Vec<u8> {
        let number = |value: u64, bytes: usize| match is_little_endian {
            true => value.to_le_bytes()[..bytes].to_vec(),
            false => value.to_be_bytes()[8 - bytes..].to_vec(),
        };
        let word = if is_big { 8 } else { 4 };
        let head = if is_big { [number(43, 2), number(8, 2), number(0, 2)].concat() } else { number(42, 2) };
        let directory = number(head.len() as u64 + 2 + word as u64, word);
        let fields = number(1, if is_big { 8 } else { 2 });
        let entry = [number(field.into(), 2), number(kind.into(), 2), number(count, word), number(0, word)].concat();
        let order = if is_little_endian { b"II" } else { b"MM" };
        [&order[..], &head, &directory, &fields, &entry, &vec![0; zeros]].concat()
    }

    #[test]
    fn fields_are_no_longer_than_their_file_and_a_picture_s_no_longer_than_it_needs() {
        let check = |field: (u16, u16, u64), zeros: usize, is_refused: bool| {
            for (is_little_endian, is_big) in [(true, false), (false, false), (true, true), (false, true)] {
                let file = file(is_little_endian, is_big, field, zeros);
                let checked = check(&mut Cursor::new(&file));
                assert_eq!(checked.is_err(), is_refused, "{field:?} {zeros} {is_little_endian} {is_big}");
            }
        };
        check((317, 3, 1), 0, false);
        check((317, 3, 4_194_305), 0, true);
        check((273, 4, 1000), 4000, false);
        check((273, 4, 1000), 2000, true);
        check((273, 4, 2_000_000), 8_000_000, true);
        // Photoshop's layers.
        check((37_724, 7, 4_000_000), 4_000_000, false);
        check((37_724, 12, u32::MAX.into()), 4_000_000, true);
    }
}
