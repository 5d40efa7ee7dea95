//! Places in a JSON document: what is read is written the same, a pointer finds
//! what every reader of RFC 6901 finds, and a value is never in an error.

use scim_rotator::http::exchange::{JsonPlace, Place, View};
use scim_rotator::http::template::Names;
use scim_rotator::problem::Problems;
use serde_json::Value;

use super::hold::{first_line, in_time, is_for_people};

pub(super) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (at, document) = first_line(text);
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    // A place as a table: `{ header = "Location", between = ["/", ""] }`.
    if let Ok(place) = serde_json::from_str::<Place>(at) {
        finds(&place, &document);
    }
    match in_time(|| JsonPlace::parse(at)) {
        Ok(place) => {
            assert_eq!(place.as_str(), at);
            assert_eq!(JsonPlace::parse(place.as_str()).as_ref(), Ok(&place));
            let mut problems = Problems::default();
            in_time(|| place.check("a.b", &Names::new(["config.key"]), &mut problems));
            finds_as_others_do(&place, at, &document);
            finds(&Place::json(place), &document);
        }
        Err(why) => {
            assert!(why.len() <= 400 + 2 * at.len(), "{} bytes", why.len());
            let shown = serde_json::from_value::<JsonPlace>(Value::from(at));
            assert_eq!(shown.map_err(|error| error.to_string()), Err(why));
        }
    }
}

fn finds(place: &Place, document: &Value) {
    let view = View::item(document);
    let found = in_time(|| place.find(view));
    let text = place.text(view);
    assert!(text.is_none() || found.is_some());
    is_for_people(&place.to_string().replace(char::is_control, "?"), 64 * 1024);
}

/// A pointer, as another implementation reads it.
fn finds_as_others_do(place: &JsonPlace, at: &str, document: &Value) {
    if at.is_empty() || at.starts_with('/') {
        assert_eq!(place.get(document), document.pointer(at), "{at}");
    }
}
