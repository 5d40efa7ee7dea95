//! Which known name a misspelt one is most like.

/// The known name that is most like this one, if any is like it at all.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    let scored = known.iter().map(|k| (distance(name, k), *k));
    let best = scored.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= allowed).then_some(best.1)
}

/// Insertions, deletions, replacements and exchanges of neighbours that turn
/// one text into the other.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    // Row `i` holds the distances of the first `i` letters of `a`.
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let above = |up: usize, left: usize| rows[i - up][j - left];
            let replaced = above(1, 1) + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(above(1, 0) + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(above(2, 2) + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        let cases = [
            ("", "", 0),
            ("a", "", 1),
            ("", "abc", 3),
            ("overlapp", "overlap", 1),
            ("kitten", "sitting", 3),
            ("OVERLAP", "overlap", 0),
            ("nmae", "name", 1),
            ("secert", "secret", 1),
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_what_is_alike_is_suggested() {
        let known = ["overlap", "lifetime"];
        assert_eq!(nearest("overlapp", &known), Some("overlap"));
        assert_eq!(nearest("retry", &known), None);
    }
}
