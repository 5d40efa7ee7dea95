//! The JSON Schema (2020-12) of the configuration, for editors: made of the types
//! that the loader reads into.
//!
//! It says which keys there are and which forms their values have. Which keys are
//! required, and what values mean together, `check` says.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::keys::{Shape, shape_of};
use super::lists::List;
use super::raw::{RawFederatedToken, RawHttp, RawIssuer, RawLimits, RawPolicy, RawToken};
use crate::audit::config::AuditConfig;
use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
use crate::notify;
use crate::server::config::ServerConfig;
use crate::telemetry::config::LogConfig;
use crate::telemetry::traces::config::TracesConfig;
use crate::value::Credential;
use crate::vault::VaultConfig;
use crate::vendors::file::{Parameter, ParameterType};
use crate::vendors::{Family, Library, Vendor};

/// Names of issuers, connections and tokens.
const NAME: &str = "^[a-z0-9][a-z0-9-]{0,62}$";

/// The schema of a configuration that may use these vendor files.
#[must_use]
pub fn schema(library: &Library<'_>) -> Value {
    let mut defs = Defs::default();
    let mut keys = Map::new();
    for list in List::ALL {
        let texts = json!({ "type": "array", "items": { "type": "string" } });
        keys.insert(list.key().to_owned(), texts);
    }
    let sections = [
        ("vault", shape_of::<VaultConfig>()),
        ("server", shape_of::<ServerConfig>()),
        ("log", shape_of::<LogConfig>()),
        ("audit", shape_of::<AuditConfig>()),
        ("traces", shape_of::<TracesConfig>()),
        ("http", shape_of::<RawHttp>()),
        ("limits", shape_of::<RawLimits>()),
        ("defaults", shape_of::<RawPolicy>()),
    ];
    for (name, shape) in &sections {
        keys.insert((*name).to_owned(), defs.schema(shape));
    }
    let issuers = shape_of::<IssuerKind>();
    let connections = shape_of::<ConnectionKind>();
    for (family, kinds) in [(Family::Issuer, issuers), (Family::Connection, connections)] {
        let mut kinds = defs.family(&kinds, family, library);
        if family == Family::Issuer {
            let beside = defs.keys(&shape_of::<RawIssuer>());
            kinds["maxProperties"] = json!(1 + beside.len());
            for (key, schema) in beside {
                kinds["properties"][key] = schema;
            }
        }
        keys.insert(family.section().to_owned(), named(&kinds));
    }
    let own = defs.keys(&shape_of::<RawToken>());
    let federated = defs.keys(&shape_of::<RawFederatedToken>());
    let policy = defs.keys(&shape_of::<RawPolicy>());
    let token = table(own.into_iter().chain(federated).chain(policy).collect());
    keys.insert("tokens".to_owned(), named(&token));
    let target = defs.schema(&shape_of::<notify::Target>());
    keys.insert("notify".to_owned(), named(&target));
    let mut whole = table(keys);
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!("Configuration of scim-rotator");
    whole["$defs"] = Value::Object(defs.all.into_iter().collect());
    whole
}

/// Named tables of one shape.
fn named(of: &Value) -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME },
        "additionalProperties": of,
    })
}

/// These keys and no others.
fn table(keys: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": keys, "additionalProperties": false })
}

/// A table with one of these keys.
fn one_of(keys: Map<String, Value>) -> Value {
    let mut one = table(keys);
    one["minProperties"] = json!(1);
    one["maxProperties"] = json!(1);
    one
}

/// What is referred to: each type stands in the schema once.
#[derive(Default)]
struct Defs {
    all: BTreeMap<String, Value>,
}

impl Defs {
    fn schema(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Any => json!(true),
            Shape::Text => json!({ "type": "string" }),
            Shape::Character => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            Shape::Integer { signed: true } => json!({ "type": "integer" }),
            Shape::Integer { signed: false } => json!({ "type": "integer", "minimum": 0 }),
            Shape::Number => json!({ "type": "number" }),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Array(inner, length) => {
                let mut array = json!({ "type": "array", "items": self.schema(inner) });
                if let Some(length) = length {
                    array["minItems"] = json!(length);
                    array["maxItems"] = json!(length);
                }
                array
            }
            Shape::Map(inner) => {
                json!({ "type": "object", "additionalProperties": self.schema(inner) })
            }
            Shape::Table { name, .. } => {
                let keys = self.keys(shape);
                self.named(name, table(keys))
            }
            Shape::Choice {
                name,
                words,
                tables,
            } => {
                let mut forms = Vec::new();
                if !words.is_empty() {
                    forms.push(json!({ "type": "string", "enum": words }));
                }
                if !tables.is_empty() {
                    forms.push(one_of(self.schemas(tables)));
                }
                self.named(name, any_of(forms))
            }
            Shape::OneOf { name, forms } => {
                let forms = forms.iter().map(|form| self.unnamed(form)).collect();
                self.named(name, any_of(forms))
            }
        }
    }

    /// The table of a type that takes other forms too: the type has the name.
    fn unnamed(&mut self, form: &Shape) -> Value {
        if let Shape::Table { .. } = form {
            table(self.keys(form))
        } else {
            self.schema(form)
        }
    }

    fn schemas(&mut self, keys: &[(&'static str, Shape)]) -> Map<String, Value> {
        let keys = keys.iter();
        keys.map(|(key, shape)| ((*key).to_owned(), self.schema(shape)))
            .collect()
    }

    /// The keys of a table.
    fn keys(&mut self, shape: &Shape) -> Map<String, Value> {
        if let Shape::Table { keys, .. } = shape {
            self.schemas(keys)
        } else {
            Map::new()
        }
    }

    /// A reference to what has this name. Of two types with one name, the second
    /// gets a number.
    fn named(&mut self, name: &str, schema: Value) -> Value {
        if name.is_empty() {
            return schema;
        }
        let mut unique = name.to_owned();
        for number in 2.. {
            match self.all.get(&unique) {
                Some(known) if *known != schema => unique = format!("{name}{number}"),
                Some(_) | None => break,
            }
        }
        let reference = json!({ "$ref": format!("#/$defs/{unique}") });
        self.all.insert(unique, schema);
        reference
    }

    /// The kinds of issuers or of connections, vendors among them.
    fn family(&mut self, kinds: &Shape, family: Family, library: &Library<'_>) -> Value {
        let mut keys = Map::new();
        if let Shape::Choice { tables, .. } = kinds {
            keys = self.schemas(tables);
        }
        let http = keys.get("http").cloned().unwrap_or(json!(true));
        for vendor in library.iter().filter(|vendor| vendor.family() == family) {
            keys.insert(vendor.name.clone(), self.vendor(vendor, &http));
        }
        one_of(keys)
    }

    fn vendor(&mut self, vendor: &Vendor<'_>, http: &Value) -> Value {
        let mut keys = Map::new();
        let mut required = Vec::new();
        for (name, parameter) in vendor.parameters() {
            let schema = self.parameter(parameter);
            for alias in &parameter.aliases {
                let mut former = schema.clone();
                former["deprecated"] = json!(true);
                keys.insert(alias.clone(), former);
            }
            // Under a former name it may be given too.
            let replaceable = vendor.file.instead_of(name).next().is_some();
            if parameter.is_required() && parameter.aliases.is_empty() && !replaceable {
                required.push(name.to_owned());
            }
            keys.insert(name.to_owned(), schema);
        }
        keys.insert("http".to_owned(), http.clone());
        let mut whole = table(keys);
        whole["description"] = json!(vendor.file.vendor.title.trim());
        whole["required"] = json!(required);
        whole
    }

    fn parameter(&mut self, parameter: &Parameter) -> Value {
        let mut schema = match parameter.kind {
            ParameterType::Text
            | ParameterType::Host
            | ParameterType::Url
            | ParameterType::Duration => json!({ "type": "string" }),
            ParameterType::Integer => json!({ "type": "integer" }),
            ParameterType::Choice => json!({ "type": "string", "enum": parameter.choices }),
            ParameterType::List => json!({ "type": "array", "items": { "type": "string" } }),
            ParameterType::Credential => self.schema(&shape_of::<Credential>()),
        };
        schema["description"] = json!(parameter.about.trim());
        if let Some(default) = &parameter.default {
            schema["default"] = json!(default);
        }
        if parameter.deprecated.is_some() {
            schema["deprecated"] = json!(true);
        }
        schema
    }
}

fn any_of(mut forms: Vec<Value>) -> Value {
    if forms.len() == 1 {
        return forms.remove(0);
    }
    json!({ "anyOf": forms })
}
