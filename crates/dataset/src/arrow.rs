//! Arrow's reader held to what is there: it panics at some damaged files, and makes room for whatever a message states.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reads by Arrow's code, whose panics are what any other damage is.
pub(crate) fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("is damaged".into()))
}

/// Refuses an IPC stream with a message that is longer than what is left of it.
pub(crate) fn check_lengths(stream: &[u8]) -> Result<(), String> {
    /// What stands before a message's length since version 0.15 of the format.
    const CONTINUATION: u32 = u32::MAX;
    let mut rest = stream;
    while let Some(mut length) = take_u32(&mut rest) {
        if length == CONTINUATION {
            let Some(next) = take_u32(&mut rest) else { return Ok(()) };
            length = next;
        }
        if length == 0 {
            return Ok(());
        }
        let metadata = take(&mut rest, length as usize)?;
        // What is no message is Arrow's to refuse; what follows it has no meaning then.
        let Ok(message) = arrow_ipc::root_as_message(metadata) else { return Ok(()) };
        take(&mut rest, usize::try_from(message.bodyLength()).map_err(|_| "is damaged: a message has no length")?)?;
    }
    Ok(())
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*bytes))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    let (taken, after) =
        rest.split_at_checked(length).ok_or("is cut off or damaged: a message is longer than what is left")?;
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        let check =
            |stream: &[u8], is_refused: bool| assert_eq!(check_lengths(stream).is_err(), is_refused, "{stream:?}");
        check(b"", false);
        check(b"\xff\xff\xff\xff\0\0\0\0", false);
        // Found by fuzzing: five bytes for which Arrow made 64 MiB of room.
        check(b"x\x04\xff\xff\xf9", true);
        check(b"\xff\xff\xff\xff\x10\0\0\0short", true);
    }
}
