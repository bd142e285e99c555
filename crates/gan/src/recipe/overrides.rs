//! Single values of a recipe, changed by the user.

use toml::{Table, Value};

use super::Recipe;

/// The recipe with `overrides` put in, or all that is wrong with them.
pub(super) fn apply(recipe: &Recipe, overrides: &Table) -> Result<Recipe, Vec<String>> {
    let mut table = Table::try_from(recipe).map_err(|error| vec![error.to_string()])?;
    add_missing(&mut table, &OPTIONAL.parse().expect("a test reads it"));
    // Overrides change a recipe, not which one it is.
    table.remove("name");
    let mut problems = Vec::new();
    for (key, value) in leaves(overrides) {
        problems.extend(set(&mut table, &key, value).err());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    table.insert("name".into(), recipe.name.clone().into());
    table.try_into().map_err(|error: toml::de::Error| vec![error.to_string().trim_end().replace('\n', " ")])
}

/// The keys that a recipe leaves out where they have their defaults; they can be overridden all the same.
const OPTIONAL: &str = include_str!("optional.toml");

/// Puts in the values of `defaults` whose keys `table` lacks.
fn add_missing(table: &mut Table, defaults: &Table) {
    for (key, default) in defaults {
        match (table.get_mut(key), default) {
            (Some(Value::Table(inner)), Value::Table(defaults)) => add_missing(inner, defaults),
            (Some(_), _) => {}
            (None, _) => _ = table.insert(key.clone(), default.clone()),
        }
    }
}

/// Every value below `table` that is no table itself, by its dotted key.
fn leaves(table: &Table) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                found.extend(leaves(inner).into_iter().map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            _ => found.push((key.clone(), value)),
        }
    }
    found
}

fn set(table: &mut Table, key: &str, value: &Value) -> Result<(), String> {
    let Some(old) = find(table, key) else { return Err(unknown(table, key)) };
    *old = match (&*old, value) {
        (Value::Float(_), Value::Integer(whole)) => Value::Float(*whole as f64),
        (Value::Table(inner), _) => {
            let keys: Vec<_> = leaves(inner).into_iter().map(|(rest, _)| format!("{key}.{rest}")).collect();
            return Err(format!("{key} is a group of keys: {}", keys.join(", ")));
        }
        (old, new) if old.same_type(new) => new.clone(),
        (old, new) => return Err(format!("{key} is {}: it must be {}", describe(new), article(old.type_str()))),
    };
    Ok(())
}

fn find<'a>(table: &'a mut Table, key: &str) -> Option<&'a mut Value> {
    match key.split_once('.') {
        Some((group, rest)) => find(table.get_mut(group)?.as_table_mut()?, rest),
        None => table.get_mut(key),
    }
}

fn unknown(table: &Table, key: &str) -> String {
    let known: Vec<_> = leaves(table).into_iter().map(|(known, _)| known).collect();
    let likeness = |known: &&String| (strsim::jaro_winkler(known, key) * 1e6) as u32;
    let nearest = known.iter().max_by_key(likeness).map_or("", String::as_str);
    format!("there is no key {key}; did you mean {nearest}? The keys are {}", known.join(", "))
}

fn describe(value: &Value) -> String {
    format!("{} ({value})", article(value.type_str()))
}

fn article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {kind}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Network;

    fn changed(overrides: &str) -> Result<Recipe, String> {
        let overrides = overrides.parse().unwrap();
        Recipe::named("dcgan").unwrap().with_overrides(&overrides).map_err(|error| error.to_string())
    }

    #[test]
    fn nested_and_dotted_keys_are_the_same() {
        let table = Table::from_iter([("generator.base_channels".to_owned(), Value::Integer(16))]);
        let dotted = Recipe::named("dcgan").unwrap().with_overrides(&table).unwrap();
        assert_eq!(dotted.generator.base_channels, 16);
        assert_eq!(dotted.discriminator.base_channels, 64);
        assert_eq!(changed("generator.base_channels = 16").unwrap(), dotted);
        assert_eq!(changed("[generator]\nbase_channels = 16").unwrap(), dotted);
    }

    #[test]
    fn values_of_each_kind_are_taken() {
        let recipe = changed(
            r#"
            objective.name = "minimax"
            ema.half_life_kimg = 1
            generator.optimizer.learning_rate = 1e-3
            phases = [{ update = "generator", times = 3 }]
            "#,
        )
        .unwrap();
        assert_eq!(recipe.objective.name, crate::Objective::Minimax);
        assert_eq!(recipe.ema.half_life_kimg, 1.0);
        assert_eq!(recipe.generator.optimizer.learning_rate, 1e-3);
        assert_eq!(recipe.phases.len(), 1);
        assert_eq!(recipe.phases[0].update, Network::Generator);
        assert!(recipe.phases[0].fresh_latent, "latents are fresh unless said otherwise");
    }

    /// The text of a recipe names the run, so it must not change where a key has its default.
    #[test]
    fn optional_keys_stand_at_their_defaults() {
        let dcgan = Recipe::named("dcgan").unwrap();
        let spelled_out = dcgan.with_overrides(&OPTIONAL.parse().unwrap()).unwrap();
        assert_eq!(spelled_out, dcgan);
        assert_eq!(spelled_out.to_toml(), dcgan.to_toml());
        let mut written = dcgan.to_toml().parse().unwrap();
        for (key, _) in leaves(&OPTIONAL.parse().unwrap()) {
            assert_eq!(find(&mut written, &key), None, "{key} is written at its default");
        }
    }

    #[test]
    fn optional_keys_can_be_changed() {
        let recipe = changed("discriminator.norm = \"none\"\ngenerator.max_channels = 256").unwrap();
        assert_eq!(recipe.discriminator.norm, crate::Norm::None);
        assert_eq!(recipe.generator.max_channels, 256);
        assert_eq!(Recipe::parse(&recipe.to_toml()).unwrap(), recipe);
    }

    #[test]
    fn no_overrides_change_nothing() {
        assert_eq!(changed("").unwrap(), Recipe::named("dcgan").unwrap());
    }

    #[test]
    fn problems_name_the_key_and_the_way_out() {
        let check = |overrides: &str, parts: &[&str]| {
            let error = changed(overrides).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{overrides}: {error:?} does not say {part:?}");
            }
        };
        check(
            "generator.base_chanels = 16",
            &["no key generator.base_chanels", "did you mean generator.base_channels?"],
        );
        check("lr = 1.0", &["no key lr", "generator.optimizer.learning_rate"]);
        check("generator.base_channels = \"16\"", &["generator.base_channels is a string (\"16\")", "an integer"]);
        check("generator.base_channels = 1.5", &["generator.base_channels is a float (1.5)", "an integer"]);
        check("generator.base_channels = -1", &["base_channels"]);
        check("generator = 3", &["generator is a group of keys: generator.family"]);
        check("objective.name = \"hings\"", &["hings", "minimax", "non-saturating"]);
        check("phases = [{ update = \"critic\", times = 1 }]", &["critic", "discriminator"]);
        check("name = \"mine\"", &["no key name"]);
        check("generator.kernel.size = 3", &["no key generator.kernel.size"]);
        check("lr = 1\nema.half_life_kimg = true", &["no key lr", "ema.half_life_kimg is a boolean"]);
    }
}
