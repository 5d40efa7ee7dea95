//! Which known name a misspelt one is most like.

use strsim::osa_distance;

/// The known name that is most like this one, if any is like it at all: by
/// insertions, deletions, replacements and exchanges of neighbours.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    let name = name.to_lowercase();
    let scored = known
        .into_iter()
        .map(|k| (osa_distance(&name, &k.to_lowercase()), k));
    let best = scored.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= allowed).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_alike_is_suggested() {
        let known = ["overlap", "lifetime", "name", "secret"];
        let cases = [
            ("overlapp", Some("overlap")),
            ("OVERLAP", Some("overlap")),
            ("nmae", Some("name")),
            ("secert", Some("secret")),
            ("lifetme", Some("lifetime")),
            ("retry", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
    }
}
