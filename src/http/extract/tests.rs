use super::*;

#[test]
fn pointers_are_checked() {
    for good in ["", "/a", "/a/0/b~1c~0d", "/"] {
        assert!(Pointer::parse(good).is_ok(), "{good}");
    }
    for bad in ["a", "a/b", "/a~", "/a~2"] {
        assert!(Pointer::parse(bad).is_err(), "{bad}");
    }
}
