//! `schema`: the JSON Schema of the configuration, for editors.

use std::path::Path;

use super::Exit;
use super::output::{Output, complain};
use super::vendors::with_library;
use crate::config::schema;

/// Writes the schema to standard output, with the user's own vendor files where a
/// configuration names any.
pub fn run(config: &Path, output: &mut Output) -> Exit {
    with_library(config, |library| {
        match output.text(&format!("{:#}\n", schema(library))) {
            Ok(()) => Exit::Ok,
            Err(error) => {
                complain(&format!("the schema was not written: {error}\n"));
                Exit::Failed
            }
        }
    })
}
