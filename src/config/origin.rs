//! Where each rule of a token is written: at the token, in `[defaults]`, or nowhere.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use toml::Spanned;
use toml::de::DeValue;

use super::file::Source;
use super::finding::Findings;
use super::locate::Document;
use super::{parse, source};
use crate::rotation::policy::{AcceptSupplied, Policy};
use crate::value::length;

/// A rule that is in force for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its key.
    pub key: &'static str,
    /// Its value, as the configuration writes it.
    pub value: String,
    /// The table that it is written in, such as `tokens.crm`; `None` if it is built in.
    pub table: Option<String>,
    /// The file and the line where it is written.
    pub place: Option<(PathBuf, usize)>,
}

/// The rules in force for a token: what is written, and what is built in where the
/// program has a value of its own. `policy` is the one that the configuration at this
/// path led to. Nothing if the files cannot be read any more.
#[must_use]
pub fn rules_in_force(path: &Path, token: &str, policy: &Policy) -> Vec<Rule> {
    let mut findings = Findings::default();
    let files = source::read_all(path, &mut findings);
    let Some(documents) = parse(&files.all[..files.settings], &mut findings) else {
        return Vec::new();
    };
    let tables = [vec!["tokens", token], vec!["defaults"]];
    let rule = |(key, built_in): (&'static str, Option<String>)| {
        let mut written = tables.iter().filter_map(|table| {
            let (file, value) = find(&documents, table, key)?;
            Some(rule_at(&files.all[file], key, value, table.join(".")))
        });
        written.next().or_else(|| {
            Some(Rule {
                key,
                value: built_in?,
                table: None,
                place: None,
            })
        })
    };
    keys(policy).into_iter().filter_map(rule).collect()
}

fn rule_at(
    source: &Source,
    key: &'static str,
    value: &Spanned<DeValue<'_>>,
    table: String,
) -> Rule {
    let place = source.lines.place(&source.text, value.span().start);
    Rule {
        key,
        value: text(source, value),
        table: Some(table),
        place: Some((source.path.clone(), place.line)),
    }
}

/// A table that has a header of its own is put into one line.
fn text(source: &Source, value: &Spanned<DeValue<'_>>) -> String {
    if let DeValue::Table(table) = value.get_ref() {
        let entries = table.iter();
        let entries: Vec<String> = entries
            .map(|(key, value)| format!("{} = {}", key.get_ref(), text(source, value)))
            .collect();
        return format!("{{ {} }}", entries.join(", "));
    }
    let written = source.text.get(value.span()).unwrap_or_default();
    written.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn find<'a, 'i>(
    documents: &'a [Document<'i>],
    table: &[&str],
    key: &str,
) -> Option<(usize, &'a Spanned<DeValue<'i>>)> {
    let [first, rest @ ..] = table else {
        return None;
    };
    let below = |value: &'a Spanned<DeValue<'i>>, key: &str| value.get_ref().as_table()?.get(key);
    documents.iter().enumerate().find_map(|(file, document)| {
        let mut at = document.get_ref().get(*first)?;
        for part in rest {
            at = below(at, part)?;
        }
        Some((file, below(at, key)?))
    })
}

/// The keys that rule when and how a token is rotated, with what is built in.
fn keys(policy: &Policy) -> Vec<(&'static str, Option<String>)> {
    let time = |length_of: SignedDuration| Some(format!("{:?}", length(length_of)));
    let share = |share: f64| Some(format!("\"{:.0}%\"", share * 100.0));
    let word = match policy.accept_supplied {
        AcceptSupplied::OperatorOnly => "\"operator_only\"",
        AcceptSupplied::Always => "\"always\"",
    };
    vec![
        ("lifetime", None),
        ("declared_lifetime", None),
        ("renew_at", policy.renew.fraction.and_then(share)),
        ("renew_before", None),
        ("max_age", None),
        ("renew_cron", None),
        ("time_zone", None),
        ("jitter", Some(policy.renew.jitter.to_string())),
        ("windows", None),
        ("overlap", time(policy.overlap)),
        ("operator_deadline", time(policy.operator_deadline)),
        ("operator_poll", time(policy.operator_poll)),
        ("accept_supplied", Some(word.to_owned())),
        ("issues_per_day", Some(policy.issues_per_day.to_string())),
        ("max_attempts", Some(policy.max_attempts.to_string())),
        ("retry_min", time(policy.retry_min)),
        ("retry_max", time(policy.retry_max)),
        ("new_token_patience", time(policy.new_token_patience)),
        ("confirm_timeout", time(policy.confirm_timeout)),
        ("confirm_every", time(policy.confirm_every)),
        ("probe_every", time(policy.probe_every)),
        ("settle", time(policy.settle)),
        ("refusal_window", time(policy.refusal_window)),
        ("max_clock_skew", time(policy.max_clock_skew)),
        ("life_tolerance", share(policy.life_tolerance)),
        ("scopes_allowed", None),
        ("on_broad", None),
        ("must_refuse", None),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::raw::RawPolicy;
    use super::*;
    use crate::problem::Problems;

    #[test]
    fn each_rule_names_the_place_that_it_comes_from() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("scim-rotator.toml");
        let text = "[defaults]\noverlap = \"1h\"\nmax_age = \"90d\"\n\n[tokens.crm]\noverlap = \"2h\"\n\n[tokens.crm.windows]\nallow = [\"Mon-Fri 08:00-17:00\"]\n";
        std::fs::write(&path, text).expect("written");
        let lease = SignedDuration::from_mins(2);
        let policy = RawPolicy::default().to_policy(lease, "", &mut Problems::default());
        let rules = rules_in_force(&path, "crm", &policy);
        let rule = |key: &str| {
            let rule = rules.iter().find(|rule| rule.key == key);
            rule.map(|rule| {
                let line = rule.place.as_ref().map(|(_, line)| *line);
                (rule.value.as_str(), rule.table.as_deref(), line)
            })
        };
        let of_token = Some("tokens.crm");
        assert_eq!(rule("overlap"), Some(("\"2h\"", of_token, Some(6))));
        assert_eq!(
            rule("max_age"),
            Some(("\"90d\"", Some("defaults"), Some(3)))
        );
        assert_eq!(rule("issues_per_day"), Some(("3", None, None)));
        assert_eq!(rule("renew_cron"), None, "neither written nor built in");
        let windows = rule("windows").expect("it is written");
        assert_eq!(windows.0, "{ allow = [\"Mon-Fri 08:00-17:00\"] }");
        assert_eq!(rules_in_force(&path.join("gone"), "crm", &policy), []);
    }
}
