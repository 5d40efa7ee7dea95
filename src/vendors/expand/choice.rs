//! Which entry of `auth` holds, where a file has one for each of several parameters
//! of which a user gives one.

use toml::de::{DeTable, DeValue};

use crate::vendors::file::VendorFile;
use crate::vendors::tree::reference;

/// Leaves out the entries of `auth` that need a parameter in whose place another one
/// is given. A single entry stays: then only the key of that parameter is left out.
pub(super) fn choose_auth(
    body: &mut DeTable<'_>,
    file: &VendorFile,
    is_given: impl Fn(&str) -> bool,
) {
    let auth = body.get_mut("auth").map(toml::Spanned::get_mut);
    let Some(DeValue::Table(auth)) = auth else {
        return;
    };
    if auth.len() < 2 {
        return;
    }
    let is_replaced = |name: &str| {
        let own = file.parameters.get(name);
        let stands_for_another = own.is_some_and(|own| own.instead_of.is_some());
        !is_given(name) && (stands_for_another || file.instead_of(name).next().is_some())
    };
    let entries = std::mem::replace(auth, DeTable::new()).into_iter();
    *auth = entries
        .filter(|(_, entry)| !refers(entry.get_ref(), &is_replaced))
        .collect();
}

/// Whether a value, or a part of it, refers to such a parameter.
fn refers(value: &DeValue<'_>, wanted: &dyn Fn(&str) -> bool) -> bool {
    if let Some(name) = reference(value) {
        return name.is_ok_and(wanted);
    }
    match value {
        DeValue::Table(table) => table.values().any(|part| refers(part.get_ref(), wanted)),
        DeValue::Array(items) => items.iter().any(|item| refers(item.get_ref(), wanted)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => false,
    }
}
