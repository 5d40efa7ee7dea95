//! Which vendor files a configuration reads.

use super::Folder;
use super::usage::SOUND;

#[test]
fn hidden_files_and_replays_are_not_read_and_one_without_a_use_is() {
    let folder = Folder::with(SOUND);
    folder.write("vendors.d/issuers/.wrong.toml", "wrong");
    folder.write("vendors.d/issuers/acme.replay.toml", "wrong");
    assert_eq!(folder.said(), []);
    folder.write("vendors.d/issuers/unused.toml", "language = 1");
    let files: Vec<_> = folder.said().into_iter().map(|said| said.file).collect();
    assert!(!files.is_empty());
    assert!(
        files
            .iter()
            .all(|file| file == "vendors.d/issuers/unused.toml"),
        "{files:?}"
    );
}

#[test]
fn a_pattern_that_finds_nothing_is_told() {
    let folder = Folder::with(SOUND);
    let main = std::fs::read_to_string(folder.path("main.toml")).expect("written");
    let with = |list: &str| {
        folder.write("main.toml", &main.replace("['vendors.d/*/*.toml']", list));
        let said = folder.said();
        said.into_iter()
            .find(|said| said.path == "vendors")
            .expect("told")
    };
    let said = with("['nowhere.d/*.toml']");
    assert!(!said.is_error);
    assert_eq!(
        said.remedy,
        "patterns are relative to the file that holds `vendors`"
    );
    assert!(with("['nowhere.toml']").is_error);
    assert_eq!(
        with("'vendors.d/*.toml'").message,
        "`vendors` is a list of file patterns"
    );
}

#[test]
fn only_the_main_file_names_vendor_files() {
    let folder = Folder::with(SOUND);
    let main = std::fs::read_to_string(folder.path("main.toml")).expect("written");
    folder.write("main.toml", &format!("include = ['more.toml']\n{main}"));
    folder.write("more.toml", "vendors = ['x']");
    let said = folder.said();
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(said[0].message, "`vendors` belongs into the main file");
}
