//! The vendor files that are built into the program go through their replays.

use std::path::Path;

use scim_rotator::vendors::replay::{Described, Replay, run};
use scim_rotator::vendors::{Library, Vendor};

/// The replay that stands beside a shipped file.
fn replay(vendor: &Vendor<'_>) -> Replay {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config/vendors")
        .join(vendor.family().section())
        .join(format!("{}.replay.toml", vendor.name));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|e| panic!("{} has no replay: {e}", vendor.name));
    Replay::parse(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[tokio::test]
async fn each_shipped_vendor_goes_through_its_replay() {
    let mut count = 0;
    for vendor in Library::shipped().iter() {
        let replay = replay(vendor);
        assert_eq!(replay.head.vendor, vendor.name);
        let report = run(&Described((**vendor).clone()), &replay, &[]).await;
        let report = report.unwrap_or_else(|why| panic!("{}: {why}", vendor.name));
        assert!(report.is_ok(), "{}: {}", vendor.name, report.failures());
        count += 1;
    }
    assert!(count >= 2, "the library has {count} vendors");
}

/// A replay of a sound vendor file with these parameters.
async fn acme(parameters: &str) -> Result<String, String> {
    let file = include_str!("../vendors/files/issuers/acme.toml");
    let vendor = Vendor::read("acme", Some(Path::new("acme.toml")), file).expect("sound");
    let replay = Replay::parse(&format!(
        "[replay]\nvendor = 'acme'\nfamily = 'issuer'\n[parameters]\n{parameters}\n\
         [[scene]]\nname = 'nothing'\n[[scene.run]]\ncall = 'revoke'\nwith = {{ id = '1' }}\nexpect = 'done'\n\
         [[scene.exchange]]\nrequest = {{ method = 'DELETE', url = 'https://x.example/1' }}\nanswer = {{ status = 204 }}"
    ));
    let report = run(&Described(vendor), &replay.expect("a replay"), &[]).await?;
    Ok(report.failures())
}

#[tokio::test]
async fn parameters_are_those_of_the_vendor_file() {
    let said = acme("admin_key = 'k'").await.expect_err("no domain");
    assert!(said.contains("`domain` is missing: the host"), "{said}");
    let said = acme("domain = 'd.acme.example'\nadmin_key = 'k'\ndomian = 'x'").await;
    let said = said.expect_err("no such parameter");
    assert!(
        said.contains("no parameter `domian`; it has domain"),
        "{said}"
    );
    // A credential is written as it is, and reaches the request.
    let said = acme("domain = 'd.acme.example'\nadmin_key = 'k'").await;
    let said = said.expect("it runs");
    assert!(said.contains("https://d.acme.example"), "{said}");
}
