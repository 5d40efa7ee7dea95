//! Finds the paths in Rust source. Comments and texts are skipped, groups of
//! imports are spelled out.

/// `a::b::c`, as it stands in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    /// Whether it stands in a `use`.
    pub(crate) imported: bool,
}

impl Named {
    pub(crate) fn begins_with(&self, names: &[&str]) -> bool {
        self.segments.len() >= names.len() && names.iter().zip(&self.segments).all(|(a, b)| a == b)
    }

    /// Whether these names follow each other somewhere in it.
    pub(crate) fn names(&self, names: &[&str]) -> bool {
        self.segments
            .windows(names.len())
            .any(|window| window.iter().zip(names).all(|(a, b)| a == b))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Name(String),
    Join,
    Sign(char),
}

/// Every path in this source.
pub(crate) fn paths(source: &str) -> Vec<Named> {
    let pieces = pieces(&without_comments_and_texts(source));
    let mut found = Vec::new();
    let mut at = 0;
    let mut imported = false;
    while let Some(piece) = pieces.get(at) {
        match piece {
            Piece::Name(name) if name == "use" => {
                // `use<'a>` says what a type captures.
                imported = pieces.get(at + 1) != Some(&Piece::Sign('<'));
                at += 1;
            }
            Piece::Name(_) => at = path(&pieces, at, &[], imported, &mut found),
            Piece::Sign(';') => {
                imported = false;
                at += 1;
            }
            Piece::Join | Piece::Sign(_) => at += 1,
        }
    }
    found
}

/// Reads one path, or the group at its end, and returns where it stops.
fn path(
    pieces: &[Piece],
    mut at: usize,
    before: &[String],
    imported: bool,
    found: &mut Vec<Named>,
) -> usize {
    let mut segments = before.to_vec();
    while let Some(Piece::Name(name)) = pieces.get(at) {
        segments.push(name.clone());
        at += 1;
        if pieces.get(at) != Some(&Piece::Join) {
            break;
        }
        at += 1;
        if pieces.get(at) == Some(&Piece::Sign('{')) {
            return group(pieces, at + 1, &segments, imported, found);
        }
    }
    // What follows `as` is only another name for it.
    if imported && pieces.get(at) == Some(&Piece::Name("as".to_owned())) {
        at += 2;
    }
    found.push(Named { segments, imported });
    at
}

fn group(
    pieces: &[Piece],
    mut at: usize,
    before: &[String],
    imported: bool,
    found: &mut Vec<Named>,
) -> usize {
    loop {
        match pieces.get(at) {
            Some(Piece::Name(_)) => at = path(pieces, at, before, imported, found),
            Some(Piece::Sign('}')) => return at + 1,
            Some(Piece::Join | Piece::Sign(_)) => at += 1,
            None => return at,
        }
    }
}

fn pieces(source: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(next) = rest.next() {
        if next.is_alphanumeric() || next == '_' {
            let mut name = next.to_string();
            while let Some(more) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                name.push(more);
            }
            found.push(Piece::Name(name));
        } else if next == ':' && rest.next_if_eq(&':').is_some() {
            found.push(Piece::Join);
        } else if !next.is_whitespace() {
            found.push(Piece::Sign(next));
        }
    }
    found
}

/// The source with a blank in the place of each comment and text.
fn without_comments_and_texts(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let skipped = comment(rest)
            .or_else(|| text(rest, &code))
            .or_else(|| letter(rest));
        if let Some(length) = skipped {
            code.push(' ');
            rest = rest.get(length..).unwrap_or_default();
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    code
}

fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    Some(at)
}

/// A text in quotes, or a raw one.
fn text(rest: &str, before: &str) -> Option<usize> {
    let in_name = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !in_name) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let inner = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = inner.find(&end).map_or(inner.len(), |at| at + end.len());
        return Some(1 + hashes + 1 + length);
    }
    let inner = rest.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 2),
            _ => {}
        }
    }
    Some(rest.len())
}

/// A single letter in quotes; a lifetime is none.
fn letter(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if let Some(escape) = inner.strip_prefix('\\') {
        return escape[1..].find('\'').map(|at| at + 4);
    }
    let first = inner.chars().next()?;
    inner[first.len_utf8()..]
        .starts_with('\'')
        .then(|| first.len_utf8() + 2)
}
