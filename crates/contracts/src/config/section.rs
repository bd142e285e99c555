//! The schema of one section: a struct whose keys know their name, their effect and their documentation.

use toml::Value;

/// What changing a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Other outputs: the stage runs again; for training, a different run.
    Output,
    /// More or less of the same output: the stage runs again; training resumes the same run.
    Extent,
    /// How the same outputs are made (how fast, on which device), or how they are shown: nothing runs again.
    Runtime,
}

/// One key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// What it is called in pipeline.toml, without its section.
    pub name: &'static str,
    /// What has to be done again when it changes.
    pub effect: Effect,
    /// Its documentation, a line each, as the schema has it.
    pub doc: &'static [&'static str],
    /// The type of its field, as it is written there.
    pub type_name: &'static str,
}

impl Key {
    /// Whether it names a file or a folder.
    pub fn is_path(&self) -> bool {
        // Some also take words of their own, and so are texts.
        self.type_name.contains("PathBuf") || matches!(self.name, "cascade" | "sources" | "transfer")
    }
}

/// A value that its key does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The key within the section.
    pub key: &'static str,
    /// What is wrong, as a fragment: "must be above 0".
    pub problem: String,
}

impl BadValue {
    /// For a validator: the key, and why its value cannot be.
    pub fn new(key: &'static str, problem: impl Into<String>) -> Self {
        Self { key, problem: problem.into() }
    }
}

/// A section of pipeline.toml, reached by key names.
pub trait Section {
    /// The section's name; empty for the keys above all sections.
    fn name(&self) -> &'static str;
    /// Its keys, in the order in which they are documented.
    fn keys(&self) -> &'static [Key];
    /// Sets one key.
    ///
    /// # Errors
    /// The problem, as a fragment, when the value is of the wrong type; `None` when there is no such key.
    fn set(&mut self, key: &str, value: Value) -> Result<(), Option<String>>;
    /// One key's value, if there is such a key.
    fn get(&self, key: &str) -> Option<Value>;
    /// Whether a key came after the first version and has the value of what was done before there was the key. It then takes no
    /// part in fingerprints and run ids: those of before stay valid.
    fn is_as_before(&self, key: &str) -> bool;
    /// The values that make no sense, all of them.
    fn bad_values(&self) -> Vec<BadValue>;
}

/// How a key is written in `--set` and in messages: `section.key`, or the key alone above all sections.
pub fn key_path(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

/// Hand-written checks of a section's values, after their types are known to be right.
pub trait Validate {
    /// The values that make no sense, all of them.
    fn bad_values(&self) -> Vec<BadValue> {
        Vec::new()
    }
}

/// A field's name as it is written in pipeline.toml: without the `r#` that Rust wants before its own words.
pub(crate) const fn plain(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Defines a section's struct, its defaults and its [`Section`] in one place: a key's documentation, name, type, default and
/// [`Effect`], then `added` where the key came after the first version: its default is then what was done before, unless
/// `added(value)` says what was.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $section:ident in $name:literal {
            $( $(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr, $effect:ident $(, $added:ident $(($before:expr))?)?; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        pub struct $section {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }

        impl $crate::config::section::Section for $section {
            fn name(&self) -> &'static str {
                $name
            }

            fn keys(&self) -> &'static [$crate::config::section::Key] {
                use $crate::config::section::{Effect, Key};
                const KEYS: &[Key] = &[ $( Key {
                    name: $crate::config::section::plain(stringify!($key)),
                    effect: Effect::$effect,
                    doc: &[$($doc),+],
                    type_name: stringify!($type),
                }, )+ ];
                KEYS
            }

            fn set(&mut self, key: &str, value: toml::Value) -> Result<(), Option<String>> {
                $( if key == $crate::config::section::plain(stringify!($key)) {
                    self.$key = serde::Deserialize::deserialize(value)
                        .map_err(|error: toml::de::Error| Some(error.message().to_owned()))?;
                    return Ok(());
                } )+
                Err(None)
            }

            fn get(&self, key: &str) -> Option<toml::Value> {
                $( if key == $crate::config::section::plain(stringify!($key)) {
                    return toml::Value::try_from(&self.$key).ok();
                } )+
                None
            }

            fn is_as_before(&self, key: &str) -> bool {
                $( if key == $crate::config::section::plain(stringify!($key)) {
                    let before: Option<$type> = $crate::config::section::before!($default $(, $added $(($before))?)?);
                    return before.is_some_and(|before| self.$key == before);
                } )+
                false
            }

            fn bad_values(&self) -> Vec<$crate::config::section::BadValue> {
                $crate::config::section::Validate::bad_values(self)
            }
        }
    };
}
pub(crate) use section;

/// What was done before there was a key of [`section!`]; `None` where there was always one.
macro_rules! before {
    ($default:expr) => {
        None
    };
    ($default:expr, added) => {
        Some($default)
    };
    ($default:expr, added($before:expr)) => {
        Some($before)
    };
}
pub(crate) use before;

/// Collects the keys whose condition does not hold.
macro_rules! require {
    ($( $key:literal: $condition:expr, $problem:expr; )*) => {{
        let mut bad = Vec::new();
        $( if !$condition {
            bad.push($crate::config::section::BadValue::new($key, $problem));
        } )*
        bad
    }};
}
pub(crate) use require;
