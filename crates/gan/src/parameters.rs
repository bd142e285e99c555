//! A network's parameters by name, read and replaced.
//!
//! Running statistics are among them. burn keeps those behind an `Arc`, where its own operators leave the newest update
//! waiting, so a clone shares them and a plain visit may see the update before last; everything here first takes a settled copy.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::Tensor,
};

/// A parameter or running statistic as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// The shape that it has in the network, and in weight files.
    pub(crate) shape: Vec<usize>,
    /// Its values, flattened; off the tape.
    pub(crate) values: Tensor<1>,
}

/// All parameters of a network, by the name that a PyTorch user would expect (`layers.1.norm.running_var`).
pub(crate) fn parameters<M: Module>(network: &M) -> BTreeMap<String, Parameter> {
    let mut read = Read { path: ParameterPath::default(), found: BTreeMap::new() };
    network.valid().visit(&mut read);
    read.found
}

/// The shapes of all parameters of a network, by the same names; weights that are still to be drawn are not drawn.
pub(crate) fn shapes<M: Module>(network: &M) -> BTreeMap<String, Vec<usize>> {
    let mut measure = Measure { path: ParameterPath::default(), found: BTreeMap::new() };
    network.visit(&mut measure);
    measure.found
}

/// The network with each parameter's values replaced by what `replace` makes of its name and flat values.
///
/// The result shares nothing with `network`, and each parameter stays trainable or not, as it was.
pub(crate) fn replace_parameters<M: Module>(network: &M, replace: impl FnMut(&str, Tensor<1>) -> Tensor<1>) -> M {
    let tracked = network.devices().iter().any(|device| device.is_autodiff());
    let replaced = network.valid().map(&mut Replace { path: ParameterPath::default(), replace });
    if tracked { replaced.train() } else { replaced }
}

/// The names of the modules that a walk over a network is inside, outermost first.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParameterPath(Vec<String>);

impl ParameterPath {
    pub(crate) fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.0.pop();
    }

    /// burn's own name of the field.
    pub(crate) fn field(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The name of the field that has it: `conv` of `layers.1.conv.weight`.
    pub(crate) fn layer(&self) -> &str {
        self.0.iter().rev().nth(1).map_or("", String::as_str)
    }

    /// The whole name, with PyTorch's words for BatchNorm's scale and shift.
    pub(crate) fn name(&self) -> String {
        let field = match self.field() {
            "gamma" => "weight",
            "beta" => "bias",
            field => field,
        };
        let parents = self.0.iter().take(self.0.len().saturating_sub(1)).map(String::as_str);
        parents.chain([field]).collect::<Vec<_>>().join(".")
    }
}

struct Read {
    path: ParameterPath,
    found: BTreeMap<String, Parameter>,
}

impl ModuleVisitor for Read {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val();
        let parameter = Parameter { shape: values.dims().to_vec(), values: values.flatten(0, D - 1) };
        self.found.insert(self.path.name(), parameter);
    }
}

struct Measure {
    path: ParameterPath,
    found: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Measure {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.insert(self.path.name(), param.lazy_shape().to_vec());
    }
}

struct Replace<F> {
    path: ParameterPath,
    replace: F,
}

impl<F: FnMut(&str, Tensor<1>) -> Tensor<1>> ModuleMapper for Replace<F> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        param.map(|tensor| {
            let shape = tensor.dims();
            (self.replace)(&name, tensor.flatten(0, D - 1)).reshape(shape)
        })
    }
}
