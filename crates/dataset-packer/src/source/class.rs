//! Classes in the forms in which people write them.

use std::fmt;

use serde_json::Value;

/// A form of class that is not read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum BadClass {
    /// A word.
    Text(String),
    /// A number between two classes, or beyond all.
    Number(f64),
    /// A list in which not exactly one number is 1 and the others are 0.
    List(usize),
    /// An object of JSON.
    Object,
}

impl fmt::Display for BadClass {
    /// Fits behind "the class is".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text {:?}", text.chars().take(40).collect::<String>()),
            Self::Number(number) => write!(f, "the number {number:?}"),
            Self::List(length) => write!(f, "a list of {length} that is not one-hot"),
            Self::Object => f.write_str("an object"),
        }
    }
}

/// The class that a value states: a whole number, plainly or as a float or a text, the place of the one in a one-hot list, a
/// list of one class, a truth value; none for null.
pub(super) fn class_of(value: &Value) -> Result<Option<i64>, BadClass> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(is_one) => Ok(Some(i64::from(*is_one))),
        Value::Number(number) => match number.as_i64() {
            Some(class) => Ok(Some(class)),
            None => whole(number.as_f64().unwrap_or(f64::NAN)).map(Some),
        },
        Value::String(text) => class_of_text(text).map(Some),
        Value::Array(values) => class_of_list(values),
        Value::Object(_) => Err(BadClass::Object),
    }
}

/// The class that a text states.
pub(super) fn class_of_text(text: &str) -> Result<i64, BadClass> {
    let text = text.trim();
    let number = || text.parse::<f64>().ok().filter(|number| number.is_finite());
    match (text.parse(), number()) {
        (Ok(class), _) => Ok(class),
        (Err(_), Some(number)) => whole(number),
        (Err(_), None) => Err(BadClass::Text(text.to_owned())),
    }
}

/// Up to 2⁵³ a float is a whole number without doubt.
fn whole(number: f64) -> Result<i64, BadClass> {
    let is_whole = number.fract() == 0.0 && number.abs() <= 2_f64.powi(53);
    is_whole.then_some(number as i64).ok_or(BadClass::Number(number))
}

fn class_of_list(values: &[Value]) -> Result<Option<i64>, BadClass> {
    let bad = || BadClass::List(values.len());
    let numbers: Vec<f64> = values.iter().map(Value::as_f64).collect::<Option<_>>().ok_or_else(bad)?;
    let ones: Vec<usize> = (0..numbers.len()).filter(|index| numbers[*index] == 1.0).collect();
    match (&numbers[..], &ones[..]) {
        // A list of one is a class in brackets: one-hot vectors of one class tell nothing.
        ([class], _) => whole(*class).map(Some),
        (_, [one]) if numbers.iter().filter(|number| **number != 0.0).count() == 1 => Ok(Some(*one as i64)),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        let check = |value: Value, expected: Option<i64>| assert_eq!(class_of(&value), Ok(expected), "{value}");
        check(json!(3), Some(3));
        check(json!(-1), Some(-1));
        check(json!(3.0), Some(3));
        check(json!("3"), Some(3));
        check(json!(" 3.0\n"), Some(3));
        check(json!([0, 0, 1, 0]), Some(2));
        check(json!([0.0, 1.0]), Some(1));
        check(json!([7]), Some(7));
        check(json!(true), Some(1));
        check(json!(null), None);
    }

    #[test]
    fn what_states_no_class_says_what_it_is() {
        let check = |value: Value, words: &str| {
            let said = class_of(&value).unwrap_err().to_string();
            assert!(said.contains(words), "{value}: {said}");
        };
        check(json!("cat"), "\"cat\"");
        check(json!(0.5), "0.5");
        check(json!(1e300), "1e300");
        check(json!([0.3, 0.7]), "a list of 2");
        check(json!([1, 1, 0]), "a list of 3");
        check(json!([0, 0]), "a list of 2");
        check(json!([]), "a list of 0");
        check(json!(["a", "b"]), "a list of 2");
        check(json!({ "a": 1 }), "an object");
    }
}
