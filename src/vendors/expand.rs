//! From a user's values and a vendor file to the content of the file's kind.
//!
//! The work is done on parsed TOML, so that each part keeps the place in the
//! text that it came from: what is wrong with a value is shown where the user
//! wrote it.

mod choice;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::file::ParameterType;
use super::tree::{self, at, foreign, lay_over, reference};
use super::vendor::Vendor;

/// The values of parameters, by the parameter's name. A parameter that is
/// neither here nor has a default is absent.
pub type Values<'i> = BTreeMap<String, Given<'i>>;

/// A value as a user wrote it.
#[derive(Debug, Clone)]
pub struct Given<'i> {
    /// The key: the parameter's name or a former one.
    pub key: String,
    /// The value.
    pub value: Spanned<DeValue<'i>>,
}

impl Given<'_> {
    /// The key and the value as TOML writes them; `None` for what cannot be written.
    #[must_use]
    pub fn in_toml(&self) -> Option<(String, String)> {
        let value = ValueDeserializer::from(self.value.clone());
        let value = toml::Value::deserialize(value).ok()?;
        Some((self.key.clone(), value.to_string()))
    }
}

/// Where the parts of an expansion stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// In the user's file, and what comes from the vendor file is marked as
    /// foreign: see [`is_foreign`].
    Foreign,
    /// In the vendor file alone: a value stands where the file refers to it.
    File,
}

/// The content of a table of the file's kind.
#[derive(Debug, Clone)]
pub struct Expansion<'i> {
    /// The table.
    pub body: Spanned<DeValue<'i>>,
    /// For each part that is the value of a parameter: its dotted path, which
    /// begins with the name of the kind, and the key that the user wrote.
    pub moved: Vec<(String, String)>,
    /// Names that templates may use although no value is given.
    pub absent: Vec<String>,
    /// References that lead nowhere.
    pub stray: Vec<Stray>,
}

/// A reference to a parameter that the file does not declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Dotted path, which begins with the name of the kind.
    pub path: String,
    /// Where it stands.
    pub span: Range<usize>,
    /// The name; `None`: there is none.
    pub name: Option<String>,
}

/// Whether a place of an expansion stands in the vendor file, and not in the
/// user's.
#[must_use]
pub fn is_foreign(span: &Range<usize>) -> bool {
    tree::is_foreign(span)
}

/// A value of the vendor file in a place of the user's.
#[must_use]
pub fn as_foreign(value: Spanned<DeValue<'_>>) -> Spanned<DeValue<'_>> {
    foreign(value)
}

/// Expands a vendor file: the user's overrides are laid over the file's body, the
/// references are replaced by the values, and what templates use is put into
/// `config` and `secrets`.
#[must_use]
pub fn expand<'i>(
    vendor: &Vendor<'i>,
    values: &Values<'i>,
    overrides: Option<&Spanned<DeValue<'i>>>,
    places: Places,
) -> Expansion<'i> {
    let mut body = match places {
        Places::Foreign => foreign(vendor.body.clone()),
        Places::File => vendor.body.clone(),
    };
    if let (DeValue::Table(base), Some(DeValue::Table(over))) =
        (body.get_mut(), overrides.map(Spanned::get_ref))
    {
        lay_over(base, over);
    }
    let values = with_defaults(vendor, values, places);
    if let DeValue::Table(table) = body.get_mut() {
        choice::choose_auth(table, &vendor.file, |name| values.contains_key(name));
    }
    let mut work = Work {
        vendor,
        values,
        places,
        moved: Vec::new(),
        stray: Vec::new(),
    };
    let (span, inner) = (body.span(), body.into_inner());
    let mut table = DeTable::new();
    if let DeValue::Table(content) = work.replaced(inner, vendor.form.key()) {
        table = content;
    }
    let absent = work.fill(&mut table, &span);
    Expansion {
        body: Spanned::new(span, DeValue::Table(table)),
        moved: work.moved,
        absent,
        stray: work.stray,
    }
}

fn with_defaults<'i>(vendor: &Vendor<'i>, values: &Values<'i>, places: Places) -> Values<'i> {
    let mut all = values.clone();
    for (name, _) in vendor.parameters() {
        let default = vendor
            .sample(name)
            .and_then(|sample| sample.default.clone());
        if let Some(value) = default {
            all.entry(name.to_owned()).or_insert_with(|| Given {
                key: name.to_owned(),
                value: match places {
                    Places::Foreign => foreign(value),
                    Places::File => value,
                },
            });
        }
    }
    all
}

struct Work<'v, 'i> {
    vendor: &'v Vendor<'i>,
    values: Values<'i>,
    places: Places,
    moved: Vec<(String, String)>,
    stray: Vec<Stray>,
}

impl<'i> Work<'_, 'i> {
    /// The value with every reference in it replaced.
    fn replaced(&mut self, value: DeValue<'i>, path: &str) -> DeValue<'i> {
        match value {
            DeValue::Table(table) => {
                let parts = table.into_iter().filter_map(|(key, part)| {
                    let path = format!("{path}.{}", key.get_ref());
                    Some((key, self.part(part, &path)?))
                });
                DeValue::Table(parts.collect())
            }
            DeValue::Array(items) => {
                let items = items.into_iter().enumerate();
                let items =
                    items.filter_map(|(index, item)| self.part(item, &format!("{path}[{index}]")));
                DeValue::Array(items.collect::<DeArray<'_>>())
            }
            single @ (DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)) => single,
        }
    }

    /// `None`: the part refers to a parameter that is absent, and is left out.
    fn part(&mut self, part: Spanned<DeValue<'i>>, path: &str) -> Option<Spanned<DeValue<'i>>> {
        let span = part.span();
        match reference(part.get_ref()) {
            Some(name) => {
                let name = name.ok().map(str::to_owned);
                self.referred(name, span, path)
            }
            None => Some(Spanned::new(span, self.replaced(part.into_inner(), path))),
        }
    }

    fn referred(
        &mut self,
        name: Option<String>,
        span: Range<usize>,
        path: &str,
    ) -> Option<Spanned<DeValue<'i>>> {
        let parameters = &self.vendor.file.parameters;
        let declared = name.as_ref().filter(|name| parameters.contains_key(*name));
        let Some(declared) = declared else {
            let path = path.to_owned();
            self.stray.push(Stray { path, span, name });
            return None;
        };
        let given = self.values.get(declared)?;
        self.moved.push((path.to_owned(), given.key.clone()));
        Some(match self.places {
            Places::Foreign => given.value.clone(),
            Places::File => at(given.value.clone(), &span),
        })
    }

    /// Puts the values that templates use into `config` and `secrets`. Gives
    /// the names of those that are absent.
    fn fill(&mut self, body: &mut DeTable<'i>, span: &Range<usize>) -> Vec<String> {
        let mut used = BTreeSet::new();
        for part in body.values() {
            tree::each_text(part.get_ref(), &mut |text| used.extend(mentioned(text)));
        }
        let mut absent = Vec::new();
        for (name, parameter) in self.vendor.parameters() {
            let object = parameter.object();
            let dotted = format!("{object}.{name}");
            let Some(given) = self.values.get(name) else {
                absent.push(dotted);
                continue;
            };
            if !used.contains(&dotted) {
                continue;
            }
            let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
            let key = Spanned::new(span.clone(), Cow::Borrowed(object));
            let holder = body.entry(key).or_insert_with(empty);
            if let DeValue::Table(holder) = holder.get_mut()
                && !holder.contains_key(name)
            {
                let path = format!("{}.{dotted}", self.vendor.form.key());
                let mut value = given.value.clone();
                if parameter.kind == ParameterType::Url {
                    value = as_url(value);
                    self.moved.push((format!("{path}.url"), given.key.clone()));
                }
                let key = Spanned::new(value.span(), Cow::Owned(name.to_owned()));
                holder.insert(key, value);
                self.moved.push((path, given.key.clone()));
            }
        }
        absent
    }
}

/// `{ url = "…" }`: a value of `config` that stands in URLs as it is.
fn as_url(value: Spanned<DeValue<'_>>) -> Spanned<DeValue<'_>> {
    let span = value.span();
    let mut table = DeTable::new();
    table.insert(Spanned::new(span.clone(), "url".into()), value);
    Spanned::new(span, DeValue::Table(table))
}

/// The names below `config` and `secrets` that a text with expressions uses.
pub(super) fn mentioned(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.contains("{{") && !text.contains("{%") {
        return found;
    }
    for object in ["config", "secrets"] {
        for (start, _) in text.match_indices(object) {
            let before = text[..start].chars().next_back();
            if before.is_some_and(|c| is_of_a_name(c) || c == '.') {
                continue;
            }
            let rest = text[start + object.len()..].trim_start();
            found.extend(member(rest).map(|name| format!("{object}.{name}")));
        }
    }
    found
}

/// The member that is named after an object: `.name`, `["name"]`, `['name']`.
fn member(rest: &str) -> Option<&str> {
    if let Some(rest) = rest.strip_prefix('.') {
        let rest = rest.trim_start();
        let end = rest.find(|c| !is_of_a_name(c)).unwrap_or(rest.len());
        return Some(&rest[..end]).filter(|name| !name.is_empty());
    }
    let rest = rest.strip_prefix('[')?.trim_start();
    let quote = rest.chars().next().filter(|c| "\"'".contains(*c))?;
    rest[1..].split(quote).next()
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests;
