//! `crop.margin`: how far a box is widened, the same on each side or not.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};

/// By which shares of its side a box is widened. Written as one number where all four are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Margin {
    /// Above the box: where an anime character's hair is.
    pub top: f64,
    /// To the right of it.
    pub right: f64,
    /// Below it.
    pub bottom: f64,
    /// To the left of it.
    pub left: f64,
}

impl Margin {
    /// The sides with their names, clockwise.
    const NAMES: [&str; 4] = ["top", "right", "bottom", "left"];

    /// The shares clockwise from the top.
    pub fn sides(self) -> [f64; 4] {
        [self.top, self.right, self.bottom, self.left]
    }
}

impl From<f64> for Margin {
    fn from(share: f64) -> Self {
        Self { top: share, right: share, bottom: share, left: share }
    }
}

impl Serialize for Margin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::from(self.top) {
            return serializer.serialize_f64(self.top);
        }
        let mut map = serializer.serialize_map(Some(4))?;
        for (name, share) in Self::NAMES.iter().zip(self.sides()) {
            map.serialize_entry(name, &share)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Margin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MarginVisitor)
    }
}

struct MarginVisitor;

impl<'de> Visitor<'de> for MarginVisitor {
    type Value = Margin;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or { top, right, bottom, left }")
    }

    fn visit_f64<E: Error>(self, share: f64) -> Result<Margin, E> {
        Ok(share.into())
    }

    fn visit_i64<E: Error>(self, share: i64) -> Result<Margin, E> {
        Ok((share as f64).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Margin, A::Error> {
        let mut margin = Margin::default();
        while let Some(name) = map.next_key::<String>()? {
            let side = match name.as_str() {
                "top" => &mut margin.top,
                "right" => &mut margin.right,
                "bottom" => &mut margin.bottom,
                "left" => &mut margin.left,
                _ => return Err(A::Error::unknown_field(&name, &Margin::NAMES)),
            };
            *side = map.next_value()?;
        }
        Ok(margin)
    }
}

#[cfg(test)]
mod tests {
    use toml::Value;

    use super::*;

    fn read(text: &str) -> Result<Margin, String> {
        let table: toml::Table = toml::from_str(&format!("margin = {text}")).unwrap();
        Margin::deserialize(table["margin"].clone()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn one_number_or_four_are_read_and_written() {
        let check = |text: &str, expected: Margin, written: &str| {
            assert_eq!(read(text), Ok(expected), "{text}");
            assert_eq!(Value::try_from(expected).unwrap().to_string(), written);
        };
        check("0.25", 0.25.into(), "0.25");
        check("1", 1.0.into(), "1.0");
        let hair = Margin { top: 0.5, right: 0.1, bottom: 0.0, left: 0.1 };
        check("{ top = 0.5, left = 0.1, right = 0.1 }", hair, "{ top = 0.5, right = 0.1, bottom = 0.0, left = 0.1 }");
        check("{ top = 0.5, right = 0.5, bottom = 0.5, left = 0.5 }", 0.5.into(), "0.5");
    }

    #[test]
    fn what_is_neither_says_what_would_do() {
        let check = |text: &str, words: &str| assert!(read(text).unwrap_err().contains(words), "{:?}", read(text));
        check("\"wide\"", "a number, or { top, right, bottom, left }");
        check("[0.1]", "a number, or {");
        check("{ up = 0.1 }", "unknown field `up`");
    }
}
