//! `identify`: whose a leaked secret is, and whether it lives. The secret is read from
//! standard input and compared by fingerprints; it is never written anywhere.

mod candidates;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use futures_util::StreamExt as _;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use self::candidates::candidates;
use super::facts::index::{self, Noted};
use super::load;
use super::output::{Output, complain};
use super::wiring::World;
use super::{Exit, OutputFormat, asking, rotate};
use crate::ports::unit::Unit;
use crate::secret::{Fingerprint, FingerprintKey, InstallationKey, KeyedFingerprint};
use crate::value::HumanDuration;

/// Longest text that is read.
const LONGEST: u64 = 256 * 1024;
/// How many facts are read at once, of tokens that the index does not have yet.
const AT_ONCE: usize = 16;

/// `identify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rotate the token as compromised, if it lives.
    #[arg(long, requires = "reason")]
    pub respond: bool,
    /// Why, for the history and the audit: where the secret was found.
    #[arg(long, value_name = "TEXT", requires = "respond")]
    pub reason: Option<String>,
    /// Do not ask.
    #[arg(long, requires = "respond")]
    pub yes: bool,
}

/// Tells whose it is.
pub fn run(args: &Args, config: &Path, mut output: Output) -> Exit {
    let text = match read() {
        Ok(text) => text,
        Err(why) => {
            complain(&why);
            return Exit::Usage;
        }
    };
    let (world, units) = match load::world_of_a_person(config, &[]) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let mut found = Vec::new();
    let exit = load::block_on(async {
        let looked = look(&world, &units, &text).await;
        world.session.close().await;
        match looked {
            Ok(hits) => {
                found = hits;
                Exit::Ok
            }
            Err(exit) => exit,
        }
    });
    if exit != Exit::Ok {
        return exit;
    }
    // If nobody reads the output any more, the exit code still tells the result.
    drop(show(&found, &mut output));
    if found.is_empty() {
        return Exit::Failed;
    }
    match args.respond {
        true => respond(args, config, &found, output),
        false => Exit::Ok,
    }
}

fn read() -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("standard input cannot be read: {error}\n"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Err(format!(
            "standard input has more than {LONGEST} bytes: pass the line that holds the secret, and not the whole log\n"
        ));
    }
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    if text.trim().is_empty() {
        return Err(
            "standard input is empty: pass the leaked secret, or the line that it stands in, for example `scim-rotator identify <leaked.txt`\n"
                .to_owned(),
        );
    }
    Ok(text)
}

/// One secret of the text that is known.
struct Hit {
    noted: Noted,
    /// As the audit names it.
    audited_as: Option<KeyedFingerprint>,
    state: State,
}

/// What is known of the secret's life.
#[derive(Default)]
struct State {
    /// `current`, `pending`, `retiring`, `retired` or `credential`.
    slot: &'static str,
    /// Whether it is accepted; `None`: that is not known.
    lives: Option<bool>,
    expires_at: Value,
    detail: String,
}

async fn look(world: &World, units: &[Unit], text: &str) -> Result<Vec<Hit>, Exit> {
    let key = world.store.existing_fingerprint_key().await;
    let key = key.map_err(|error| asking::failed(&error))?;
    // Without the installation's key there is neither an index nor an audit; what the
    // facts tell is compared all the same.
    let has_key = key.is_some();
    let key = key.unwrap_or_else(|| InstallationKey::random().for_fingerprints());
    let mut prints: BTreeMap<KeyedFingerprint, (String, KeyedFingerprint)> = BTreeMap::new();
    for candidate in candidates(text) {
        let plain = Fingerprint::of(candidate).short();
        prints.insert(index::keyed(&key, &plain), (plain, key.of(candidate)));
    }
    let wanted: BTreeSet<_> = prints.keys().copied().collect();
    let mut known = match has_key {
        true => {
            let known = index::find(&world.store, &wanted).await;
            known.map_err(|error| asking::failed(&error))?
        }
        false => BTreeMap::new(),
    };
    if known.is_empty() {
        known = in_facts(world, units, &key, &prints).await;
    }
    let mut hits = Vec::new();
    for (keyed, noted) in known {
        let Some((plain, audited_as)) = prints.get(&keyed) else {
            continue;
        };
        let state = match noted.is_credential {
            true => State {
                slot: "credential",
                detail: "scim-rotator itself logs in with it".to_owned(),
                ..State::default()
            },
            false => state_of(world, &noted.owner, plain).await,
        };
        hits.push(Hit {
            noted,
            audited_as: has_key.then_some(*audited_as),
            state,
        });
    }
    Ok(hits)
}

/// Looks into the facts of every token: a new token is there before it is in the index.
async fn in_facts(
    world: &World,
    units: &[Unit],
    key: &FingerprintKey,
    prints: &BTreeMap<KeyedFingerprint, (String, KeyedFingerprint)>,
) -> BTreeMap<KeyedFingerprint, Noted> {
    let plain: BTreeSet<&str> = prints.values().map(|(plain, _)| plain.as_str()).collect();
    let reads = units.iter().map(async |unit| {
        let stored = world.store.facts(&unit.name).await;
        let facts = stored.ok().and_then(|stored| stored.facts);
        (unit.name.clone(), facts.unwrap_or_default())
    });
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(AT_ONCE);
    let mut found = BTreeMap::new();
    while let Some((owner, facts)) = reads.next().await {
        let slots = slots(&facts["token"]);
        for (_, slot) in slots {
            let print = slot["fingerprint"].as_str().unwrap_or_default();
            if plain.contains(print) {
                let noted = Noted {
                    owner: owner.clone(),
                    is_credential: false,
                };
                found.insert(index::keyed(key, print), noted);
            }
        }
    }
    found
}

/// The tokens that the facts tell of, with what they are.
fn slots(token: &Value) -> Vec<(&'static str, &Value)> {
    let retiring = token["retiring"].as_array();
    let retiring = retiring.into_iter().flatten().map(|old| ("retiring", old));
    [
        ("current", &token["current"]),
        ("pending", &token["pending"]),
    ]
    .into_iter()
    .filter(|(_, slot)| slot.is_object())
    .chain(retiring)
    .collect()
}

async fn state_of(world: &World, token: &str, plain: &str) -> State {
    let stored = world.store.facts(token).await;
    let Some(facts) = stored.ok().and_then(|stored| stored.facts) else {
        return State {
            slot: "unknown",
            detail: "nothing is told about this token now".to_owned(),
            ..State::default()
        };
    };
    let token = &facts["token"];
    let mut slots = slots(token).into_iter();
    let Some((slot, found)) = slots.find(|(_, slot)| slot["fingerprint"] == plain) else {
        return State {
            slot: "retired",
            lives: Some(false),
            detail: "it was retired: it was revoked, or it has expired".to_owned(),
            ..State::default()
        };
    };
    let expired = found["expires_at"]
        .as_str()
        .and_then(|at| at.parse::<jiff::Timestamp>().ok())
        .is_some_and(|at| at <= world.right_clock.now());
    let refused = slot == "current" && token["proof"] == "refused";
    State {
        slot,
        lives: Some(!expired && !refused && found["revoked_at"].is_null()),
        expires_at: found["expires_at"].clone(),
        detail: match slot {
            "current" => "it is the token in use".to_owned(),
            "pending" => "it is the new token of a rotation in flight".to_owned(),
            _ => "it is superseded, and accepted until its overlap has ended".to_owned(),
        },
    }
}

fn show(found: &[Hit], output: &mut Output) -> std::io::Result<()> {
    if output.format() == OutputFormat::Json {
        let hits: Vec<Value> = found
            .iter()
            .map(|hit| {
                let name = &hit.noted.owner;
                let token = (!hit.noted.is_credential).then_some(name);
                let credential = hit.noted.is_credential.then_some(name);
                json!({
                    "token": token,
                    "credential": credential,
                    "state": hit.state.slot,
                    "lives": hit.state.lives,
                    "expires_at": hit.state.expires_at,
                    "detail": hit.state.detail,
                    "audit_fingerprint": hit.audited_as,
                })
            })
            .collect();
        return output.json(&json!({ "known": !found.is_empty(), "secrets": hits }));
    }
    if found.is_empty() {
        return output.line(
            "Nothing in this text is a token or credential that scim-rotator knows or has known.",
        );
    }
    for hit in found {
        let Hit {
            noted,
            audited_as,
            state,
        } = hit;
        let lives = match state.lives {
            Some(true) => "LIVES",
            Some(false) => "does not live",
            None => "may live",
        };
        output.line(&format!(
            "{}: {lives} ({}): {}.",
            noted.owner, state.slot, state.detail
        ))?;
        if let Some(audited_as) = audited_as {
            output.line(&format!("  In the audit it is {audited_as}."))?;
        }
        if let Some(end) = state.expires_at.as_str() {
            output.line(&format!("  It expires at {end}."))?;
        }
        let next = match (noted.is_credential, state.lives) {
            (true, _) => "Make a new one at the service that it belongs to, write it there, and revoke this one.".to_owned(),
            (false, Some(false)) => "Nothing has to be done.".to_owned(),
            (false, _) => format!(
                "Next: scim-rotator rotate {} --compromised --reason \"found in …\"",
                noted.owner
            ),
        };
        output.line(&format!("  {next}"))?;
    }
    Ok(())
}

/// Rotates every token of the text that lives.
fn respond(args: &Args, config: &Path, found: &[Hit], output: Output) -> Exit {
    let lives = |hit: &&Hit| !hit.noted.is_credential && hit.state.lives != Some(false);
    let names: BTreeSet<&str> = found
        .iter()
        .filter(lives)
        .map(|hit| hit.noted.owner.as_str())
        .collect();
    if names.is_empty() {
        complain("nothing is rotated: no token in this text lives\n");
        return match found.iter().any(|hit| hit.noted.is_credential) {
            true => Exit::Failed,
            false => Exit::Ok,
        };
    }
    let format = output.format();
    drop(output);
    let mut exit = Exit::Ok;
    for name in names {
        let asked = rotate::Args {
            token: name.to_owned(),
            timeout: HumanDuration(SignedDuration::from_mins(10)),
            override_guards: false,
            compromised: true,
            supplied: false,
            reason: args.reason.clone().unwrap_or_default(),
            yes: args.yes,
            no_wait: false,
            foreground: false,
        };
        let ended = rotate::run(&asked, config, Output::stdout(format));
        if ended != Exit::Ok {
            exit = ended;
        }
    }
    exit
}

/// How often our own credentials are read for the index.
const CREDENTIALS_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// After a start the tokens come first.
const CREDENTIALS_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Notes our own credentials in the index of fingerprints, until the end of the process.
pub(super) async fn note_credentials(world: &World, end: &CancellationToken) {
    let mut pause = CREDENTIALS_AFTER;
    loop {
        tokio::select! {
            () = world.clock.sleep(pause) => {}
            () = end.cancelled() => return,
        }
        let (references, secrets) = world.own_credentials();
        for reference in references {
            // One that cannot be read now is told of where it is used.
            if let Ok(resolved) = secrets.resolve(reference).await {
                let print = Fingerprint::of(resolved.value.expose());
                let what = reference.to_string();
                world.facts.note_credential(&print, &what);
            }
        }
        pause = CREDENTIALS_EVERY;
    }
}
