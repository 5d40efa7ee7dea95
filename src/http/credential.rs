//! Credentials in headers.

use std::fmt;

use http::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::message::Request;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::secret::SecretText;

/// Sets a header to a credential, behind a scheme such as `Bearer` where there
/// is one. `source` names the credential for a person.
///
/// # Errors
/// Names the credential, the header and what is wrong, when no header can carry
/// the credential.
pub fn with_credential(
    request: Request,
    header: &HeaderName,
    scheme: Option<&str>,
    credential: &SecretText,
    source: &dyn fmt::Display,
) -> Result<Request, Fault> {
    let refused = |why: &dyn fmt::Display| {
        let text = format!("{source} cannot be sent in the header `{header}`: {why}");
        Fault::new(FaultClass::Rejected, FaultKind::Config, text)
    };
    if let Some(obstacle) = credential.header_obstacle() {
        return Err(refused(&obstacle));
    }
    let text = Zeroizing::new(match scheme {
        Some(scheme) => format!("{scheme} {}", credential.expose()),
        None => credential.expose().to_owned(),
    });
    // The credential was looked at, so only the scheme can be at fault here.
    let value = HeaderValue::from_str(&text)
        .map_err(|_| refused(&"the scheme before it holds a character that no header can carry"))?;
    Ok(request.sensitive(header.clone(), value))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use http::header::AUTHORIZATION;
    use url::Url;

    use super::*;

    fn set(scheme: Option<&str>, credential: &str) -> Result<String, Fault> {
        let url = Url::parse("https://idp.example.com/").expect("a URL");
        let request = Request::new(Method::GET, url, "test");
        let credential = SecretText::parse(credential).expect("a credential");
        let source = "the credential in file /run/key";
        let request = with_credential(request, &AUTHORIZATION, scheme, &credential, &source)?;
        let value = &request.headers[AUTHORIZATION];
        assert!(value.is_sensitive());
        Ok(value.to_str().expect("text").to_owned())
    }

    #[test]
    fn a_long_access_token_and_a_password_with_blanks_are_sent() {
        let long = "ey.".repeat(2000);
        let sent = set(Some("Bearer"), &long).expect("sendable");
        assert_eq!(sent, format!("Bearer {long}"));
        assert_eq!(set(None, "with a blank").as_deref(), Ok("with a blank"));
    }

    #[test]
    fn what_no_header_can_carry_names_the_credential_and_not_its_value() {
        for (scheme, text, why) in [
            (None, "canary\nkey", "a line end (byte 6)"),
            (Some("Bearer"), "canary-grün", "not ASCII (byte 9)"),
            (Some("SSWS"), "canary ", "a blank"),
            (Some("Bea\nrer"), "canary", "the scheme"),
        ] {
            let fault = set(scheme, text).expect_err(text);
            assert_eq!(fault.class, FaultClass::Rejected, "{fault}");
            assert!(fault.message.contains(why), "{fault}");
            assert!(fault.message.contains("file /run/key"), "{fault}");
            assert!(fault.message.contains("`authorization`"), "{fault}");
            assert!(!fault.message.contains("canary"), "{fault}");
        }
    }
}
