//! Reads each section into its type and has the rules look at the whole.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Findings;
use super::keys;
use super::lists::List;
use super::literals;
use super::locate::Document;
use super::named_files;
use super::placeholders::Placeholders;
use super::raw::{RawFederatedToken, RawHttp, RawIssuer, RawLimits, RawPolicy, RawToken};
use super::resolve;
use super::rules;
use super::sections::Sections;
use super::settings::Settings;
use super::typed::Size;
use super::vendors::{Uses, Vendors};
use crate::audit::config::AuditConfig;
use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
use crate::notify;
use crate::problem::Problems;
use crate::server::config::ServerConfig;
use crate::telemetry::config::LogConfig;
use crate::telemetry::traces::config::TracesConfig;
use crate::vault::VaultConfig;

pub(super) fn known() -> keys::Known {
    let list = |list: List| keys::Key {
        path: list.key().to_owned(),
        owner: "Main".to_owned(),
    };
    let mut all = keys::Known {
        keys: List::ALL.map(list).into(),
        words: BTreeSet::new(),
    };
    all.extend(keys::of::<VaultConfig>("vault"));
    all.extend(keys::of::<ServerConfig>("server"));
    all.extend(keys::of::<LogConfig>("log"));
    all.extend(keys::of::<AuditConfig>("audit"));
    all.extend(keys::of::<TracesConfig>("traces"));
    all.extend(keys::of::<RawHttp>("http"));
    all.extend(keys::of::<RawLimits>("limits"));
    all.extend(keys::of::<RawPolicy>("defaults"));
    all.extend(keys::of::<BTreeMap<String, IssuerKind>>("issuers"));
    all.extend(keys::of::<BTreeMap<String, RawIssuer>>("issuers"));
    all.extend(keys::of::<BTreeMap<String, ConnectionKind>>("connections"));
    all.extend(keys::of::<BTreeMap<String, RawToken>>("tokens"));
    all.extend(keys::of::<BTreeMap<String, RawFederatedToken>>("tokens"));
    all.extend(keys::of::<RawPolicy>("tokens.*"));
    all.extend(keys::of::<BTreeMap<String, notify::Target>>("notify"));
    all
}

/// The settings, or `None` when nothing can be made of a section. Where a key is
/// wrong, that is noted as an error, and the rules look at the rest.
pub(super) fn settings<'a>(
    documents: &[Document<'a>],
    vendors: &Vendors<'a>,
    findings: &mut Findings,
) -> Option<Settings> {
    let drafted = draft(documents, vendors, Size::Small, findings);
    let problems = if drafted.placeholders.is_empty() {
        drafted.problems
    } else {
        // The same is wrong again: it is noted already.
        let other = draft(documents, vendors, Size::Large, &mut Findings::default());
        drafted
            .placeholders
            .independent_problems(&drafted.problems, &other.problems)
    };
    super::settle(&problems, documents, &drafted.uses, findings);
    drafted.settings
}

/// What was made of the files, right or wrong.
struct Drafted {
    settings: Option<Settings>,
    placeholders: Placeholders,
    uses: Uses,
    problems: Problems,
}

fn draft<'a>(
    documents: &[Document<'a>],
    vendors: &Vendors<'a>,
    size: Size,
    findings: &mut Findings,
) -> Drafted {
    let mut sections = Sections::gather(documents, size, findings);
    let issuer_rules = sections.issuer_rules(findings);
    let names = sections.names();
    let vault = sections.required::<VaultConfig>("vault", findings);
    let server = sections.optional::<ServerConfig>("server", findings);
    let log = sections.optional::<LogConfig>("log", findings);
    let audit = sections.optional::<AuditConfig>("audit", findings);
    let traces = sections.optional::<TracesConfig>("traces", findings);
    let http = sections.optional::<RawHttp>("http", findings);
    let limits = sections.optional::<RawLimits>("limits", findings);
    let defaults = sections.optional::<RawPolicy>("defaults", findings);
    let issuers = sections.family::<IssuerKind>(vendors, findings);
    let connections = sections.family::<ConnectionKind>(vendors, findings);
    let tokens = sections.tokens(findings);
    let notify = sections.each::<notify::Target>("notify", findings);
    let federated = sections.federated(findings);
    let (placeholders, uses) = sections.placeholders();
    let kinds = literals::Kinds {
        issuers: &issuers,
        connections: &connections,
    };
    literals::check(documents, &kinds, findings);
    named_files::check(documents, findings);

    let mut problems = Problems::default();
    let http = http.map(|raw| resolve::http(raw, &mut problems));
    let write_probe_hosts = limits.as_ref().map(|raw| raw.write_probe_hosts.clone());
    let write_probe_hosts = write_probe_hosts.unwrap_or_default();
    let limits = limits.map(resolve::limits);
    let resolver = resolve::Tokens {
        defaults: defaults.unwrap_or_default(),
        lease: limits.unwrap_or_default().lease,
        issuers: &issuers,
        connections: &connections,
        issuer_rules: &issuer_rules,
    };
    let tokens = resolver.all(tokens, &mut problems);
    let federated = resolver.federated(federated, &mut problems);
    let whole = rules::Whole {
        names: &names,
        placeholders: &placeholders,
        vault: vault.as_ref(),
        server: server.as_ref(),
        log: log.as_ref(),
        audit: audit.as_ref(),
        traces: traces.as_ref(),
        http: http.as_ref(),
        limits: limits.as_ref(),
        write_probe_hosts: &write_probe_hosts,
        issuers: &issuers,
        connections: &connections,
        tokens: &tokens,
        notify: &notify,
        federated: &federated,
    };
    rules::check(&whole, &mut problems);
    let problems = uses.all_back(&problems);
    let whole = (vault, server, log, audit, traces, http, limits);
    let settings = match whole {
        (
            Some(vault),
            Some(server),
            Some(log),
            Some(audit),
            Some(traces),
            Some(http),
            Some(limits),
        ) => Some(Settings {
            vault,
            server,
            log,
            audit,
            traces,
            http,
            limits,
            issuers,
            connections,
            tokens,
            federated,
            notify,
            write_probe_hosts,
            own_files: named_files::own(documents),
        }),
        _ => None,
    };
    Drafted {
        settings,
        placeholders,
        uses,
        problems,
    }
}
