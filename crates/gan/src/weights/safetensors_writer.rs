//! A safetensors file, written so that equal contents give equal bytes.
//!
//! The `safetensors` crate keeps metadata in a hash map and writes it in whatever order that has, so the header is
//! written here: <https://huggingface.co/docs/safetensors>. The crate reads it back.

use std::collections::BTreeMap;

use serde::Serialize;

/// A tensor to be written: its shape in the network and its values in that order.
pub(super) struct TensorEntry {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

#[derive(Serialize)]
struct Header<'a> {
    __metadata__: &'a BTreeMap<&'static str, String>,
    #[serde(flatten)]
    tensors: BTreeMap<&'a str, Description<'a>>,
}

#[derive(Serialize)]
struct Description<'a> {
    dtype: &'static str,
    shape: &'a [usize],
    data_offsets: [usize; 2],
}

/// The length of the header in 8 bytes, the header (JSON, padded with spaces to a multiple of 8), then the tensors'
/// values, little-endian, in the order of their names. Readers that map the file want the values aligned, hence the
/// padding.
pub(super) fn serialize(metadata: &BTreeMap<&'static str, String>, tensors: &BTreeMap<String, TensorEntry>) -> Vec<u8> {
    let mut header = header(metadata, tensors);
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    for entry in tensors.values() {
        bytes.extend(entry.values.iter().flat_map(|value| value.to_le_bytes()));
    }
    bytes
}

fn header(metadata: &BTreeMap<&'static str, String>, tensors: &BTreeMap<String, TensorEntry>) -> Vec<u8> {
    let mut end = 0;
    let descriptions = tensors.iter().map(|(name, entry)| {
        let begin = end;
        end += 4 * entry.values.len();
        (name.as_str(), Description { dtype: "F32", shape: &entry.shape, data_offsets: [begin, end] })
    });
    let header = Header { __metadata__: metadata, tensors: descriptions.collect() };
    serde_json::to_vec(&header).expect("strings and whole numbers always have a JSON form")
}
