//! The dashboards that are shipped, taken apart.

use std::path::Path;

use serde_json::Value;

const FOLDER: &str = "deploy/grafana";

/// A dashboard.
pub struct Dashboard {
    /// Name of its file.
    pub file: String,
    /// All of it.
    pub json: Value,
}

/// A query of a panel.
pub struct Query {
    /// Where it stands, for a person.
    pub place: String,
    /// In PromQL, with Grafana's variables.
    pub expr: String,
    /// Whether it asks for one moment; otherwise for the whole time shown.
    pub instant: bool,
}

/// All dashboards.
pub fn all() -> Vec<Dashboard> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let files = std::fs::read_dir(folder).expect("the folder");
    let mut dashboards: Vec<Dashboard> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("text");
            let json = serde_json::from_str(&text);
            Dashboard {
                file: path.file_name().expect("a name").to_string_lossy().into(),
                json: json.unwrap_or_else(|e| panic!("{}: {e}", path.display())),
            }
        })
        .collect();
    dashboards.sort_by(|a, b| a.file.cmp(&b.file));
    assert!(!dashboards.is_empty(), "{FOLDER} holds no dashboard");
    dashboards
}

impl Dashboard {
    /// The panels that show something; rows only head them.
    pub fn panels(&self) -> Vec<&Value> {
        let panels = self.json["panels"].as_array().expect("panels");
        panels.iter().filter(|p| p["type"] != "row").collect()
    }

    /// The queries of all panels and annotations.
    pub fn queries(&self) -> Vec<Query> {
        let query = |panel: &Value, target: &Value| Query {
            place: format!(
                "{}, {}, {}",
                self.file,
                text(&panel["title"]),
                text(&target["refId"])
            ),
            expr: text(&target["expr"]).to_owned(),
            instant: target["instant"] == true,
        };
        let panels = self.panels().into_iter();
        let of_panels = panels.flat_map(|panel| {
            let targets = panel["targets"].as_array().expect("targets");
            targets.iter().map(move |target| query(panel, target))
        });
        of_panels.chain(self.annotations()).collect()
    }

    fn annotations(&self) -> impl Iterator<Item = Query> {
        let annotations = self.json["annotations"]["list"].as_array();
        annotations
            .expect("annotations")
            .iter()
            .map(|annotation| Query {
                place: format!("{}, annotation {}", self.file, text(&annotation["name"])),
                expr: text(&annotation["expr"]).to_owned(),
                instant: false,
            })
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
