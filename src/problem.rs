//! Everything that is wrong with a configuration, collected before anything is
//! said, so that a person fixes it in one go.

mod likeness;

pub(crate) use self::likeness::nearest;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but likely not as meant.
    Warning,
    /// Cannot be used.
    Error,
}

/// One thing that is wrong, at one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// Dotted path of the key, for example `issuers.crm.http.mint.url`. The
    /// loader turns it into file, line and column.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// Collects problems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    all: Vec<Problem>,
}

impl Problems {
    /// Notes an error.
    pub fn error(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(Severity::Error, path.into(), message.into(), remedy.into());
    }

    /// Notes a warning.
    pub fn warning(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(
            Severity::Warning,
            path.into(),
            message.into(),
            remedy.into(),
        );
    }

    /// Notes a problem that was found elsewhere.
    pub fn note(&mut self, problem: Problem) {
        self.all.push(problem);
    }

    /// Adds what was collected elsewhere.
    pub fn append(&mut self, mut others: Self) {
        self.all.append(&mut others.all);
    }

    /// All of them, in the order in which they were noted.
    #[must_use]
    pub fn all(&self) -> &[Problem] {
        &self.all
    }

    /// Whether any of them forbids use.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|p| p.severity == Severity::Error)
    }

    fn push(&mut self, severity: Severity, path: String, message: String, remedy: String) {
        self.note(Problem {
            severity,
            path,
            message,
            remedy,
        });
    }
}
