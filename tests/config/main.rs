#[test]
fn p() {
    for k in scim_rotator::config::known_keys() {
        println!("{} [{}]", k.path, k.owner);
    }
}
