//! The shape of a type: which forms its values have, at each place.

use serde::de::DeserializeOwned;

use super::ANY;
use super::tracer::{Asked, Form, Step, Wants, ask};

/// The shape of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Anything.
    Any,
    /// A text.
    Text,
    /// A text of one character.
    Character,
    /// A whole number, and whether it may be below zero.
    Integer {
        /// Whether it may be.
        signed: bool,
    },
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Elements of one shape, and how many, where that is fixed.
    Array(Box<Shape>, Option<usize>),
    /// Any names, with values of one shape.
    Map(Box<Shape>),
    /// These names and no others.
    Table {
        /// The type.
        name: String,
        /// Its keys.
        keys: Vec<(&'static str, Shape)>,
    },
    /// A word, or a table with exactly one of these keys.
    Choice {
        /// The type.
        name: String,
        /// The words.
        words: Vec<&'static str>,
        /// The keys.
        tables: Vec<(&'static str, Shape)>,
    },
    /// One of several forms.
    OneOf {
        /// The type.
        name: String,
        /// The forms.
        forms: Vec<Shape>,
    },
}

/// The shape of a type's values.
#[must_use]
pub fn shape_of<T: DeserializeOwned>() -> Shape {
    at::<T>(&mut Vec::new())
}

/// The shape at the end of a trail.
fn at<T: DeserializeOwned>(trail: &mut Vec<Step>) -> Shape {
    let asked = ask::<T>(trail);
    let inner = without_arrays::<T>(trail, &asked);
    let arrays = asked.arrays.iter().rev();
    arrays.fold(inner, |inner, length| {
        Shape::Array(Box::new(inner), *length)
    })
}

fn without_arrays<T: DeserializeOwned>(trail: &mut Vec<Step>, asked: &Asked) -> Shape {
    match asked.wants {
        Wants::Nothing => Shape::Any,
        Wants::Boolean => Shape::Boolean,
        Wants::Integer { signed } => Shape::Integer { signed },
        Wants::Number => Shape::Number,
        Wants::Text => Shape::Text,
        Wants::Character => Shape::Character,
        Wants::Map => map::<T>(trail),
        Wants::Struct => Shape::Table {
            name: asked.owner.clone(),
            keys: below::<T>(trail, &asked.keys),
        },
        Wants::Enum => choice::<T>(trail, asked),
        Wants::Several => several::<T>(trail, asked),
    }
}

fn within<R>(trail: &mut Vec<Step>, step: Step, look: impl FnOnce(&mut Vec<Step>) -> R) -> R {
    trail.push(step);
    let result = look(trail);
    trail.pop();
    result
}

fn below<T: DeserializeOwned>(
    trail: &mut Vec<Step>,
    keys: &[&'static str],
) -> Vec<(&'static str, Shape)> {
    let keys = keys.iter();
    keys.map(|key| (*key, within(trail, Step::Key(key), at::<T>)))
        .collect()
}

/// A map of words takes these words only.
fn map<T: DeserializeOwned>(trail: &mut Vec<Step>) -> Shape {
    let asked = within(trail, Step::Key(ANY), |trail| ask::<T>(trail));
    match asked.names {
        Some(names) => Shape::Table {
            name: String::new(),
            keys: below::<T>(trail, names),
        },
        None => Shape::Map(Box::new(within(trail, Step::Key(ANY), at::<T>))),
    }
}

fn choice<T: DeserializeOwned>(trail: &mut Vec<Step>, asked: &Asked) -> Shape {
    let mut words = Vec::new();
    let mut tables = Vec::new();
    for key in &asked.keys {
        let is_word = within(trail, Step::Key(key), |trail| ask::<T>(trail).is_word);
        if is_word {
            words.push(*key);
        } else {
            tables.push((*key, within(trail, Step::Key(key), at::<T>)));
        }
    }
    Shape::Choice {
        name: asked.owner.clone(),
        words,
        tables,
    }
}

fn several<T: DeserializeOwned>(trail: &mut Vec<Step>, asked: &Asked) -> Shape {
    let takes = |trail: &mut Vec<Step>, form: Form| {
        !within(trail, Step::As(form), |trail| ask::<T>(trail).is_refused)
    };
    // An array is asked for by its elements: a type that takes any other form takes it.
    let others = Form::ALL.into_iter().filter(|form| *form != Form::Array);
    if others.clone().all(|form| takes(trail, form)) {
        return Shape::Any;
    }
    let mut forms = Vec::new();
    for form in Form::ALL {
        let shape = match form {
            Form::Text => Some(Shape::Text),
            Form::Integer => Some(Shape::Integer { signed: true }),
            Form::Number => Some(Shape::Number),
            Form::Boolean => Some(Shape::Boolean),
            Form::Table => Some(Shape::Table {
                name: asked.owner.clone(),
                keys: below::<T>(trail, &asked.keys),
            }),
            Form::Array => Some(array::<T>(trail)),
        };
        if takes(trail, form) {
            forms.extend(shape);
        }
    }
    Shape::OneOf {
        name: asked.owner.clone(),
        forms,
    }
}

/// The array of a type that takes several forms; its elements are asked for behind
/// this step.
fn array<T: DeserializeOwned>(trail: &mut Vec<Step>) -> Shape {
    let step = Step::As(Form::Array);
    Shape::Array(Box::new(within(trail, step, at::<T>)), None)
}
