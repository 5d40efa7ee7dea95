//! One vendor file in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::Family;
use super::expand::{Given, Places, Values, expand};
use super::family::FromVendor;
use super::file::{LANGUAGE, Parameter, VendorFile};
use super::form::Form;
use crate::ports::kind::{Origin, VendorMark};

/// The two parts of a vendor file.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// Everything but the body; its typed form is [`VendorFile`].
    pub head: Spanned<DeValue<'a>>,
    /// The table that describes the vendor in the keys of a kind, such as
    /// `[http]`. That of [`Form::Forbidden`] is part of the head.
    pub body: Option<(Form, Spanned<DeValue<'a>>)>,
    /// Names of the parameters in the order of the file.
    order: Vec<String>,
    samples: BTreeMap<String, Sample<'a>>,
}

/// The values that a file states for a parameter, with their places.
#[derive(Debug, Clone, Default)]
pub struct Sample<'a> {
    /// `default`
    pub default: Option<Spanned<DeValue<'a>>>,
    /// `example`
    pub example: Option<Spanned<DeValue<'a>>>,
}

/// Why nothing of a file can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where that shows.
    pub span: Range<usize>,
    /// Why.
    pub message: String,
    /// What to do.
    pub remedy: &'static str,
}

impl<'a> Parts<'a> {
    /// Takes a document apart.
    ///
    /// # Errors
    /// When it is written in a language that this program does not know: then
    /// nothing else that could be said of it would be right.
    pub fn of(document: Spanned<DeTable<'a>>) -> Result<Self, Unreadable> {
        let span = document.span();
        let mut whole = document.into_inner();
        language_is_known(&whole)?;
        let body = body(&mut whole)?;
        let (order, samples) = samples(&whole);
        Ok(Self {
            head: Spanned::new(span, DeValue::Table(whole)),
            body,
            order,
            samples,
        })
    }
}

/// Takes the one table out that describes the vendor.
fn body<'a>(whole: &mut DeTable<'a>) -> Result<Option<(Form, Spanned<DeValue<'a>>)>, Unreadable> {
    let place = |form: Form| whole.get_key_value(form.key()).map(|(key, _)| key.span());
    let mut present = Form::ALL.into_iter().filter(|form| place(*form).is_some());
    let (first, second) = (present.next(), present.next());
    if let (Some(first), Some(second)) = (first, second) {
        return Err(Unreadable {
            span: place(second).unwrap_or_default(),
            message: format!(
                "a vendor file has one of these tables, and [{}] stands here too",
                first.key()
            ),
            remedy: "take one of the two out: a name stands for one way to rotate",
        });
    }
    let form = first.filter(|form| *form != Form::Forbidden);
    Ok(form.and_then(|form| Some((form, whole.remove(form.key())?))))
}

fn language_is_known(whole: &DeTable<'_>) -> Result<(), Unreadable> {
    let Some(value) = whole.get("language") else {
        return Ok(());
    };
    let Some(number) = value.get_ref().as_integer() else {
        return Ok(());
    };
    let version = i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX);
    let unreadable = |message, remedy| {
        let span = value.span();
        Err(Unreadable {
            span,
            message,
            remedy,
        })
    };
    if version > LANGUAGE {
        return unreadable(
            format!(
                "this file is written in language {number}, and scim-rotator {} reads up to language {LANGUAGE}",
                env!("CARGO_PKG_VERSION")
            ),
            "use a newer version of scim-rotator: its change log says from which version on it reads that language",
        );
    }
    if version < 1 {
        return unreadable(
            format!("there is no language {number}"),
            "write `language = 1`",
        );
    }
    Ok(())
}

fn samples<'a>(whole: &DeTable<'a>) -> (Vec<String>, BTreeMap<String, Sample<'a>>) {
    let parameters = whole.get("parameters").map(Spanned::get_ref);
    let parameters = parameters.and_then(DeValue::as_table).into_iter().flatten();
    let mut places: Vec<_> = parameters
        .map(|(key, value)| (key.span().start, key.get_ref().to_string(), value))
        .collect();
    places.sort_by_key(|(place, _, _)| *place);
    let order = places.iter().map(|(_, name, _)| name.clone()).collect();
    let stated = |value: &Spanned<DeValue<'a>>, key: &str| value.get_ref().get(key).cloned();
    let samples = places.into_iter().map(|(_, name, value)| {
        let sample = Sample {
            default: stated(value, "default"),
            example: stated(value, "example"),
        };
        (name, sample)
    });
    (order, samples.collect())
}

/// A vendor file whose types are right.
#[derive(Debug, Clone)]
pub struct Vendor<'a> {
    /// The file's name without its ending.
    pub name: String,
    /// Whether it is built into the program.
    pub origin: Origin,
    /// Where the user's own file stands.
    pub path: Option<PathBuf>,
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
    /// Everything but the body.
    pub file: VendorFile,
    /// In whose words it describes the vendor.
    pub form: Form,
    /// The keys of the kind that [`Form::key`] names, as they stand in the file.
    pub body: Spanned<DeValue<'a>>,
    order: Vec<String>,
    samples: BTreeMap<String, Sample<'a>>,
}

impl<'a> Vendor<'a> {
    /// Puts the parts of a file together again, typed. `text` is the whole file.
    #[must_use]
    pub fn new(
        name: &str,
        path: Option<&Path>,
        text: &str,
        parts: Parts<'a>,
        file: VendorFile,
    ) -> Self {
        let nothing = || Spanned::new(0..0, DeValue::Table(DeTable::new()));
        let absent = match file.forbidden {
            Some(_) => Form::Forbidden,
            None => Form::Http,
        };
        let (form, body) = parts.body.unwrap_or_else(|| (absent, nothing()));
        Self {
            name: name.to_owned(),
            origin: if path.is_some() {
                Origin::Own
            } else {
                Origin::Shipped
            },
            path: path.map(Path::to_owned),
            sha256: hex(digest(&SHA256, text.as_bytes()).as_ref()),
            form,
            body,
            order: parts.order,
            samples: parts.samples,
            file,
        }
    }

    /// Reads a file that is built into the program.
    ///
    /// # Errors
    /// Says what is wrong with it, without its place.
    pub fn shipped(name: &str, text: &'a str) -> Result<Self, String> {
        Self::read(name, None, text)
    }

    /// Reads a file that stands at this path, or is built into the program.
    ///
    /// # Errors
    /// Says what is wrong with it, without its place.
    pub fn read(name: &str, path: Option<&Path>, text: &'a str) -> Result<Self, String> {
        let document = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
        let parts = Parts::of(document).map_err(|error| error.message)?;
        let file = VendorFile::deserialize(ValueDeserializer::from(parts.head.clone()))
            .map_err(|error| error.message().to_owned())?;
        Ok(Self::new(name, path, text, parts, file))
    }

    /// Issuer or connection.
    #[must_use]
    pub fn family(&self) -> Family {
        self.file.vendor.family
    }

    /// The parameters in the order of the file.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        let named = self.order.iter();
        named.filter_map(|name| Some((name.as_str(), self.file.parameters.get(name)?)))
    }

    /// The values that the file states for a parameter.
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<&Sample<'a>> {
        self.samples.get(name)
    }

    /// The parameter that is meant by a key of the user's: its name, or a
    /// former one.
    #[must_use]
    pub fn named(&self, key: &str) -> Option<(&str, &Parameter)> {
        self.parameters().find(|(name, parameter)| {
            *name == key || parameter.aliases.iter().any(|alias| alias == key)
        })
    }

    /// How the typed settings name this file. `absent` are the names that
    /// templates may use although they have no value; `values` those of the user.
    #[must_use]
    pub fn mark(&self, absent: Vec<String>, values: &Values<'a>) -> Arc<VendorMark> {
        let given = self.order.iter().filter_map(|name| values.get(name));
        Arc::new(VendorMark {
            given: given.filter_map(Given::in_toml).collect(),
            name: self.name.clone(),
            sha256: self.sha256.clone(),
            origin: self.origin,
            absent,
        })
    }

    /// The settings of the kind with these values, without a word on where a
    /// mistake stands.
    ///
    /// # Errors
    /// Says what cannot be read, or why the vendor forbids it.
    pub fn settings<K: FromVendor>(&self, values: &Values<'a>) -> Result<K, String> {
        if let Some(forbidden) = &self.file.forbidden {
            return Err(forbidden.why.clone());
        }
        let expansion = expand(self, values, None, Places::Foreign);
        let mark = self.mark(expansion.absent, values);
        let whole = self.kind_of(expansion.body, 0..0);
        let kind = K::deserialize(ValueDeserializer::from(whole))
            .map_err(|error| error.message().to_owned())?;
        Ok(kind.marked(mark))
    }

    /// An expanded body below the name of its kind, as a configuration has it:
    /// `{ http = { … } }`. The name stands at `place`.
    #[must_use]
    pub fn kind_of(&self, body: Spanned<DeValue<'a>>, place: Range<usize>) -> Spanned<DeValue<'a>> {
        let mut whole = DeTable::new();
        whole.insert(Spanned::new(place.clone(), self.form.key().into()), body);
        Spanned::new(place, DeValue::Table(whole))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::example::testing::ISSUER;

    #[test]
    fn a_newer_language_is_refused_whatever_else_stands_there() {
        let said = |text: &str| Vendor::shipped("acme", text).expect_err("unreadable");
        let newer = ISSUER.replace("language = 1", "language = 2\nsurprise = true");
        assert!(said(&newer).contains("written in language 2, and scim-rotator"));
        let none = ISSUER.replace("language = 1", "language = 0");
        assert!(said(&none).contains("there is no language 0"));
        assert!(said(&ISSUER.replace("language = 1", "")).contains("language"));
        assert!(Vendor::shipped("acme", ISSUER).is_ok());
    }

    #[test]
    fn another_byte_is_another_hash() {
        let hash = |text: &str| Vendor::shipped("acme", text).expect("sound").sha256;
        // Of the empty text, as everybody knows it.
        assert_eq!(
            hex(digest(&SHA256, b"").as_ref()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(hash(ISSUER).len(), 64);
        let touched = format!("{ISSUER}\n");
        assert_ne!(hash(ISSUER), hash(&touched));
    }

    #[test]
    fn parameters_keep_the_order_of_the_file_and_have_former_names() {
        let vendor = Vendor::shipped("acme", ISSUER).expect("sound");
        let names: Vec<_> = vendor.parameters().map(|(name, _)| name).collect();
        assert_eq!(names[..2], ["domain", "admin_key"]);
        assert_eq!(vendor.named("host").map(|(name, _)| name), Some("domain"));
        assert!(vendor.named("nothing").is_none());
    }
}
