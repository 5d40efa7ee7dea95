//! Reads lines in bounded memory.

use std::io::{self, BufRead};

/// Longest line that is read: a line has some kilobytes.
pub(super) const LONGEST_LINE: usize = 1024 * 1024;
/// Reads up to and with the next line end, and returns how many bytes that are. Of a line
/// that is too long only the beginning is kept.
pub(super) fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let available = match from.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok(length);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(available.len(), |place| place + 1);
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&available[..count.min(room)]);
        length += count;
        from.consume(count);
        if end.is_some() {
            return Ok(length);
        }
    }
}
