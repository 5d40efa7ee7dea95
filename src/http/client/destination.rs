//! Where a request may go at all.

use url::{Host, Url};

/// Whether a request may go to this URL at all.
///
/// # Errors
/// Says why not: another scheme than https off loopback, or credentials in it.
pub fn allowed(url: &Url) -> Result<(), &'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "the URL holds a user name or password: configure the caller's authentication instead",
        );
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => {
            Err("http would send credentials in clear text: use https (http is for loopback only)")
        }
        _ => Err("only https URLs are used"),
    }
}

/// Whether a URL points at this machine only.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Not `*.localhost`: many resolvers ask DNS for it.
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_on_this_machine_only() {
        for good in [
            "https://crm.example.com/scim/v2",
            "http://localhost:8200/",
            "http://LOCALHOST/",
            "http://127.0.0.1/",
            "http://127.8.8.8/",
            "http://[::1]:1/",
        ] {
            let url = Url::parse(good).expect(good);
            assert_eq!(allowed(&url), Ok(()), "{good}");
        }
        for bad in [
            "http://crm.example.com/",
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://crm.localhost/",
            "ftp://localhost/",
            "https://user@crm.example.com/",
            "https://:password@crm.example.com/",
        ] {
            let url = Url::parse(bad).expect(bad);
            assert!(allowed(&url).is_err(), "{bad}");
        }
    }
}
