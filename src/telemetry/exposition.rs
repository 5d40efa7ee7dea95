//! Writes the Prometheus text format 0.0.4 from the entries of the board, a chunk at
//! a time: the text of 10 000 tokens takes megabytes, and is never in memory as a
//! whole.

use jiff::Timestamp;

use super::board::Entry;

/// A chunk ends with the token that makes it this long.
const CHUNK: usize = 64 * 1024;

/// The series of all entries, in chunks. A family without samples is omitted, with its
/// header.
pub(super) struct Chunks {
    entries: Vec<Entry>,
    families: Vec<&'static Family>,
    /// The time of the scrape.
    now: Timestamp,
    /// The family that is being written, and its next entry.
    family: usize,
    entry: usize,
    /// Whether the header of that family was written.
    headed: bool,
}

impl Chunks {
    /// The families in this order, each with the samples of all entries.
    pub(super) fn new(
        families: impl IntoIterator<Item = &'static Family>,
        entries: Vec<Entry>,
        now: Timestamp,
    ) -> Self {
        Self {
            entries,
            now,
            families: families.into_iter().collect(),
            family: 0,
            entry: 0,
            headed: false,
        }
    }
}

impl Iterator for Chunks {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let mut out = String::new();
        while let Some(family) = self.families.get(self.family) {
            let rest = self.entries.get(self.entry..).unwrap_or_default();
            let mut series = Series {
                out: &mut out,
                family,
                headed: self.headed,
                now: self.now,
            };
            for entry in rest {
                (family.emit)(entry, &mut series);
                self.entry += 1;
                if series.out.len() >= CHUNK {
                    self.headed = series.headed;
                    return Some(out);
                }
            }
            self.family += 1;
            self.entry = 0;
            self.headed = false;
        }
        (!out.is_empty()).then_some(out)
    }
}

/// One metric family.
pub(super) struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    emit: fn(&Entry, &mut Series<'_>),
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// The samples of one family.
pub(super) struct Series<'a> {
    out: &'a mut String,
    family: &'static Family,
    headed: bool,
    /// The time of the scrape.
    pub(super) now: Timestamp,
}

impl Series<'_> {
    /// One sample of a token; `labels` follow the label `token`. A label without a
    /// value is omitted: to Prometheus that is the same.
    pub(super) fn sample(&mut self, token: &str, labels: &[(&str, &str)], value: i64) {
        if !self.headed {
            self.headed = true;
            push_header(self.out, self.family);
        }
        self.out.push_str(self.family.name);
        self.out.push_str("{token=\"");
        push_escaped(self.out, token);
        for (name, label) in labels.iter().filter(|(_, label)| !label.is_empty()) {
            self.out.push_str("\",");
            self.out.push_str(name);
            self.out.push_str("=\"");
            push_escaped(self.out, label);
        }
        self.out.push_str("\"} ");
        // Without the formatting machinery: this runs for every sample.
        self.out.push_str(itoa::Buffer::new().format(value));
        self.out.push('\n');
    }

    pub(super) fn count(&mut self, token: &str, labels: &[(&str, &str)], value: u64) {
        self.sample(token, labels, i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// A sample that says by its presence that something is so.
    pub(super) fn is_so(&mut self, token: &str, labels: &[(&str, &str)]) {
        self.sample(token, labels, 1);
    }

    pub(super) fn flag(&mut self, token: &str, labels: &[(&str, &str)], value: bool) {
        self.sample(token, labels, i64::from(value));
    }

    pub(super) fn time(&mut self, token: &str, labels: &[(&str, &str)], at: Option<Timestamp>) {
        if let Some(at) = at {
            self.sample(token, labels, at.as_second());
        }
    }
}

fn push_header(out: &mut String, family: &Family) {
    let Family { name, help, .. } = family;
    let kind = family.kind.as_str();
    for part in [
        "# HELP ",
        name,
        " ",
        help,
        "\n# TYPE ",
        name,
        " ",
        kind,
        "\n",
    ] {
        out.push_str(part);
    }
}

fn push_escaped(out: &mut String, value: &str) {
    if !value.contains(['\\', '"', '\n']) {
        out.push_str(value);
        return;
    }
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

pub(super) const fn gauge(
    name: &'static str,
    help: &'static str,
    emit: fn(&Entry, &mut Series<'_>),
) -> Family {
    Family {
        name,
        kind: Kind::Gauge,
        help,
        emit,
    }
}

pub(super) const fn counter(
    name: &'static str,
    help: &'static str,
    emit: fn(&Entry, &mut Series<'_>),
) -> Family {
    Family {
        name,
        kind: Kind::Counter,
        help,
        emit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_are_escaped() {
        let mut out = String::new();
        push_escaped(&mut out, "a\\b\"c\nd");
        assert_eq!(out, "a\\\\b\\\"c\\nd");
    }
}
