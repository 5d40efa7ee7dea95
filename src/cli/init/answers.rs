//! What options say, and what a person answers where they say nothing.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;

use url::Url;

use super::vault::Seen;
use super::{Args, Auth};
use crate::environment;
use crate::vault::KvPath;

/// Everything that the files are made of.
pub(super) struct Answers {
    pub(super) address: Url,
    pub(super) auth: Auth,
    pub(super) role: Option<String>,
    pub(super) state_path: KvPath,
    /// The folder with the tokens.
    pub(super) folder: KvPath,
    /// Whether a person named it.
    pub(super) folder_is_named: bool,
    pub(super) tokens: Vec<String>,
    pub(super) scim_url: Option<Url>,
    pub(super) issuer_vendor: Option<String>,
    pub(super) connection_vendor: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
}

impl Answers {
    /// From the options; what is missing is asked for on a terminal.
    pub(super) fn of(args: &Args) -> Result<Self, String> {
        let address = address(args)?;
        let state_path = path("--state-path", &args.state_path)?;
        let named = match &args.path {
            Some(named) => Some(named.clone()),
            None => asked("Folder in Vault with the tokens, such as kv/scim", ""),
        };
        let folder = named
            .clone()
            .unwrap_or_else(|| format!("{}/scim", state_path.mount()));
        Ok(Self {
            address,
            auth: args.auth,
            role: args.role.clone(),
            folder: path("--path", &folder)?,
            folder_is_named: named.is_some(),
            state_path,
            tokens: args.tokens.clone(),
            scim_url: args.scim_url.clone(),
            issuer_vendor: args.issuer_vendor.clone().or_else(|| {
                asked(
                    "Vendor of the service provider (`scim-rotator vendors` lists them)",
                    "none: a person makes the tokens",
                )
            }),
            connection_vendor: args
                .connection_vendor
                .clone()
                .or_else(|| asked("Vendor of the identity provider", "none yet")),
            ca_file: args.ca_file.clone(),
        })
    }

    /// What lies in Vault counts if no token is named.
    pub(super) fn take(&mut self, seen: Seen, notes: &mut Vec<String>) {
        notes.push(seen.server);
        match seen.names {
            None => {}
            Some(Ok(names)) if names.is_empty() => {
                notes.push(format!("nothing lies below {} yet", self.folder));
            }
            Some(Ok(names)) => {
                notes.push(format!("below {} lie {}", self.folder, names.join(", ")));
                if self.tokens.is_empty() {
                    self.tokens = names;
                }
            }
            Some(Err(error)) => {
                notes.push(format!("{} was not listed: {error}", self.folder));
            }
        }
    }

    /// Without any token there is nothing to write.
    pub(super) fn name_tokens(&mut self) -> Result<(), String> {
        if self.tokens.is_empty() {
            let names = asked("Names of the tokens, with commas between them", "");
            let names = names.unwrap_or_default();
            let names = names.split(',').map(str::trim);
            self.tokens = names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
        }
        match self.tokens.is_empty() {
            true => Err("no token is named: write --token NAME, or --path with a folder in Vault that holds some (and set VAULT_TOKEN, so that it can be listed)".to_owned()),
            false => Ok(()),
        }
    }
}

fn path(option: &str, text: &str) -> Result<KvPath, String> {
    KvPath::parse(text).map_err(|why| format!("{option}: {why}"))
}

/// As Vault's own tool names it.
const VAULT_ADDR: &str = "VAULT_ADDR";

fn address(args: &Args) -> Result<Url, String> {
    if let Some(address) = &args.vault_address {
        return Ok(address.clone());
    }
    let default = environment::variable(VAULT_ADDR);
    let answer = asked("Address of Vault", default.as_deref().unwrap_or_default()).or(default);
    let answer = answer.ok_or("the address of Vault is not known: write --vault-address URL")?;
    Url::parse(&answer).map_err(|error| format!("`{answer}` is no address of Vault: {error}"))
}

/// What a person answers on a terminal; `None` for the default, or without a terminal.
fn asked(question: &str, default: &str) -> Option<String> {
    let stdin = io::stdin();
    let mut stderr = io::stderr();
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return None;
    }
    let shown = match default {
        "" => String::new(),
        default => format!(" [{default}]"),
    };
    let written = write!(stderr, "{question}{shown}: ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = written.and_then(|()| stdin.lock().read_line(&mut answer));
    let answer = answer.trim();
    (read.is_ok() && !answer.is_empty()).then(|| answer.to_owned())
}
