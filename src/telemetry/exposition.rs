//! Writes the Prometheus text format 0.0.4 from the entries of the board.

use jiff::Timestamp;

use super::board::Entry;

/// Appends the families with the samples of all entries. A family without
/// samples is omitted, with its header.
pub(super) fn write(families: &[Family], entries: &[Entry], now: Timestamp, out: &mut String) {
    for family in families {
        let start = out.len();
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        for part in [
            "# HELP ",
            family.name,
            " ",
            family.help,
            "\n# TYPE ",
            family.name,
            " ",
            kind,
            "\n",
        ] {
            out.push_str(part);
        }
        let header_end = out.len();
        let mut series = Series {
            out,
            name: family.name,
            now,
        };
        for entry in entries {
            (family.emit)(entry, &mut series);
        }
        if out.len() == header_end {
            out.truncate(start);
        }
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

/// The samples of one family.
pub(super) struct Series<'a> {
    out: &'a mut String,
    name: &'static str,
    /// The time of the scrape.
    pub(super) now: Timestamp,
}

impl Series<'_> {
    /// One sample of a token; `labels` follow the label `token`.
    pub(super) fn sample(&mut self, token: &str, labels: &[(&str, &str)], value: i64) {
        self.out.push_str(self.name);
        self.out.push_str("{token=\"");
        push_escaped(self.out, token);
        for (name, label) in labels {
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

    pub(super) fn flag(&mut self, token: &str, labels: &[(&str, &str)], value: bool) {
        self.sample(token, labels, i64::from(value));
    }

    pub(super) fn time(&mut self, token: &str, labels: &[(&str, &str)], at: Option<Timestamp>) {
        if let Some(at) = at {
            self.sample(token, labels, at.as_second());
        }
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
