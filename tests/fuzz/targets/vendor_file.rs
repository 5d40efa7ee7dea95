//! A vendor file, which comes from somebody else: any text is refused with its
//! findings, or can be used with the values that it gives as examples.

use scim_rotator::config::check_vendor_file;
use scim_rotator::connections::ConnectionKind;
use scim_rotator::issuers::IssuerKind;
use scim_rotator::vendors::example::{Filled, values};
use scim_rotator::vendors::{Family, Vendor};

use super::configuration::{is_usable, written};
use super::hold::in_time;

pub(super) fn run(input: &[u8]) {
    let path = written("acme.toml", input);
    let report = in_time(|| check_vendor_file(&path));
    is_usable(&report);
    if report.has_errors() {
        return;
    }
    let text = std::str::from_utf8(input).expect("a sound file is UTF-8");
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let vendor = Vendor::read("acme", Some(&path), text).expect("a sound file is read");
    for filled in [Filled::All, Filled::Required] {
        let values = values(&vendor, filled);
        let made = match vendor.family() {
            Family::Issuer => vendor.settings::<IssuerKind>(&values).map(drop),
            Family::Connection => vendor.settings::<ConnectionKind>(&values).map(drop),
        };
        let forbidden = vendor.file.forbidden.is_some();
        assert_eq!(made.is_err(), forbidden, "{filled:?}: {made:?}");
    }
}
