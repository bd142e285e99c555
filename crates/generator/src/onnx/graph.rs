//! A graph of ONNX operators over named values, and the model around it.
//!
//! Field numbers are those of `onnx.proto`.

use std::collections::BTreeMap;

use half::f16;

use super::{Precision, tensors::Tensors};
use crate::protobuf::Message;

/// The oldest version of the operators that has all those used.
const OPSET: i64 = 17;
/// The version of the file format that came with that opset.
const IR_VERSION: i64 = 8;

/// Element types, as `TensorProto.DataType` numbers them.
const FLOAT: i64 = 1;
const UINT8: i64 = 2;
const INT64: i64 = 7;
const FLOAT16: i64 = 10;

/// BatchNorm's ε in burn and PyTorch alike.
const EPSILON: f32 = 1e-5;

/// A node's attribute.
pub(super) enum Attribute<'a> {
    Integer(&'a str, i64),
    Integers(&'a str, &'a [i64]),
    Float(&'a str, f32),
    Text(&'a str, &'a str),
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        let named = |name: &str, kind: i64| Message::default().text(1, name).integer(20, kind);
        match self {
            Self::Float(name, value) => named(name, 1).float(2, *value),
            Self::Integer(name, value) => named(name, 2).integer(3, *value),
            Self::Text(name, value) => named(name, 3).text(4, value),
            Self::Integers(name, values) => named(name, 7).integers(8, values),
        }
    }
}

/// Nodes in the order in which they are computed, and the constants that they take.
pub(super) struct Graph {
    tensors: Tensors,
    precision: Precision,
    nodes: Vec<Message>,
    constants: BTreeMap<String, Message>,
}

impl Graph {
    pub(super) fn new(tensors: Tensors, precision: Precision) -> Self {
        Self { tensors, precision, nodes: Vec::new(), constants: BTreeMap::new() }
    }

    pub(super) fn tensors(&self) -> &Tensors {
        &self.tensors
    }

    /// Adds a node whose only output is called `output`, and returns that name.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[Attribute<'_>],
        output: &str,
    ) -> String {
        let node = inputs.iter().fold(Message::default(), |node, input| node.text(1, input));
        let node = node.text(2, output).text(3, output).text(4, operator);
        let attributes: Vec<Message> = attributes.iter().map(Attribute::message).collect();
        self.nodes.push(node.messages(5, &attributes));
        output.to_owned()
    }

    /// Makes a tensor of the weights' file a constant, where it is there, and returns its name.
    pub(super) fn weight(&mut self, name: &str) -> Option<String> {
        let (shape, values) = self.tensors.get(name)?.clone();
        Some(self.values(name, &shape, &values))
    }

    /// Makes numbers a constant. Those of more than one dimension are stored in the model's precision, and computed with in
    /// single precision: a cast stands between, which runtimes do once, when they load the model.
    pub(super) fn values(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let tensor = |kind: i64, name: &str, data: &[u8]| constant(kind, shape, name, data);
        if self.precision == Precision::Single || shape.len() < 2 {
            let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            self.constants.insert(name.to_owned(), tensor(FLOAT, name, &data));
            return name.to_owned();
        }
        let stored = format!("{name}.half");
        let data: Vec<u8> = values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect();
        self.constants.insert(stored.clone(), tensor(FLOAT16, &stored, &data));
        self.node("Cast", &[&stored], &[Attribute::Integer("to", FLOAT)], name)
    }

    /// A vector of whole numbers as a constant, such as a shape.
    pub(super) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constants.insert(name.to_owned(), constant(INT64, &[values.len()], name, &data));
        name.to_owned()
    }

    /// BatchNorm, where the layer has it, and leaky ReLU; plain ReLU at slope 0.
    pub(super) fn normalize_and_rectify(&mut self, layer: &str, features: &str, slope: f32) -> String {
        let features = self.normalize(layer, features);
        self.leaky_relu(&features, slope, &format!("{layer}.active"))
    }

    /// BatchNorm by the running statistics, where the layer has it.
    pub(super) fn normalize(&mut self, layer: &str, features: &str) -> String {
        let parts = ["weight", "bias", "running_mean", "running_var"];
        let parts: Option<Vec<String>> =
            parts.iter().map(|part| self.weight(&format!("{layer}.norm.{part}"))).collect();
        match &parts {
            Some(parts) => {
                let inputs: Vec<&str> = std::iter::once(features).chain(parts.iter().map(String::as_str)).collect();
                let epsilon = [Attribute::Float("epsilon", EPSILON)];
                self.node("BatchNormalization", &inputs, &epsilon, &format!("{layer}.norm"))
            }
            None => features.to_owned(),
        }
    }

    pub(super) fn leaky_relu(&mut self, features: &str, slope: f32, output: &str) -> String {
        match slope {
            0.0 => self.node("Relu", &[features], &[], output),
            _ => self.node("LeakyRelu", &[features], &[Attribute::Float("alpha", slope)], output),
        }
    }

    /// A convolution, `Conv` or `ConvTranspose`, by the weights called `name` and the bias beside them where there is one.
    /// `padding` is of the beginning and of the end of both axes.
    pub(super) fn convolution(
        &mut self,
        operator: &str,
        name: &str,
        features: &str,
        stride: i64,
        padding: [i64; 2],
    ) -> String {
        self.grouped_convolution(operator, name, features, stride, padding, 1)
    }

    /// [`Graph::convolution`] of so many groups of channels, each on its own.
    pub(super) fn grouped_convolution(
        &mut self,
        operator: &str,
        name: &str,
        features: &str,
        stride: i64,
        padding: [i64; 2],
        groups: i64,
    ) -> String {
        let weight = self.weight(&format!("{name}.weight")).expect("gan has checked that the weights are there");
        let bias = self.weight(&format!("{name}.bias"));
        let inputs: Vec<&str> = [features, &weight].into_iter().chain(bias.as_deref()).collect();
        self.strided(operator, &inputs, stride, padding, groups, name)
    }

    /// Bilinear resampling by a factor of two: the kernel 1, 3, 3, 1 over 4 on both axes, channel by channel, zeros beyond.
    pub(super) fn resampled(&mut self, operator: &str, features: &str, channels: usize, output: &str) -> String {
        let axis = [0.25, 0.75, 0.75, 0.25_f32];
        // A step down has four times as many inputs as outputs.
        let share = if operator == "Conv" { 0.25 } else { 1.0 };
        let kernel: Vec<f32> = axis.iter().flat_map(|down| axis.map(|across| down * across * share)).collect();
        let weight = self.values(&format!("{output}.kernel"), &[channels, 1, 4, 4], &kernel.repeat(channels));
        self.strided(operator, &[features, &weight], 2, [1, 1], channels as i64, output)
    }

    fn strided(
        &mut self,
        operator: &str,
        inputs: &[&str],
        stride: i64,
        [begin, end]: [i64; 2],
        group: i64,
        output: &str,
    ) -> String {
        let attributes = [
            Attribute::Integers("strides", &[stride, stride]),
            Attribute::Integers("pads", &[begin, begin, end, end]),
            Attribute::Integer("group", group),
        ];
        self.node(operator, inputs, &attributes, output)
    }

    /// Rounded numbers as bytes.
    pub(super) fn bytes(&mut self, values: &str, output: &str) -> String {
        self.node("Cast", &[values], &[Attribute::Integer("to", UINT8)], output)
    }

    /// The model: its inputs and its output, whose shapes a batch precedes, and what its metadata says.
    pub(super) fn into_model(
        self,
        inputs: &[(&str, &[usize])],
        (output, output_shape, is_bytes): (&str, &[usize], bool),
        metadata: &BTreeMap<&'static str, String>,
    ) -> Vec<u8> {
        let graph = Message::default()
            .messages(1, &self.nodes)
            .text(2, "network")
            .messages(5, self.constants.values())
            .messages(11, &inputs.iter().map(|(name, shape)| value(name, FLOAT, shape)).collect::<Vec<_>>())
            .message(12, &value(output, if is_bytes { UINT8 } else { FLOAT }, output_shape));
        let entries: Vec<Message> =
            metadata.iter().map(|(key, value)| Message::default().text(1, key).text(2, value)).collect();
        Message::default()
            .integer(1, IR_VERSION)
            .text(2, "nijigen")
            .message(7, &graph)
            .message(8, &Message::default().text(1, "").integer(2, OPSET))
            .messages(14, &entries)
            .into_bytes()
    }
}

fn constant(kind: i64, shape: &[usize], name: &str, data: &[u8]) -> Message {
    let shape: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
    Message::default().integers(1, &shape).integer(2, kind).text(8, name).bytes(9, data)
}

/// An input or an output: a batch of any number, then the shape of each.
fn value(name: &str, kind: i64, shape: &[usize]) -> Message {
    let batch = Message::default().text(2, "batch");
    let sizes = shape.iter().map(|size| Message::default().integer(1, *size as i64));
    let dimensions: Vec<Message> = std::iter::once(batch).chain(sizes).collect();
    let shape = Message::default().messages(1, &dimensions);
    let tensor = Message::default().integer(1, kind).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}
