//! The two formats of `torch.save`: an archive with a file for each storage, and before that one stream.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use zip::ZipArchive;

use crate::{
    Array, PickleError, TensorFileError, Tensors,
    pickle::{self, Value},
};

/// What is said of an archive whose parts are compressed or overlap.
const TOO_LONG: &str = "its parts are longer than itself; torch.save compresses nothing";

/// How often the numbers of a file may stand in its tensors. Layers that share a tensor have it once each.
const MAX_SHARING: usize = 4;

/// How a storage's numbers lie in the file.
struct Storage {
    key: String,
    kind: String,
}

impl Storage {
    fn is_single_precision(&self) -> bool {
        self.kind == "FloatStorage"
    }

    /// Bytes a number; `None` for kinds that are not known.
    fn size(&self) -> Option<usize> {
        match &*self.kind {
            "DoubleStorage" | "LongStorage" => Some(8),
            "FloatStorage" | "IntStorage" => Some(4),
            "HalfStorage" | "BFloat16Storage" | "ShortStorage" => Some(2),
            "ByteStorage" | "CharStorage" | "BoolStorage" => Some(1),
            _ => None,
        }
    }
}

/// A tensor's place in its storage.
struct Placed {
    storage: Storage,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// Reads `NAME/data.pkl` and, for each storage, `NAME/data/KEY`.
pub(crate) fn read_archive(content: &[u8]) -> Result<Tensors, TensorFileError> {
    let damaged = |error: zip::result::ZipError| TensorFileError::Archive(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(damaged)?;
    let pickle = archive.file_names().flatten().find(|name| name.ends_with("data.pkl")).map(Cow::into_owned);
    let pickle = pickle.ok_or_else(|| TensorFileError::Archive("it holds no data.pkl".into()))?;
    let folder = pickle.trim_end_matches("data.pkl").to_owned();
    // PyTorch compresses nothing and stores nothing twice, so all parts together are no longer than the file.
    let mut left = content.len() as u64;
    let mut read = |name: &str| -> Result<Vec<u8>, TensorFileError> {
        let mut bytes = Vec::new();
        let entry = archive.by_name(name).map_err(damaged)?;
        let read = entry.take(left + 1).read_to_end(&mut bytes);
        let length = read.map_err(|error| TensorFileError::Archive(error.to_string()))? as u64;
        left = left.checked_sub(length).ok_or_else(|| TensorFileError::Archive(TOO_LONG.into()))?;
        Ok(bytes)
    };
    let (value, _) = pickle::run(&read(&pickle)?)?;
    let placed = placed_tensors(value)?;
    let mut storages = BTreeMap::new();
    for (_, tensor) in &placed {
        if tensor.storage.is_single_precision() && !storages.contains_key(&tensor.storage.key) {
            let numbers = singles(&read(&format!("{folder}data/{}", tensor.storage.key))?);
            storages.insert(tensor.storage.key.clone(), numbers);
        }
    }
    gather(placed, &storages)
}

/// Reads three pickles of marks and versions, the dictionary's, the storages' keys, and each storage with its length.
pub(crate) fn read_legacy(content: &[u8]) -> Result<Tensors, TensorFileError> {
    let mut rest = content;
    let mut next = || -> Result<Value, PickleError> {
        let (value, length) = pickle::run(rest)?;
        rest = &rest[length..];
        Ok(value)
    };
    for _mark in 0..3 {
        next()?;
    }
    let placed = placed_tensors(next()?)?;
    let Value::Sequence(keys) = next()? else { return Err(PickleError::NotADictionary.into()) };
    let mut storages = BTreeMap::new();
    for key in keys {
        let Value::Text(key) = key else { return Err(PickleError::NotADictionary.into()) };
        let storage = placed.iter().map(|(_, tensor)| &tensor.storage).find(|storage| storage.key == key);
        let size = storage.and_then(Storage::size).ok_or_else(|| PickleError::MissingNumbers(key.clone()))?;
        let (count, numbers) = rest.split_at_checked(8).ok_or(PickleError::Torn)?;
        let count = u64::from_le_bytes(count.try_into().map_err(|_| PickleError::Torn)?) as usize;
        let bytes = count.checked_mul(size).ok_or(PickleError::Torn)?;
        let (numbers, after) = numbers.split_at_checked(bytes).ok_or(PickleError::Torn)?;
        storages.insert(key, singles(numbers));
        rest = after;
    }
    gather(placed, &storages)
}

fn singles(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect()
}

fn gather(placed: Vec<(String, Placed)>, storages: &BTreeMap<String, Vec<f32>>) -> Result<Tensors, TensorFileError> {
    let mut left = storages.values().map(Vec::len).sum::<usize>().saturating_mul(MAX_SHARING);
    let singles = placed.into_iter().filter(|(_, tensor)| tensor.storage.is_single_precision());
    let arrays = singles.map(|(name, Placed { storage, offset, shape, strides })| {
        let array = storages.get(&storage.key).and_then(|storage| Array::gather(storage, offset, &shape, &strides));
        let array = array.ok_or_else(|| PickleError::MissingNumbers(name.clone()))?;
        left = left.checked_sub(array.values.len()).ok_or(PickleError::Excessive)?;
        Ok((name, array))
    });
    Ok(arrays.collect::<Result<_, PickleError>>()?)
}

/// The tensors among a dictionary's values; what else is in it is left out.
fn placed_tensors(value: Value) -> Result<Vec<(String, Placed)>, PickleError> {
    let Value::Dictionary(items) = value else { return Err(PickleError::NotADictionary) };
    let mut tensors = Vec::new();
    for (key, value) in items {
        let Value::Text(name) = key else { return Err(PickleError::NotADictionary) };
        tensors.extend(placed_tensor(value).map(|tensor| (name, tensor)));
    }
    Ok(tensors)
}

fn placed_tensor(value: Value) -> Option<Placed> {
    let Value::Call(function, arguments) = value else { return None };
    let mut arguments = arguments.into_iter();
    match &*function {
        "torch._utils._rebuild_parameter" => placed_tensor(arguments.next()?),
        "torch._utils._rebuild_tensor_v2" => {
            let storage = storage(arguments.next()?)?;
            let Value::Integer(offset) = arguments.next()? else { return None };
            let (shape, strides) = (sizes(arguments.next()?)?, sizes(arguments.next()?)?);
            Some(Placed { storage, offset: usize::try_from(offset).ok()?, shape, strides })
        }
        _ => None,
    }
}

/// ("storage", type, key, device, …).
fn storage(value: Value) -> Option<Storage> {
    let Value::Persistent(id) = value else { return None };
    let [Value::Sequence(parts)] = &id[..] else { return None };
    match &parts[..] {
        [_, Value::Global(kind), Value::Text(key), ..] => {
            Some(Storage { key: key.clone(), kind: kind.trim_start_matches("torch.").to_owned() })
        }
        _ => None,
    }
}

fn sizes(value: Value) -> Option<Vec<usize>> {
    let Value::Sequence(values) = value else { return None };
    let size = |value| match value {
        Value::Integer(size) => usize::try_from(size).ok(),
        _ => None,
    };
    values.into_iter().map(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_stand_in_very_many_tensors_are_refused() {
        let storages = BTreeMap::from([("0".to_owned(), vec![0.0; 100])]);
        let tensor = |index: usize| {
            let storage = Storage { key: "0".into(), kind: "FloatStorage".into() };
            (index.to_string(), Placed { storage, offset: 0, shape: vec![100], strides: vec![0] })
        };
        assert_eq!(gather((0..MAX_SHARING).map(tensor).collect(), &storages).unwrap().len(), MAX_SHARING);
        let error = gather((0..=MAX_SHARING).map(tensor).collect(), &storages).unwrap_err();
        assert!(matches!(error, TensorFileError::Pickle(PickleError::Excessive)), "{error}");
    }
}
