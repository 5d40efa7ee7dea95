//! URLs that name an address which no service provider has.

use scim_rotator::problem::Severity::{self, Error};

use super::SOUND;
use crate::said_of;

fn with(scim_url: &str, more: &str) -> Vec<(Severity, String)> {
    let text = SOUND.replace("https://crm.example.com/scim", scim_url) + more;
    let found = said_of(&text).into_iter();
    found.map(|one| (one.severity, one.path)).collect()
}

#[test]
fn the_metadata_service_is_no_service_provider() {
    for bad in [
        "https://169.254.169.254/scim",
        "https://0xa9fea9fe/scim",
        "https://[fd00:ec2::254]/scim",
        "https://[fe80::1]/scim",
    ] {
        let expected = [(Error, "tokens.crm.scim_url".to_owned())];
        assert_eq!(with(bad, ""), expected, "{bad}");
    }
    for good in [
        "https://10.1.2.3/scim",
        "https://192.168.1.7/scim",
        "https://[fd00::7]/scim",
    ] {
        assert_eq!(with(good, ""), [], "{good}");
    }
    // It is warned of for another reason.
    let loopback = with("http://127.0.0.1:8080/scim", "");
    assert!(loopback.iter().all(|(severity, _)| *severity != Error));
    let permitted = "\n[http]\npermit_addresses = ['169.254.10.0/24']\n";
    assert_eq!(with("https://169.254.10.7/scim", permitted), []);
    let others = with("https://169.254.169.254/scim", permitted);
    assert_eq!(others, [(Error, "tokens.crm.scim_url".to_owned())]);
    let wrong = with(
        "https://crm.example.com/scim",
        "\n[http]\npermit_addresses = ['x']\n",
    );
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}
