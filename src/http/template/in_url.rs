//! Puts values into a URL so that none of them can leave its place.

use zeroize::Zeroizing;

use super::filters::encoded;

/// What stands before and after each value until its place is known.
pub(super) const MARKS: [char; 2] = ['\u{1}', '\u{2}'];

/// Encodes each marked value for the place in which it stands: in the host it
/// must be a host, with or without a port; everywhere else it is
/// percent-encoded.
///
/// # Errors
/// When a value cannot be a host, without the value.
pub(super) fn assemble(marked: &str) -> Result<Zeroizing<String>, String> {
    let [open, close] = MARKS;
    let mut url = Zeroizing::new(String::with_capacity(2 * marked.len()));
    let mut parts = marked.split(open);
    url.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (value, after) = part.split_once(close).unwrap_or((part, ""));
        if !ends_in_host(&url) {
            url.push_str(&Zeroizing::new(encoded(value)));
        } else if is_host(value) {
            url.push_str(value);
        } else {
            return Err("a value that stands in the host of the URL is no host: it is a name or an address, with or without a port, and has no `https://`".to_owned());
        }
        url.push_str(after);
    }
    Ok(url)
}

/// Whether what follows belongs to the host: `https://`, `https://api.`.
fn ends_in_host(url: &str) -> bool {
    url.split_once("://")
        .is_some_and(|(_, rest)| !rest.contains(['/', '?', '#', '\\']))
}

/// No character here can end the host or begin a user name.
fn is_host(value: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
    value.chars().all(good)
}
