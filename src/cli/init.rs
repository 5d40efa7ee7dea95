//! `init`: asks Vault, and writes a first configuration and the policy for the daemon,
//! from options or from answers.

mod answers;
mod text;
mod vault;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use url::Url;

use self::answers::Answers;
use super::output::{Output, complain};
use super::wiring::World;
use super::{Exit, OutputFormat, failure, load};
use crate::audit::event::WhoKind;
use crate::config::{self, Settings};
use crate::telemetry::notify::Notifier;
use crate::vault::preflight;

/// `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The address of Vault. The default is that of `VAULT_ADDR`.
    #[arg(long, value_name = "URL")]
    pub vault_address: Option<Url>,
    /// How the daemon logs in to Vault.
    #[arg(long, value_name = "METHOD", value_enum, default_value_t)]
    pub auth: Auth,
    /// The role of the login; for AppRole, the role-id that `setup.sh` prints.
    #[arg(long, value_name = "TEXT")]
    pub role: Option<String>,
    /// Where the daemon keeps its records: mount of a KV version 2 engine, and a folder.
    #[arg(long, value_name = "PATH", default_value = "kv/scim-rotator")]
    pub state_path: String,
    /// A folder in Vault: what lies there is taken as tokens. It is listed with the token
    /// in `VAULT_TOKEN`.
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// A token by name; it lies below --path, or below `scim` of the mount of the records.
    #[arg(long = "token", value_name = "NAME")]
    pub tokens: Vec<String>,
    /// The SCIM base URL of the service provider.
    #[arg(long, value_name = "URL")]
    pub scim_url: Option<Url>,
    /// The vendor of the service provider, as `scim-rotator vendors` lists them. Without
    /// one, a person makes the tokens.
    #[arg(long, value_name = "NAME", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::issuer_vendors))]
    pub issuer_vendor: Option<String>,
    /// The vendor of the identity provider. Without one, no connection is written.
    #[arg(long, value_name = "NAME", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::connection_vendors))]
    pub connection_vendor: Option<String>,
    /// PEM file of the certificate authorities for Vault.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// The folder that the files are written to.
    #[arg(long, value_name = "FOLDER", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    pub out: PathBuf,
    /// Write over files that are there.
    #[arg(short, long)]
    pub force: bool,
    /// Do not ask Vault.
    #[arg(long)]
    pub offline: bool,
}

/// How the daemon logs in to Vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Auth {
    /// A role-id and a secret-id.
    #[default]
    Approle,
    /// The service account of a pod.
    Kubernetes,
    /// A signed JWT.
    Jwt,
    /// A token that somebody else renews.
    Token,
}

/// The files that are written.
const CONFIGURATION: &str = "scim-rotator.toml";
const POLICY: &str = "scim-rotator.hcl";

/// Writes both files.
pub fn run(args: &Args, output: &mut Output) -> Exit {
    match written(args) {
        Ok(told) => {
            // If nobody reads the output any more, the exit code still tells the result.
            drop(show(&told, output));
            Exit::Ok
        }
        Err((exit, why)) => {
            complain(&format!("{why}\n"));
            exit
        }
    }
}

/// What was written.
struct Told {
    files: [PathBuf; 2],
    tokens: Vec<String>,
    notes: Vec<String>,
}

fn written(args: &Args) -> Result<Told, (Exit, String)> {
    let files = [CONFIGURATION, POLICY].map(|name| args.out.join(name));
    for file in &files {
        if file.exists() && !args.force {
            let why = format!(
                "{} is there already: --force writes over it, --out FOLDER writes elsewhere",
                file.display()
            );
            return Err((Exit::Usage, why));
        }
    }
    let mut answers = Answers::of(args).map_err(|why| (Exit::Usage, why))?;
    let mut notes = Vec::new();
    if !args.offline {
        let looked = load::block_on_value(vault::look(&answers));
        match looked.unwrap_or_else(|| Err("Vault was not asked".to_owned())) {
            Ok(seen) => answers.take(seen, &mut notes),
            Err(error) => notes.push(format!("Vault was not asked: {error}")),
        }
    }
    answers.name_tokens().map_err(|why| (Exit::Usage, why))?;
    let text = text::configuration(&answers).map_err(|why| (Exit::Usage, why))?;
    let policy = policy(&args.out, &text)?;
    let failed = |error: io::Error| (Exit::Failed, format!("{}: {error}", args.out.display()));
    fs::write(&files[0], text).map_err(failed)?;
    fs::write(&files[1], policy).map_err(failed)?;
    Ok(Told {
        files,
        tokens: answers.tokens.clone(),
        notes,
    })
}

/// The policy that the configuration needs. What `check` would refuse is not written.
fn policy(folder: &Path, text: &str) -> Result<String, (Exit, String)> {
    let failed = |error: io::Error| (Exit::Failed, format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    let trial = folder.join(format!(".{CONFIGURATION}.new"));
    fs::write(&trial, text).map_err(failed)?;
    let loaded = config::load(&trial);
    fs::remove_file(&trial).map_err(failed)?;
    match loaded {
        Ok(loaded) => policy_of(&loaded.settings).map_err(|why| (Exit::Failed, why)),
        Err(report) => {
            failure::note_report(&report);
            let why = format!(
                "nothing was written, since these answers give no valid configuration:\n{}",
                report.render(false)
            );
            Err((Exit::Usage, why))
        }
    }
}

fn policy_of(settings: &Settings) -> Result<String, String> {
    let world = World::new(settings, Notifier::silent(), WhoKind::Command);
    let world = world.map_err(|error| error.to_string())?;
    let mut lines = preflight::whole_policy(&world.needs());
    let published = settings.tokens.values();
    lines.extend(published.map(|token| preflight::authors_line(&token.vault_path)));
    Ok(format!(
        "# The policy of the daemon's login to Vault, as its configuration needs it. Written by\n# `scim-rotator init`; `scim-rotator check --online` names lines that are missing later.\n{}\n",
        lines.join("\n")
    ))
}

fn show(told: &Told, output: &mut Output) -> io::Result<()> {
    let [configuration, policy] = &told.files;
    if output.format() == OutputFormat::Json {
        return output.json(&json!({
            "configuration": configuration,
            "policy": policy,
            "tokens": told.tokens,
            "notes": told.notes,
        }));
    }
    for note in &told.notes {
        output.line(&format!("Note: {note}."))?;
    }
    let tokens = told.tokens.join(", ");
    output.text(&format!(
        "Written, for the tokens {tokens}:\n  {}\n  {}\nNext:\n  1. put what only you know into the lines that are marked EDIT\n  2. vault policy write scim-rotator {}\n  3. scim-rotator check --online --config {}\n",
        configuration.display(),
        policy.display(),
        policy.display(),
        configuration.display(),
    ))
}
