//! A replay runs against what a vendor file describes.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeTable;

use super::super::expand::{Given, Values};
use super::super::file::ParameterType;
use super::super::{Family, Vendor};
use super::subject::{Actor, Deps, Subject, connection, issuer};
use crate::connections::ConnectionKind;
use crate::http::fired::RuleName;
use crate::issuers::IssuerKind;

/// The issuer or connection of a vendor file. The replay gives the values of
/// its parameters.
#[derive(Debug, Clone)]
pub struct Described<'a>(pub Vendor<'a>);

impl Subject for Described<'_> {
    fn family(&self) -> Family {
        self.0.family()
    }

    fn credentials(&self) -> BTreeSet<String> {
        let all = self.0.parameters();
        let credentials = all.filter(|(_, p)| p.kind == ParameterType::Credential);
        credentials.map(|(name, _)| name.to_owned()).collect()
    }

    fn rules(&self, parameters: &toml::Table) -> Result<BTreeSet<RuleName>, String> {
        let text = self.written(parameters)?;
        let values = values(&text)?;
        Ok(match self.0.family() {
            Family::Issuer => self.0.settings::<IssuerKind>(&values)?.as_kind().rules(),
            Family::Connection => {
                let kind: ConnectionKind = self.0.settings(&values)?;
                kind.as_kind().rules()
            }
        })
    }

    fn build(&self, name: &str, parameters: &toml::Table, deps: &Deps) -> Result<Actor, String> {
        let text = self.written(parameters)?;
        let values = values(&text)?;
        match self.0.family() {
            Family::Issuer => issuer(name, &self.0.settings(&values)?, deps),
            Family::Connection => connection(name, &self.0.settings(&values)?, deps),
        }
    }
}

impl Described<'_> {
    /// The values of the parameters, as a user would write them.
    ///
    /// # Errors
    /// Names a parameter that the file does not have, and one that is missing.
    fn written(&self, parameters: &toml::Table) -> Result<String, String> {
        let names: Vec<_> = self.0.parameters().map(|(name, _)| name).collect();
        if let Some(stray) = parameters.keys().find(|key| !names.contains(&key.as_str())) {
            let names = names.join(", ");
            return Err(format!(
                "the vendor file has no parameter `{stray}`; it has {names}"
            ));
        }
        let missing = self.0.parameters().find(|(name, p)| {
            let others = self.0.file.instead_of(name);
            let mut all = std::iter::once(*name).chain(others);
            p.is_required() && !all.any(|name| parameters.contains_key(name))
        });
        if let Some((name, parameter)) = missing {
            return Err(format!(
                "the parameter `{name}` is missing: {}; write it into [parameters] of the replay",
                parameter.about.trim()
            ));
        }
        // A scene that gives a parameter in place of another leaves that one out.
        let mut given = parameters.clone();
        for (name, parameter) in self.0.parameters() {
            if let Some(replaced) = &parameter.instead_of
                && parameters.contains_key(name)
            {
                given.remove(replaced);
            }
        }
        toml::to_string(&given).map_err(|e| format!("the parameters cannot be used: {e}"))
    }
}

fn values(text: &str) -> Result<Values<'_>, String> {
    let table = DeTable::parse(text).map_err(|e| e.message().to_owned())?;
    let named = table.into_inner().into_iter().map(|(key, value)| {
        let key = Spanned::into_inner(key).into_owned();
        (key.clone(), Given { key, value })
    });
    Ok(named.collect())
}
