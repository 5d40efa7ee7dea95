//! Turns the parser's messages into what is wrong and what to do.

/// What is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wording {
    pub(super) message: String,
    pub(super) remedy: String,
}

const SEE: &str = "config/complete.toml shows every key with its meaning";

/// Puts a message of the typed reader into words. `also` are names that are
/// known besides those that the message lists.
pub(super) fn explain(raw: &str, also: &[&str]) -> Wording {
    if let Some((name, known)) = unknown(raw, "unknown field `") {
        return unknown_name("key", &name, &merge(&known, also));
    }
    if let Some((name, known)) = unknown(raw, "unknown variant `") {
        return unknown_name("choice", &name, &merge(&known, &[]));
    }
    if let Some(name) = missing_field(raw) {
        return Wording {
            message: format!("`{name}` is missing"),
            remedy: format!("add `{name} = …` here; {SEE}"),
        };
    }
    if raw.starts_with("wanted exactly 1 element") {
        return Wording {
            message: "exactly one kind must be chosen here".to_owned(),
            remedy: format!("keep one table of those below this name; {SEE}"),
        };
    }
    own_words(raw)
}

/// The name that a "missing field" message complains of.
pub(super) fn missing_field(raw: &str) -> Option<&str> {
    raw.strip_prefix("missing field `")?.strip_suffix('`')
}

/// Our own messages carry their remedy after a colon.
fn own_words(raw: &str) -> Wording {
    for mark in [": write ", ": use ", ": choose "] {
        if let Some(at) = raw.find(mark) {
            return Wording {
                message: raw[..at].to_owned(),
                remedy: raw[at + 2..].to_owned(),
            };
        }
    }
    let remedy = if raw.starts_with("invalid type") && raw.ends_with("expected a string") {
        "write it in quotes; a length of time needs its unit, such as \"30d\"".to_owned()
    } else if raw.contains("environment variable") {
        "set it for the service (with systemd: `Environment=`; in Kubernetes: `env`)".to_owned()
    } else {
        format!("correct the value; {SEE}")
    };
    Wording {
        message: raw.to_owned(),
        remedy,
    }
}

/// Words for a name that is not known here.
pub(super) fn unknown_name(what: &str, name: &str, known: &[&str]) -> Wording {
    let remedy = match (nearest(name, known), known) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => format!("take it out: no {what} is known here"),
        (None, known) => format!("known here: {}", known.join(", ")),
    };
    Wording {
        message: format!("unknown {what} `{name}`"),
        remedy,
    }
}

fn unknown(raw: &str, prefix: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = raw.strip_prefix(prefix)?.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    Some((name.to_owned(), known.collect()))
}

fn merge<'a>(known: &'a [String], also: &[&'a str]) -> Vec<&'a str> {
    let mut all: Vec<&str> = known.iter().map(String::as_str).collect();
    all.extend(also);
    all.sort_unstable();
    all.dedup();
    all
}

/// The known name that is most like this one, if any is like it at all.
pub(super) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    let scored = known.iter().map(|k| (distance(name, k), *k));
    let best = scored.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= allowed).then_some(best.1)
}

/// Insertions, deletions and replacements that turn one text into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            let best = (diagonal + cost).min(*above + 1).min(left + 1);
            diagonal = *above;
            *above = best;
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
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
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_name_near_a_known_one_is_suggested() {
        let raw = "unknown field `overlapp`, expected one of `lifetime`, `overlap`";
        assert_eq!(explain(raw, &[]).remedy, "did you mean `overlap`?");
        let far = "unknown field `zzz`, expected `overlap`";
        assert_eq!(explain(far, &["also"]).remedy, "known here: also, overlap");
    }

    #[test]
    fn remedies_in_our_own_messages_are_told_apart() {
        let wording = explain(
            "`5` is not a length of time: write a number with a unit",
            &[],
        );
        assert_eq!(wording.message, "`5` is not a length of time");
        assert_eq!(wording.remedy, "write a number with a unit");
    }
}
