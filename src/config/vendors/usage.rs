//! A user's table of a vendor: `[issuers.crm.auth0]`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::typed_value;
use crate::config::finding::{Finding, Findings};
use crate::config::tree::leaves;
use crate::config::typed::{self, Section, Size};
use crate::config::wording::unknown_name;
use crate::problem::{Problem, Problems};
use crate::vendors::example::{Filled, values as examples};
use crate::vendors::expand::{Given, Places, Values, as_foreign, expand};
use crate::vendors::file::{Forbidden, Parameter};
use crate::vendors::{Form, FromVendor, Vendor};

/// Where the parts of expanded tables come from, by the path of the table.
#[derive(Debug, Default)]
pub(in crate::config) struct Uses(BTreeMap<String, Vec<(String, String)>>);

impl Uses {
    pub(in crate::config) fn add(&mut self, path: String, moved: Vec<(String, String)>) {
        self.0.insert(path, moved);
    }

    /// The path of the user's key for a path of an expanded table: what stands
    /// in `http.config.domain` was written as `domain`.
    pub(in crate::config) fn back(&self, path: &str) -> String {
        let of_user = self.of(path).and_then(|(table, moved)| {
            let inner = path.strip_prefix(table)?.strip_prefix('.')?;
            let fits = moved.iter().filter_map(|(from, to)| {
                let rest = inner.strip_prefix(from.as_str())?;
                let ends = rest.is_empty() || rest.starts_with(['.', '[']);
                ends.then(|| (from.len(), format!("{table}.{to}{rest}")))
            });
            fits.max_by_key(|(length, _)| *length).map(|(_, path)| path)
        });
        of_user.unwrap_or_else(|| path.to_owned())
    }

    /// The same for every problem.
    pub(in crate::config) fn all_back(&self, problems: &Problems) -> Problems {
        let mut back = Problems::default();
        for problem in problems.all() {
            back.note(Problem {
                path: self.back(&problem.path),
                ..problem.clone()
            });
        }
        back
    }

    /// The table of a vendor that holds this path.
    pub(in crate::config) fn table_of(&self, path: &str) -> Option<&str> {
        self.of(path).map(|(table, _)| table)
    }

    fn of(&self, path: &str) -> Option<(&str, &[(String, String)])> {
        let mut ends = path.match_indices('.').map(|(end, _)| end);
        // `issuers.<name>.<vendor>` and something below.
        let table = &path[..ends.nth(2)?];
        let (table, moved) = self.0.get_key_value(table)?;
        Some((table, moved))
    }
}

/// What was made of a table.
pub(in crate::config) struct Used<K> {
    pub(in crate::config) kind: Option<K>,
    /// Dotted paths of the keys that are wrong or missing.
    pub(in crate::config) placeholders: Vec<String>,
    pub(in crate::config) moved: Vec<(String, String)>,
}

/// One table of a vendor.
pub(in crate::config) struct Usage<'a, 'u> {
    pub(in crate::config) source: usize,
    /// `issuers.crm.auth0`
    pub(in crate::config) path: String,
    /// The vendor's name, where the user wrote it.
    pub(in crate::config) key: Range<usize>,
    pub(in crate::config) table: &'u DeTable<'a>,
    pub(in crate::config) vendor: &'u Vendor<'a>,
    pub(in crate::config) size: Size,
    pub(in crate::config) findings: &'u mut Findings,
}

impl<'a, 'u> Usage<'a, 'u> {
    /// Reads it into the typed settings and notes what is wrong in it.
    pub(in crate::config) fn read<K: FromVendor>(&mut self) -> Used<K> {
        if let Some(forbidden) = &self.vendor.file.forbidden {
            return self.refuse(forbidden);
        }
        let mut placeholders = Vec::new();
        let values = self.values(&mut placeholders);
        let overrides = self.table.get(self.form());
        let expansion = expand(self.vendor, &values, overrides, Places::Foreign);
        for stray in &expansion.stray {
            let path = format!("{}.{}", self.path, stray.path);
            let name = stray.name.as_deref().unwrap_or_default();
            let wording = unknown_name("parameter", name, &self.names());
            self.error(stray.span.clone(), &path, wording.message, wording.remedy);
            placeholders.push(path);
        }
        let mut uses = Uses::default();
        uses.add(self.path.clone(), expansion.moved.clone());
        let mut found = Findings::default();
        let section = self.section(expansion.body.clone());
        let draft = typed::read::<K>(section, &[], self.size, &mut found);
        for mut finding in found.into_all() {
            finding.path = uses.back(&finding.path);
            self.findings.push_once(finding);
        }
        self.warn_of_the_owner();
        self.warn_of_the_life(&expansion.body);
        let kind = match draft {
            Some(draft) => {
                placeholders.extend(draft.placeholders.iter().map(|path| uses.back(path)));
                let mark = self.vendor.mark(expansion.absent, &values);
                Some(draft.value.marked(mark))
            }
            None => {
                placeholders.push(self.path.clone());
                None
            }
        };
        Used {
            kind,
            placeholders,
            moved: expansion.moved,
        }
    }

    /// Says what is impossible with this vendor, and what to do instead.
    fn refuse<K>(&mut self, forbidden: &Forbidden) -> Used<K> {
        let title = &self.vendor.file.vendor.title;
        let message = format!("{title} cannot be used here: {}", forbidden.why.trim());
        let remedy = forbidden.instead.trim().to_owned();
        let path = self.path.clone();
        self.error(self.key.clone(), &path, message, remedy);
        Used {
            kind: None,
            placeholders: vec![path],
            moved: Vec::new(),
        }
    }

    fn section(&self, body: Spanned<DeValue<'a>>) -> Section<'a> {
        Section {
            source: self.source,
            path: self.path.clone(),
            value: self.vendor.kind_of(body, self.key.clone()),
            span: self.key.clone(),
        }
    }

    /// The key below which a user overrides keys of the file.
    fn form(&self) -> &'static str {
        self.vendor.form.key()
    }

    /// The values that the user gave; an example stands where one is wrong or
    /// missing, and the path of that key is added to `placeholders`.
    fn values(&mut self, placeholders: &mut Vec<String>) -> Values<'a> {
        let mut values = Values::new();
        let mut wrong = Vec::new();
        for (key, value) in self.table {
            let (key, place) = (key.get_ref().as_ref(), key.span());
            if key == self.form() {
                self.check_overrides(value, placeholders);
                continue;
            }
            let path = format!("{}.{key}", self.path);
            let Some((name, parameter)) = self.vendor.named(key) else {
                let wording = unknown_name("parameter", key, &self.names());
                let finding =
                    Finding::error(self.source, place, path, wording.message, wording.remedy);
                self.findings.push(finding.hiding(leaves(value, &[])));
                continue;
            };
            if let Some(other) = values.get(name).map(|given: &Given<'_>| given.key.clone()) {
                let message = format!("`{key}` and `{other}` are names of the same parameter");
                self.error(place, &path, message, format!("keep `{name}`"));
                continue;
            }
            self.warn_if_deprecated(parameter, place, &path);
            let section = Section {
                source: self.source,
                path: path.clone(),
                value: value.clone(),
                span: value.span(),
            };
            if typed_value::check(&section, parameter, self.findings) {
                let (key, value) = (key.to_owned(), value.clone());
                values.insert(name.to_owned(), Given { key, value });
            } else {
                placeholders.push(path);
                wrong.push(name.to_owned());
            }
        }
        self.fill_in(&mut values, &wrong, placeholders);
        values
    }

    /// Notes what is missing, and puts examples where a value is needed.
    fn fill_in(
        &mut self,
        values: &mut Values<'a>,
        wrong: &[String],
        placeholders: &mut Vec<String>,
    ) {
        let vendor = self.vendor;
        let examples = examples(vendor, Filled::All);
        for (name, parameter) in vendor.parameters() {
            let is_wrong = wrong.iter().any(|wrong| wrong == name);
            let others: Vec<_> = vendor.file.instead_of(name).collect();
            let given = |name: &&str| values.contains_key(*name);
            let in_its_place: Vec<_> = others.iter().copied().filter(given).collect();
            let is_given = values.contains_key(name);
            let is_missing = parameter.is_required() && !is_given && in_its_place.is_empty();
            if in_its_place.len() + usize::from(is_given) > 1 {
                let all: Vec<_> = std::iter::once(name).chain(others.clone()).collect();
                let path = format!("{}.{name}", self.path);
                let message = "more than one of these is given".to_owned();
                let remedy = format!("keep exactly one of: {}", all.join(", "));
                self.error(self.key.clone(), &path, message, remedy);
                placeholders.push(path);
            }
            if !is_wrong && is_missing {
                let path = format!("{}.{name}", self.path);
                let message = format!("`{name}` is missing: {}", parameter.about.trim());
                let or = match others.is_empty() {
                    true => String::new(),
                    false => format!("; in its place may stand: {}", others.join(", ")),
                };
                let remedy = format!("add here: {}{or}", parameter.assignment(name));
                let key = self.key.clone();
                self.error(key, &path, message, remedy);
                placeholders.push(path);
            }
            if is_wrong || is_missing {
                let example = examples.get(name).cloned();
                values.extend(example.map(|Given { key, value }| {
                    let value = as_foreign(value);
                    (name.to_owned(), Given { key, value })
                }));
            }
        }
    }

    fn check_overrides(&mut self, value: &Spanned<DeValue<'_>>, placeholders: &mut Vec<String>) {
        if !value.get_ref().is_table() {
            let form = self.form();
            let path = format!("{}.{form}", self.path);
            let message = "a table is expected here".to_owned();
            let example = match self.vendor.form {
                Form::Http => "http.lifetime.default = \"60d\"",
                Form::Operator => "operator.lifetime = \"60d\"",
                Form::Manual | Form::Forbidden => "manual.vault_path = \"kv/handover/hr\"",
            };
            let remedy = format!(
                "write the keys of kind `{form}` that are to differ from the vendor file, such as {example}"
            );
            self.error(value.span(), &path, message, remedy);
            placeholders.push(path);
        }
    }

    fn warn_if_deprecated(&mut self, parameter: &Parameter, place: Range<usize>, path: &str) {
        if let Some(why) = &parameter.deprecated {
            let message = "this parameter should not be used any more";
            let finding = Finding::error(self.source, place, path, message, why.trim());
            self.findings.push(finding.into_warning());
        }
    }

    fn warn_of_the_owner(&mut self) {
        let about = &self.vendor.file.vendor;
        if about.owner_bound {
            let (whose, use_instead) = match self.vendor.form {
                Form::Http => ("whose credential had it made", "use a credential of"),
                Form::Operator | Form::Manual | Form::Forbidden => {
                    ("who makes it", "let it be made by")
                }
            };
            let message = format!(
                "a token of {} dies with the account of the person {whose}",
                about.title
            );
            let remedy = format!(
                "{use_instead} an account that belongs to no person, and have somebody told before that account ends"
            );
            let finding =
                Finding::error(self.source, self.key.clone(), &self.path, message, remedy);
            self.findings.push_once(finding.into_warning());
        }
    }

    /// The vendor documents no life, and the user has not said how long it is.
    fn warn_of_the_life(&mut self, body: &Spanned<DeValue<'_>>) {
        let key = |key: &str| body.get_ref().get(key).map(Spanned::get_ref);
        let unknown = key("life").and_then(DeValue::as_str) == Some("unknown");
        if self.vendor.form == Form::Operator && unknown && key("lifetime").is_none() {
            let message = "nothing tells when these tokens expire: the vendor documents no life";
            let remedy = "add here, if you know it: lifetime = \"365d\"; else set `max_age` of the token, so that it is renewed in time";
            let finding =
                Finding::error(self.source, self.key.clone(), &self.path, message, remedy);
            self.findings.push_once(finding.into_warning());
        }
    }

    /// What a user can write here.
    fn names(&self) -> Vec<&'u str> {
        let names = self.vendor.parameters().map(|(name, _)| name);
        names.chain([self.form()]).collect()
    }

    fn error(&mut self, span: Range<usize>, path: &str, message: String, remedy: String) {
        let finding = Finding::error(self.source, span, path, message, remedy);
        self.findings.push(finding);
    }
}
