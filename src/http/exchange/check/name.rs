//! What is wrong with the names of calls.

use super::Checker;
use crate::http::exchange::call::Call;
use crate::http::exchange::purpose::Purpose;
use crate::problem::Problems;

impl Checker<'_> {
    /// Reports calls that have one name: templates and replays could not tell
    /// them apart. `calls` are all but the login and the lookups, with their
    /// keys.
    pub fn check_names<'c>(
        &self,
        calls: impl IntoIterator<Item = (String, Purpose, &'c Call)>,
        problems: &mut Problems,
    ) {
        let login = self.shared.login.iter().map(|_| Purpose::Login.as_str());
        let lookups = self.shared.lookups.iter();
        let lookups = lookups.filter_map(|call| call.name.as_deref());
        let mut known: Vec<&str> = login.chain(lookups).collect();
        for (path, purpose, call) in calls {
            let name = call.name(purpose);
            if known.contains(&name) {
                let (what, remedy) = match call.name {
                    None => (
                        "has no name of its own, and another call is already called",
                        "write for example `name = \"start\"`",
                    ),
                    Some(_) => ("has the name of another call:", "give each its own name"),
                };
                problems.error(
                    format!("{path}.name"),
                    format!("the call {what} `{name}`"),
                    remedy,
                );
            }
            known.push(name);
        }
    }
}

/// A name is a part of `{{ steps.<name>… }}`.
pub(super) fn check_name(call: &Call, path: &str, problems: &mut Problems) {
    let Some(name) = &call.name else {
        return;
    };
    let letters = |c: char| c.is_ascii_alphabetic() || c == '_';
    let good = name.starts_with(letters) && name.chars().all(|c| letters(c) || c.is_ascii_digit());
    if !good {
        problems.error(
            format!("{path}.name"),
            format!("templates cannot use the name `{name}`"),
            "write letters, digits and `_`, with a letter first",
        );
    }
}
