//! What only the value tells of a mistake, and not the parser's message.

use toml::de::{DeTable, DeValue};

use super::finding::Findings;
use super::wording::{SEE, Wording};

/// Whether the parser complains of a value that was put in for a key that is missing:
/// the empty text, or the table of a credential.
pub(super) fn is_placeholder(raw: &str, is_last_value: bool) -> bool {
    raw.starts_with("unknown variant ``")
        || (is_last_value && raw.starts_with("unknown variant `file`"))
}

/// Says which tables there are for the key that was noted as missing last.
pub(super) fn name_kinds(kinds: &[&str], findings: &mut Findings) {
    let Some(last) = findings.last_mut() else {
        return;
    };
    let Some(name) = last.message.strip_suffix("` is missing") else {
        return;
    };
    let base = match last.path.is_empty() {
        true => name.trim_start_matches('`').to_owned(),
        false => last.path.clone(),
    };
    let mut tables: Vec<_> = kinds
        .iter()
        .map(|kind| format!("[{base}.{kind}]"))
        .collect();
    tables.sort_unstable();
    last.remedy = format!("add one of the tables {}; {SEE}", tables.join(", "));
}

/// None or several kinds, where one belongs.
pub(super) fn kinds_chosen(table: &DeTable<'_>, path: &str) -> Option<Wording> {
    let named = |is_table: bool| {
        let entries = table.iter();
        let of_it = entries.filter(|(_, value)| value.get_ref().is_table() == is_table);
        let mut names: Vec<_> = of_it.map(|(name, _)| name.get_ref().as_ref()).collect();
        names.sort_unstable();
        names
    };
    let (kinds, keys) = (named(true), named(false));
    if let ([kind], [key, ..]) = (&kinds[..], &keys[..]) {
        return Some(Wording {
            message: format!("`{key}` is not a key of this table"),
            remedy: format!("write it below [{path}.{kind}] if it belongs there, or remove it"),
        });
    }
    let mut kinds = [kinds, keys].concat();
    kinds.sort_unstable();
    let tables: Vec<_> = kinds
        .iter()
        .map(|kind| format!("[{path}.{kind}]"))
        .collect();
    (kinds.len() > 1).then(|| Wording {
        message: format!(
            "exactly one kind must be chosen here, and there are {}",
            kinds.join(" and ")
        ),
        remedy: format!("keep one of {} and remove the others", tables.join(", ")),
    })
}

/// `renew_at = 0.67` means 67 %.
pub(super) fn share_of_life(value: &DeValue<'_>) -> Option<Wording> {
    let percent = match value {
        DeValue::Float(share) => share.as_str().parse::<f64>().ok()? * 100.0,
        DeValue::Integer(percent) => percent.as_str().parse().ok()?,
        DeValue::String(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => return None,
    };
    (1.0..=99.0).contains(&percent).then(|| Wording {
        message: "a share of the lifetime is a percentage in quotes, not a number".to_owned(),
        remedy: format!("write \"{percent:.0}%\""),
    })
}
