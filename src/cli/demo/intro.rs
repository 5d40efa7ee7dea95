//! The text at the beginning of the demo.

use serde_json::json;

use super::breaking::Break;
use super::summary::length;
use super::{Args, Scene};
use crate::demo::stage::TOKENS;

const STEPS: &str = "\
Each rotation is one line: time since the start, name and number of the token,
and its steps, with a ! after those that failed and are tried again:
  prepare   checks the issuer and every connection before anything is issued
  issue     stores what it is about to do, then has a new token issued
  prove     tests the new token at the service provider, with counter-proofs
  deliver   writes it into each identity provider
  confirm   has each identity provider show that it works there
  in use    the new token is the current one; the old one stays valid for now
  publish   writes it to Vault, for its readers
  retire    revokes the old token, and shows that it is refused
";

/// Tells what is running, what will happen, and where to look.
pub(super) fn tell(scene: &Scene, args: &Args) {
    let stage = &scene.stage;
    let pace = stage.pace;
    let seconds = |time: jiff::SignedDuration| format!("{} s", time.as_secs());
    let ends = match args.length {
        Some(time) => format!("It ends after {}, or with Ctrl-C.", length(time.0)),
        None => "It ends with Ctrl-C.".to_owned(),
    };
    scene.say(&format!(
        "The real daemon{apart}, with everything around it in this process:

  Vault        {vault:<23}  keeps the records and the tokens
  crm          {crm:<23}  service provider, issues its own tokens
  wiki         {wiki:<23}  service provider, is given its tokens
  hr           {hr:<23}  identity provider of the users of crm
  contractors  {contractors:<23}  another one of crm, with the same token
  staff        {staff:<23}  identity provider of the users of wiki

A token lives for {life}. It is renewed after about {renewal}; {overlap} later the
old one is revoked. Meanwhile the identity providers work without a pause, and
no call of theirs may be refused. {ends}

{STEPS}
From another terminal, as long as this runs (or plan, or rotate crm):
  export SCIM_ROTATOR_CONFIG={config}
  {program} status

",
        apart = match args.broken {
            Some(Break::Crash) => " in a process of its own",
            Some(Break::Issuer | Break::Idp | Break::Vault | Break::Revoked) | None => "",
        },
        vault = stage.vault.url().as_str(),
        crm = stage.crm.base_url().as_str(),
        wiki = stage.wiki.base_url().as_str(),
        hr = stage.hr.base_url().as_str(),
        contractors = stage.contractors.base_url().as_str(),
        staff = stage.staff.base_url().as_str(),
        life = seconds(pace.lifetime()),
        renewal = seconds(pace.renewal()),
        overlap = seconds(pace.overlap()),
        program = program(),
        config = stage.config().display(),
    ));
    if scene.is_for_people() {
        return;
    }
    let facts = json!({
        "event": "started",
        "config": stage.config(),
        "vault_url": stage.vault.url(),
        "tokens": TOKENS,
        "lifetime_seconds": pace.lifetime().as_secs(),
        "renewal_seconds": pace.renewal().as_secs(),
        "overlap_seconds": pace.overlap().as_secs(),
    });
    scene.tell("", "", facts);
}

/// The path of this program, which works in any folder.
fn program() -> String {
    let program = std::env::current_exe();
    program.map_or("scim-rotator".to_owned(), |path| path.display().to_string())
}
