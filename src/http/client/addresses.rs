//! Which addresses are contacted at all.
//!
//! A name leads where DNS says, and DNS may say something else each time. Addresses that
//! no issuer, service provider or identity provider has are never contacted: those of
//! the link itself, of a cloud's metadata service (which hands out credentials of the
//! machine), of nobody and of everybody. Loopback and private addresses are contacted:
//! service providers on premises are normal.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

/// Which addresses a client contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addresses {
    /// Any.
    Any,
    /// Not the ones that no server has, except these.
    Guarded(Vec<AddressRange>),
}

impl Default for Addresses {
    fn default() -> Self {
        Self::Guarded(Vec::new())
    }
}

/// An address, or all that begin with the same bits: `169.254.10.7`,
/// `169.254.10.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: IpAddr,
    bits: u8,
}

/// An address that is not contacted, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    address: IpAddr,
    what: &'static str,
}

impl std::error::Error for Forbidden {}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.said(), Self::REMEDY)
    }
}

impl Forbidden {
    /// What to do about it.
    pub const REMEDY: &'static str = "correct the URL, or what DNS says of its host; if a server of yours has this address, name it in `permit_addresses` in [http]";

    /// Which address it is, and what.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}, {}, which is never contacted", self.address, self.what)
    }
}

impl Addresses {
    /// Whether an address is contacted.
    ///
    /// # Errors
    /// Says what it is, if it is not.
    pub fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        let Self::Guarded(permitted) = self else {
            return Ok(());
        };
        let is_permitted = |address| permitted.iter().any(|range| range.has(address));
        let meant = meant(address);
        match what_it_is(meant) {
            Some(what) if !is_permitted(address) && !is_permitted(meant) => {
                Err(Forbidden { address, what })
            }
            _ => Ok(()),
        }
    }

    /// The same for the host of a URL that is an address itself.
    ///
    /// # Errors
    /// Says what it is, if it is not contacted.
    pub fn check_host(&self, url: &Url) -> Result<(), Forbidden> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }
}

/// What an address is that no server has; `None` for all others.
fn what_it_is(address: IpAddr) -> Option<&'static str> {
    const METADATA: &str = "an address of a cloud's metadata service";
    match address {
        IpAddr::V4(v4) => match v4.octets() {
            [169, 254, 169, 254] | [169, 254, 170, 2 | 23] => Some(METADATA),
            // Of Alibaba Cloud, Oracle Cloud, and Azure's own agent.
            [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => Some(METADATA),
            [169, 254, ..] => Some("a link-local address"),
            [0, ..] => Some("no address of a server"),
            [224..=239, ..] => Some("an address of a group of machines"),
            [255, 255, 255, 255] => Some("the address of all machines"),
            _ => None,
        },
        IpAddr::V6(v6) => match v6.segments() {
            // Of Amazon's and of Google's cloud.
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254 | 0x0023]
            | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => Some(METADATA),
            [0xfe80..=0xfebf, ..] => Some("a link-local address"),
            [0xff00..=0xffff, ..] => Some("an address of a group of machines"),
            [0, 0, 0, 0, 0, 0, 0, 0] => Some("no address of a server"),
            _ => None,
        },
    }
}

/// The IPv4 address that an IPv6 address stands for, where it stands for one.
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let four = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        // Not `::` and `::1`, which are addresses of IPv6.
        [0, 0, 0, 0, 0, 0, 0, 0..=1] => address,
        // Mapped, "compatible", and what NAT64 and 6to4 translate.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => four(high, low),
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => address,
    }
}

impl AddressRange {
    fn has(&self, address: IpAddr) -> bool {
        let (first, address, all) = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => (
                u128::from(first.to_bits()),
                u128::from(address.to_bits()),
                32,
            ),
            (IpAddr::V6(first), IpAddr::V6(address)) => (first.to_bits(), address.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        let rest = u32::from(all - self.bits);
        let beginning = |bits: u128| bits.checked_shr(rest).unwrap_or(0);
        beginning(first) == beginning(address)
    }
}

impl FromStr for AddressRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let wrong = || {
            format!(
                "`{text}` is no address and no range of addresses: write for example \"169.254.10.7\" or \"169.254.10.0/24\""
            )
        };
        let first: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = match first {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { first, bits })
    }
}

impl<'de> Deserialize<'de> for AddressRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(addresses: &Addresses, text: &str) -> bool {
        addresses.check(text.parse().expect(text)).is_ok()
    }

    #[test]
    fn what_no_server_has_is_not_contacted_in_whatever_way_it_is_written() {
        let guarded = Addresses::default();
        for bad in [
            "169.254.169.254",
            "169.254.0.1",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "::",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!check(&guarded, bad), "{bad}");
            assert!(check(&Addresses::Any, bad), "{bad}");
        }
        for good in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
            "fd00:ec2::1",
            "203.0.113.7",
            "2001:db8::1",
            "64:ff9b::203.0.113.7",
        ] {
            assert!(check(&guarded, good), "{good}");
        }
    }

    #[test]
    fn a_permitted_address_is_contacted_and_its_neighbours_are_not() {
        let range = |text: &str| text.parse::<AddressRange>().expect(text);
        let guarded = Addresses::Guarded(vec![range("169.254.10.0/24"), range("fd00:ec2::254")]);
        for good in ["169.254.10.7", "::ffff:169.254.10.7", "fd00:ec2::254"] {
            assert!(check(&guarded, good), "{good}");
        }
        for bad in ["169.254.11.7", "169.254.169.254", "fe80::1"] {
            assert!(!check(&guarded, bad), "{bad}");
        }
        assert!(check(
            &Addresses::Guarded(vec![range("0.0.0.0/0")]),
            "169.254.169.254"
        ));
        assert!(check(&Addresses::Guarded(vec![range("::/0")]), "fe80::1"));
        for wrong in [
            "",
            "x",
            "1.2.3",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/x",
            "1.2.3.4/",
            "fe80::1%eth0",
        ] {
            assert!(wrong.parse::<AddressRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_url_with_such_an_address_is_known_without_a_name_server() {
        let guarded = Addresses::default();
        for bad in [
            "https://169.254.169.254/latest",
            "https://0xa9fea9fe/",
            "https://2852039166/",
            "https://0251.0376.0251.0376/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:a9fe:a9fe]/",
        ] {
            let url = Url::parse(bad).expect(bad);
            let why = guarded.check_host(&url).expect_err(bad).to_string();
            assert!(
                why.contains("metadata") && why.contains("permit_addresses"),
                "{why}"
            );
        }
        let name = Url::parse("https://metadata.google.internal/").expect("a URL");
        assert!(guarded.check_host(&name).is_ok(), "DNS says where it leads");
    }
}
