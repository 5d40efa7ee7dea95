//! How a place is written: a pointer, or a path.

/// One step down into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A member of an object; in a pointer also an element of an array.
    Name(String),
    /// An element of an array.
    Index(usize),
    /// The element of an array whose member `key` is `value`.
    Find { key: String, value: String },
}

/// The steps of a pointer or a path, from the top of the document down.
pub(super) fn segments(text: &str) -> Result<Vec<Segment>, String> {
    if let Some(pointer) = of_another_language(text) {
        return Err(format!(
            "`{text}` is written as JSONPath or for jq: write \"{pointer}\""
        ));
    }
    if text.is_empty() {
        Ok(Vec::new())
    } else if let Some(pointer) = text.strip_prefix('/') {
        pointer.split('/').map(pointer_segment).collect()
    } else {
        path_segments(text)
    }
}

/// The pointer that is meant by `$.a[0]` or `.a[0]`.
fn of_another_language(text: &str) -> Option<String> {
    let rest = text.strip_prefix('$').unwrap_or(text);
    let rest = match rest.strip_prefix('.') {
        Some(path) => path,
        None if rest.len() < text.len() && rest.starts_with('[') => rest,
        None => return None,
    };
    let segments = path_segments(rest).ok()?;
    let mut pointer = String::new();
    for segment in segments {
        let part = match segment {
            Segment::Name(name) => name.replace('~', "~0").replace('/', "~1"),
            Segment::Index(index) => index.to_string(),
            Segment::Find { .. } => return None,
        };
        pointer.push('/');
        pointer.push_str(&part);
    }
    Some(pointer)
}

fn pointer_segment(text: &str) -> Result<Segment, String> {
    let mut name = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '~') {
            (_, false) => name.push(c),
            (_, true) => match chars.next() {
                Some('0') => name.push('~'),
                Some('1') => name.push('/'),
                _ => {
                    return Err(format!(
                        "`{text}`: in a pointer `~` is written `~0`, `/` is written `~1`"
                    ));
                }
            },
        }
    }
    Ok(Segment::Name(name))
}

fn path_segments(text: &str) -> Result<Vec<Segment>, String> {
    let mut segments = Vec::new();
    let mut rest = text;
    loop {
        rest = if let Some(inside) = rest.strip_prefix('[') {
            let (segment, after) = bracket(inside).ok_or_else(|| complaint(text))?;
            segments.push(segment);
            after
        } else {
            let end = end_of_name(rest);
            let (name, after) = rest.split_at(end);
            if name.is_empty() || after.starts_with(']') {
                return Err(complaint(text));
            }
            segments.push(Segment::Name(name.to_owned()));
            after
        };
        if rest.is_empty() {
            return Ok(segments);
        }
        rest = match rest.strip_prefix('.') {
            Some(after) if !after.starts_with('[') => after,
            None if rest.starts_with('[') => rest,
            Some(_) | None => return Err(complaint(text)),
        };
    }
}

/// Where a name ends: at the next sign of the path that is not in a template.
fn end_of_name(text: &str) -> usize {
    let mut from = 0;
    loop {
        let Some(sign) = text[from..].find(['.', '[', ']', '{']) else {
            return text.len();
        };
        let at = from + sign;
        if !text[at..].starts_with("{{") {
            if !text[at..].starts_with('{') {
                return at;
            }
            from = at + 1;
            continue;
        }
        match text[at..].find("}}") {
            Some(end) => from = at + end + 2,
            None => return text.len(),
        }
    }
}

/// What stands between brackets, and what follows the closing one.
fn bracket(inside: &str) -> Option<(Segment, &str)> {
    if let Some(quoted) = inside.strip_prefix('"') {
        let (name, after) = quoted.split_once("\"]")?;
        return Some((Segment::Name(name.to_owned()), after));
    }
    let (content, after) = inside.split_once(']')?;
    let segment = match content.split_once('=') {
        Some((key, value)) if !key.is_empty() => Segment::Find {
            key: key.to_owned(),
            value: value.trim_matches('"').to_owned(),
        },
        Some(_) => return None,
        None => Segment::Index(array_index(content)?),
    };
    Some((segment, after))
}

fn complaint(text: &str) -> String {
    format!(
        "`{text}` is not a place in a JSON document: write a pointer (`/a/0/b`) or a path (`a[0].b`, `a[key=value].b`, `[\"a.b\"].c`)"
    )
}

/// RFC 6901: digits without a leading zero.
pub(super) fn array_index(text: &str) -> Option<usize> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if leading_zero || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
