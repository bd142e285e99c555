//! `~` at the beginning of a path: the shell writes it out in words of its own, and not in `--set key=~/x` or in a file.

use std::{
    env,
    path::{Path, PathBuf},
};

use toml::Value;

/// The user's folder, where the environment says which it is.
pub(super) fn folder() -> Option<PathBuf> {
    let folder = |key| env::var_os(key).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("HOME").or_else(|| folder("USERPROFILE"))
}

/// Writes `~` out in a path, or in each of a list of paths; other values stay as they are.
///
/// # Errors
/// When nobody knows which folder is meant.
pub(super) fn expand(value: Value, home: &dyn Fn() -> Option<PathBuf>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(expand_text(text, home)?),
        Value::Array(values) => {
            Value::Array(values.into_iter().map(|value| expand(value, home)).collect::<Result<_, _>>()?)
        }
        other => other,
    })
}

fn expand_text(text: String, home: &dyn Fn() -> Option<PathBuf>) -> Result<String, String> {
    let Some(rest) = text.strip_prefix('~') else { return Ok(text) };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(format!("{text:?} names another user's folder, or a file: write the whole path, or ./{text}"));
    }
    let home =
        home().ok_or_else(|| format!("{text:?} begins in the home folder, and HOME does not say where it is"))?;
    let below = rest.trim_start_matches('/');
    let path = if below.is_empty() { home } else { home.join(Path::new(below)) };
    Ok(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ones_own_home_is_written_out() {
        let check = |text: &str, home: Option<&str>, expected: Option<&str>| {
            let home = home.map(PathBuf::from);
            let found = expand(Value::String(text.into()), &|| home.clone()).ok();
            assert_eq!(found, expected.map(|text| Value::String(text.into())), "{text}");
        };
        check("~/x", Some("/home/a"), Some("/home/a/x"));
        check("~", Some("/home/a"), Some("/home/a"));
        check("~//x", Some("/home/a"), Some("/home/a/x"));
        check("a~/x", Some("/home/a"), Some("a~/x"));
        check("./~x", None, Some("./~x"));
        check("~b/x", Some("/home/a"), None);
        check("~/x", None, None);
        assert_eq!(expand(Value::Integer(3), &|| None), Ok(Value::Integer(3)));
    }
}
