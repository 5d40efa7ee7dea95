//! Tokens that end with the daemon's own login to Vault.

use jiff::SignedDuration;

use super::super::wiring::World;
use crate::config::{Settings, TokenSettings};
use crate::ports::kind::LoginNeed;
use crate::telemetry::words::span;
use crate::vault::inspect::Obstacle;

/// The tokens for whose life our login does not last.
pub(super) fn too_short(world: &World, settings: &Settings) -> Vec<Obstacle> {
    let end = world.session.state().expires_at;
    let now = world.clock.now();
    let Some(lasts) = end.map(|end| end.duration_since(now)) else {
        return Vec::new();
    };
    let tokens = settings.tokens.iter();
    let short = tokens.filter_map(|(name, token)| {
        let wanted = wanted(settings, token, lasts)?;
        Some(Obstacle {
            path: format!("tokens.{name}"),
            what: format!(
                "our login to Vault lasts for {}, and each token of the issuer `{}` ends with the login that it was issued under: it is to live {wanted}",
                span(lasts),
                token.issuer
            ),
            remedy: "write `parent = { token_role = … }` at the issuer (config/issuers/vault_dynamic.toml shows the role), or give the daemon a login that lasts longer".to_owned(),
        })
    });
    short.collect()
}

/// For a person: how long the token is to live, if our login does not last so long.
fn wanted(settings: &Settings, token: &TokenSettings, lasts: SignedDuration) -> Option<String> {
    let issuer = settings.issuers.get(&token.issuer)?;
    match issuer.as_kind().needs_of_login(token.policy.lifetime) {
        LoginNeed::Nothing => None,
        LoginNeed::For(life) => (life > lasts).then(|| span(life)),
    }
}
