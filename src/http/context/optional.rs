//! Names that may be missing together with what stands above them.
//!
//! The engine fails on `a.b.c | or_omit` if there is no `a.b`. A template that
//! says what follows if `a.b.c` has no value means that case too, so that the
//! parts in between are shown as empty to it.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, Value};

/// A value with empty parts on the way to names that may be missing.
pub(super) struct Optional {
    /// `None`: nothing is here.
    inner: Option<Value>,
    at: Vec<String>,
    names: Arc<Vec<Vec<String>>>,
}

impl Optional {
    pub(super) fn over(root: Value, names: Vec<Vec<String>>) -> Value {
        Value::from_object(Self {
            inner: Some(root),
            at: Vec::new(),
            names: Arc::new(names),
        })
    }
}

impl Object for Optional {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = match key.as_str() {
            Some(name) => name.to_owned(),
            None => key.as_i64()?.to_string(),
        };
        let inner = self.inner.as_ref().and_then(|v| v.get_item(key).ok());
        let inner = inner.filter(|found| !found.is_undefined() && !found.is_none());
        let mut at = self.at.clone();
        at.push(part);
        let leads_on = |name: &Vec<String>| name.len() > at.len() && name.starts_with(&at);
        if !self.names.iter().any(leads_on) {
            return inner;
        }
        let names = Arc::clone(&self.names);
        Some(Value::from_object(Self { inner, at, names }))
    }
}

impl fmt::Debug for Optional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the values of a template")
    }
}
