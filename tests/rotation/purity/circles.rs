//! Which files name each other in a circle. Such files can only be understood
//! together.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::paths;

/// Sources by the path of their module below the crate: `["rotation", "plan"]`.
pub(super) type Sources = BTreeMap<Vec<String>, String>;

/// The path of the module in this file below `src`.
pub(super) fn module(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    stem.split('/').map(str::to_owned).collect()
}

/// Every module that is reached again from itself, in the order of names.
pub(super) fn circular(sources: &Sources) -> Vec<String> {
    let named: BTreeMap<_, _> = sources
        .iter()
        .map(|(module, source)| (module, named_by(module, source, sources)))
        .collect();
    let is_circular = |module: &&Vec<String>| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<_> = named[*module].iter().copied().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(named[next].iter().copied());
            }
        }
        reached.contains(module)
    };
    let found = sources.keys().filter(is_circular);
    found.map(|module| module.join("::")).collect()
}

/// The other modules of `sources` that this source names. Its unit tests do not
/// count.
fn named_by<'s>(
    module: &[String],
    source: &str,
    sources: &'s Sources,
) -> BTreeSet<&'s Vec<String>> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let found = paths(code);
    let after_in = |at: usize| at > 0 && found[at - 1].segments == ["in"];
    // A name alone is no path (`self`, a variable, `mod` with its name), and
    // `pub(in …)` takes nothing from the module that it names.
    let taken = found.iter().enumerate();
    let taken = taken.filter(|(at, path)| path.segments.len() > 1 && !after_in(*at));
    let found = taken.map(|(_, path)| path);
    let absolute = found.map(|path| absolute(module, &path.segments));
    let files = absolute.filter_map(|path| file_of(&path, sources));
    files.filter(|file| *file != module).collect()
}

/// A path as seen from the crate's root.
fn absolute(module: &[String], path: &[String]) -> Vec<String> {
    let mut base = module.to_vec();
    let mut rest = path;
    while let [first, others @ ..] = rest {
        match first.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        rest = others;
    }
    base.extend_from_slice(rest);
    base
}

/// The file whose module this path names or begins with.
fn file_of<'s>(path: &[String], sources: &'s Sources) -> Option<&'s Vec<String>> {
    let lengths = (1..=path.len()).rev();
    let mut known = lengths.filter_map(|length| sources.get_key_value(&path[..length]));
    known.next().map(|(module, _)| module)
}
