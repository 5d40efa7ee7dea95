//! Values for the parameters of a file when nobody has given any: to check the
//! file, and to show what it becomes.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeValue;

use super::expand::{Given, Values};
use super::file::{Parameter, ParameterType};
use super::vendor::Vendor;

/// Which parameters are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// All of them.
    All,
    /// Those that a user must give; for the rest the defaults hold.
    Required,
}

/// A value for each of these parameters: its example, or one that fits its
/// type. Where there is only a default, that holds.
#[must_use]
pub fn values<'a>(vendor: &Vendor<'a>, filled: Filled) -> Values<'a> {
    let wanted = vendor.parameters().filter(|(_, parameter)| match filled {
        Filled::All => {
            let stated = parameter.example.is_some() || parameter.default.is_none();
            stated && parameter.instead_of.is_none()
        }
        Filled::Required => parameter.is_required(),
    });
    given(vendor, wanted)
}

/// As with [`Filled::All`], but with this parameter in place of the one that it is
/// given instead of.
#[must_use]
pub fn values_with<'a>(vendor: &Vendor<'a>, alternative: &str) -> Values<'a> {
    let replaced = vendor.file.parameters.get(alternative);
    let replaced = replaced.and_then(|parameter| parameter.instead_of.as_deref());
    let mut all = values(vendor, Filled::All);
    all.retain(|name, _| Some(name.as_str()) != replaced);
    let own = vendor.parameters().filter(|(name, _)| *name == alternative);
    all.extend(given(vendor, own));
    all
}

fn given<'a, 'v>(
    vendor: &Vendor<'a>,
    wanted: impl Iterator<Item = (&'v str, &'v Parameter)>,
) -> Values<'a> {
    wanted
        .map(|(name, parameter)| {
            let key = name.to_owned();
            let value = sample(vendor, name, parameter);
            (name.to_owned(), Given { key, value })
        })
        .collect()
}

fn sample<'a>(vendor: &Vendor<'a>, name: &str, parameter: &Parameter) -> Spanned<DeValue<'a>> {
    let stated = vendor
        .sample(name)
        .and_then(|sample| sample.example.clone());
    stated.unwrap_or_else(|| fitting(parameter))
}

/// A value that fits the type of a parameter.
#[must_use]
pub fn fitting(parameter: &Parameter) -> Spanned<DeValue<'static>> {
    let text = match parameter.kind {
        ParameterType::Text => "'x'",
        ParameterType::Host => "'vendor.example.com'",
        ParameterType::Url => "'https://vendor.example.com'",
        ParameterType::Integer => "1",
        ParameterType::Duration => "'30d'",
        ParameterType::Credential => "{ file = '/' }",
        ParameterType::List => "['x']",
        ParameterType::Choice => {
            let first = parameter.choices.first().cloned().unwrap_or_default();
            return Spanned::new(0..0, DeValue::String(Cow::Owned(first)));
        }
    };
    let nothing = || Spanned::new(0..0, DeValue::String(Cow::Borrowed("")));
    DeValue::parse(text).unwrap_or_else(|_| nothing())
}

#[cfg(test)]
pub(crate) mod testing {
    //! Vendor files for the tests of this folder.

    /// An issuer with a parameter of almost every type.
    pub(crate) const ISSUER: &str = include_str!("../../tests/vendors/files/issuers/acme.toml");

    /// A connection.
    pub(crate) const CONNECTION: &str =
        include_str!("../../tests/vendors/files/connections/acme.toml");
}
