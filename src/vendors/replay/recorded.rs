//! The requests that a replay server saw, for others to judge.

use serde::Serialize;

/// A request as the replay server saw it, with the answer that it got. One JSON
/// line each, for judges that know the vendor's shapes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The scene.
    pub scene: String,
    /// Which exchange of the scene it took, from 0; `None`: none fits.
    pub exchange: Option<usize>,
    /// Its method.
    pub method: String,
    /// Its URL, with the host that it names: `https://host/path?query`.
    pub url: String,
    /// Its headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body; what is not UTF-8 in it is replaced.
    pub body: String,
    /// In what it differs from the request that the exchange expects.
    pub differences: Vec<String>,
    /// What it was answered; `None`: nothing.
    pub answer: Option<RecordedAnswer>,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedAnswer {
    /// The status.
    pub status: u16,
    /// The headers that the replay gives, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// It broke off in its middle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub torn: bool,
}

impl Recorded {
    /// The request as one line of JSON, without a newline.
    #[must_use]
    pub fn line(&self) -> String {
        // Texts, numbers and lists of them are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The value of a header, the first if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values_of(name).first().copied()
    }

    /// All values of a header.
    pub(super) fn values_of(&self, name: &str) -> Vec<&str> {
        let same = self.headers.iter();
        let same = same.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    /// Method and URL, for people.
    pub(super) fn head(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}
