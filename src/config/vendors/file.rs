//! One vendor file of the user's own: everything that is wrong with it is noted
//! at its place in that file.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::DeValue;

use super::typed_value;
use crate::config::file::Source;
use crate::config::finding::{Finding, Findings};
use crate::config::keys;
use crate::config::literals;
use crate::config::locate::{Document, locate};
use crate::config::syntax;
use crate::config::typed::{self, Section, Size};
use crate::config::wording::SEE;
use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
use crate::problem::{Problems, Severity};
use crate::vendors::example::{Filled, values, values_with};
use crate::vendors::expand::{Places, Values, expand};
use crate::vendors::file::{ParameterType, VendorFile};
use crate::vendors::{Family, Form, FromVendor, Parts, Vendor};

/// What came of a file.
pub(super) enum Read<'a> {
    /// It can be used.
    Sound(Box<Vendor<'a>>),
    /// It cannot, whatever it was to describe.
    Broken(Option<Family>, String),
}

impl Read<'_> {
    /// The family and the name, as far as the family is known.
    pub(super) fn names(&self) -> Option<(Family, String)> {
        match self {
            Self::Sound(vendor) => Some((vendor.family(), vendor.name.clone())),
            Self::Broken(family, name) => family.map(|family| (family, name.clone())),
        }
    }
}

/// The vendor's name: that of the file without its ending.
pub(super) fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Reads and checks a file.
pub(super) fn read<'a>(index: usize, source: &'a Source, findings: &mut Findings) -> Read<'a> {
    let name = stem(&source.path);
    let mut own = Findings::default();
    let vendor = Reader {
        index,
        source,
        findings: &mut own,
    }
    .vendor(&name);
    let failed = own.has_errors();
    for finding in own.into_all() {
        findings.push_once(finding);
    }
    match vendor {
        Some(vendor) if !failed => Read::Sound(Box::new(vendor)),
        Some(vendor) => Read::Broken(Some(vendor.family()), name),
        None => Read::Broken(None, name),
    }
}

/// Tables of a vendor file besides its head.
const BODIES: [&str; 3] = ["http", "operator", "manual"];

/// The place of a table that stands in no file.
const OUTSIDE: Range<usize> = usize::MAX - 3..usize::MAX - 2;

struct Reader<'a, 'f> {
    index: usize,
    source: &'a Source,
    findings: &'f mut Findings,
}

impl<'a> Reader<'a, '_> {
    fn vendor(&mut self, name: &str) -> Option<Vendor<'a>> {
        let document = syntax::document(self.index, self.source, self.findings)?;
        let parts = match Parts::of(document.clone()) {
            Ok(parts) => parts,
            Err(why) => {
                self.error(why.span, "language", why.message, why.remedy);
                return None;
            }
        };
        let body = parts.body.clone();
        let file = self.typed(parts.head.clone())?;
        if body.is_none() && file.forbidden.is_none() {
            let remedy = "add [http] with the keys of kind `http`: what is called, and what the answers mean; or [operator] (an issuer) or [manual] (a connection), if a person must do it";
            self.error(0..0, "http", "`http` is missing".to_owned(), remedy);
        }
        let vendor = Vendor::new(
            name,
            Some(&self.source.path),
            &self.source.text,
            parts,
            file,
        );
        self.check_name(&vendor);
        self.check_meaning(&vendor, &document);
        self.check_samples(&vendor);
        if let Some((form, body)) = body.filter(|(form, _)| form.fits(vendor.family())) {
            let place = key_of(&document, form).unwrap_or(body.span());
            match vendor.family() {
                Family::Issuer => self.check_body::<IssuerKind>(&vendor, &place, &document),
                Family::Connection => self.check_body::<ConnectionKind>(&vendor, &place, &document),
            }
        }
        literals::check_vendor(self.index, &document, self.findings);
        Some(vendor)
    }

    /// Everything but the body; `None` when a type is wrong.
    fn typed(&mut self, head: Spanned<DeValue<'a>>) -> Option<VendorFile> {
        let section = Section {
            source: self.index,
            path: String::new(),
            value: head,
            span: 0..0,
        };
        let mut found = Findings::default();
        let draft = typed::read::<VendorFile>(section, &BODIES, Size::Small, &mut found);
        for mut finding in found.into_all() {
            finding.remedy = finding
                .remedy
                .replace(SEE, "config/vendors/README.md shows every key");
            self.findings.push_once(finding);
        }
        let draft = draft?;
        draft.placeholders.is_empty().then_some(draft.value)
    }

    fn check_name(&mut self, vendor: &Vendor<'_>) {
        let name = &vendor.name;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let sound = name.starts_with(plain) && name.chars().all(|c| plain(c) || c == '-');
        if !sound {
            let message = format!("`{name}` cannot be the name of a vendor");
            let remedy = "name the file with a-z, 0-9 and `-`, beginning with a letter or digit";
            self.error(0..0, "", message, remedy);
        } else if builtin(vendor.family()).contains(&name.as_str()) {
            let message = format!("`{name}` is the name of a kind that is built in");
            self.error(0..0, "", message, "give the file another name");
        }
    }

    fn check_meaning(&mut self, vendor: &Vendor<'_>, document: &Document<'_>) {
        let mut problems = Problems::default();
        vendor.check(&mut problems);
        let mut found = Findings::default();
        self.settle(&problems, document, &mut found);
        for finding in found.into_all() {
            self.findings.push_once(finding);
        }
    }

    /// Whether the examples and defaults are of their parameter's type.
    fn check_samples(&mut self, vendor: &Vendor<'a>) {
        for (name, parameter) in vendor.parameters() {
            let Some(sample) = vendor.sample(name) else {
                continue;
            };
            // That a credential has no default is said already.
            let default = sample.default.as_ref();
            let default = default.filter(|_| parameter.kind != ParameterType::Credential);
            let stated = [("default", default), ("example", sample.example.as_ref())];
            for (key, value) in stated {
                if let Some(value) = value {
                    let section = Section {
                        source: self.index,
                        path: format!("parameters.{name}.{key}"),
                        value: value.clone(),
                        span: value.span(),
                    };
                    typed_value::check(&section, parameter, self.findings);
                }
            }
        }
    }

    /// The body as the typed settings see it, with every parameter and then with
    /// those alone that a user must give.
    fn check_body<K: FromVendor>(
        &mut self,
        vendor: &Vendor<'a>,
        place: &Range<usize>,
        document: &Document<'_>,
    ) {
        let with_all = self.body_with::<K>(vendor, values(vendor, Filled::All), place, document);
        let without = values(vendor, Filled::Required);
        let without = self.body_with::<K>(vendor, without, place, document);
        let (Some(with_all), Some(without)) = (with_all, without) else {
            return;
        };
        let said: Vec<_> = with_all.iter().map(|f| f.message.clone()).collect();
        let new = without.into_iter().filter(|f| !said.contains(&f.message));
        let new = new.map(|mut finding| {
            let message = finding.message;
            finding.message = format!("without the parameters that may be left out: {message}");
            finding
        });
        for finding in with_all.into_iter().chain(new) {
            self.findings.push_once(finding);
        }
        let alternatives = vendor.parameters().filter(|(_, p)| p.instead_of.is_some());
        for (name, _) in alternatives {
            let found = self.body_with::<K>(vendor, values_with(vendor, name), place, document);
            let found = found.into_iter().flatten();
            for mut finding in found.filter(|f| !said.contains(&f.message)) {
                finding.message = format!("with the parameter `{name}`: {}", finding.message);
                self.findings.push_once(finding);
            }
        }
    }

    /// What is wrong with the body when these parameters are given; `None`: it
    /// refers to parameters that are not there, and what else would be said
    /// follows from that.
    fn body_with<K: FromVendor>(
        &self,
        vendor: &Vendor<'a>,
        values: Values<'a>,
        place: &Range<usize>,
        document: &Document<'_>,
    ) -> Option<Vec<Finding>> {
        let expansion = expand(vendor, &values, None, Places::File);
        if !expansion.stray.is_empty() {
            return None;
        }
        let mark = vendor.mark(expansion.absent, &values);
        let whole = vendor.kind_of(expansion.body, place.clone());
        let section = Section {
            source: self.index,
            path: String::new(),
            value: Spanned::new(OUTSIDE, whole.into_inner()),
            span: place.clone(),
        };
        let mut found = Findings::default();
        let read = typed::read::<K>(section, &[], Size::Small, &mut found);
        if let Some(draft) = read.filter(|draft| draft.placeholders.is_empty()) {
            let kind = draft.value.marked(mark);
            let mut problems = Problems::default();
            kind.check("", &mut problems);
            self.settle(&problems, document, &mut found);
        }
        Some(found.into_all())
    }

    fn settle(&self, problems: &Problems, document: &Document<'_>, findings: &mut Findings) {
        for problem in problems.all() {
            let path = problem.path.trim_start_matches('.');
            let (_, span) = locate(std::slice::from_ref(document), path);
            let finding = Finding::error(
                self.index,
                span,
                path,
                problem.message.as_str(),
                problem.remedy.as_str(),
            );
            findings.push_once(match problem.severity {
                Severity::Error => finding,
                Severity::Warning => finding.into_warning(),
            });
        }
    }

    fn error(&mut self, span: Range<usize>, path: &str, message: String, remedy: &str) {
        let finding = Finding::error(self.index, span, path, message, remedy);
        self.findings.push(finding);
    }
}

/// The kinds of a family that are built in.
pub(super) fn builtin(family: Family) -> Vec<&'static str> {
    match family {
        Family::Issuer => keys::fields::<IssuerKind>(),
        Family::Connection => keys::fields::<ConnectionKind>(),
    }
}

fn key_of(document: &Document<'_>, form: Form) -> Option<Range<usize>> {
    let (key, _) = document.get_ref().get_key_value(form.key())?;
    Some(key.span())
}
