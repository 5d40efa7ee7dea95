//! Ids of rotations: characters that sort by time, then the mark of their record.

/// Characters that tell when a rotation began.
const TIME: usize = 24;

/// Length of the mark of a record ([`super::record::Record::mark`]).
pub const MARK: usize = 10;

/// Length of each id, in characters.
pub const LENGTH: usize = TIME + MARK;

/// Id of a new rotation of a record that has this mark. Without a mark it ends in a
/// new one, which the record keeps. `time_ordered` begins with at least 24 characters
/// that sort by time and differ for each call, `random` has at least ten.
#[must_use]
pub fn new(time_ordered: &str, random: &str, mark: Option<&str>) -> String {
    let mut id: String = time_ordered.chars().take(TIME).collect();
    let new = || random.get(..MARK).unwrap_or(random);
    id.push_str(mark.unwrap_or_else(new));
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_equally_long_and_end_in_the_mark() {
        let (time, random) = ("0".repeat(32), "f".repeat(32));
        let first = new(&time, &random, None);
        assert_eq!(first.len(), LENGTH);
        let next = new(&time, &random, Some("abcdefghij"));
        assert_eq!(next.len(), LENGTH);
        assert!(next.ends_with("abcdefghij") && first.ends_with("ffffffffff"));
    }
}
