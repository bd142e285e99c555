//! Layers of one kind or another, as modules in whose parameters' names the kind has no part.

/// Makes an enum of layers a module.
///
/// burn's own derive puts the variant into the path of each parameter (`layers.0.Transposed.conv.weight`), by which
/// checkpoints know it. Which kind of layer stands somewhere follows from the architecture, and the names stay those of
/// checkpoints that were written when there was one kind only.
macro_rules! layer_kinds {
    ($name:ident: $($kind:ident),+) => {
        impl burn::module::Module for $name {
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                match self { $( Self::$kind(layer) => layer.collect_devices(devices), )+ }
            }

            fn fork(self, device: &burn::tensor::Device) -> Self {
                match self { $( Self::$kind(layer) => Self::$kind(layer.fork(device)), )+ }
            }

            fn to_device(self, device: &burn::tensor::Device) -> Self {
                match self { $( Self::$kind(layer) => Self::$kind(layer.to_device(device)), )+ }
            }

            fn train(self) -> Self {
                match self { $( Self::$kind(layer) => Self::$kind(layer.train()), )+ }
            }

            fn valid(&self) -> Self {
                match self { $( Self::$kind(layer) => Self::$kind(layer.valid()), )+ }
            }

            fn materialize(self) -> Self {
                match self { $( Self::$kind(layer) => Self::$kind(layer.materialize()), )+ }
            }

            fn visit<Visitor: burn::module::ModuleVisitor>(&self, visitor: &mut Visitor) {
                match self { $( Self::$kind(layer) => layer.visit(visitor), )+ }
            }

            fn map<Mapper: burn::module::ModuleMapper>(self, mapper: &mut Mapper) -> Self {
                match self { $( Self::$kind(layer) => Self::$kind(layer.map(mapper)), )+ }
            }
        }

        impl burn::module::ModuleDisplayDefault for $name {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                match self { $( Self::$kind(layer) => layer.content(content), )+ }
            }

            fn num_params(&self) -> usize {
                burn::module::Module::num_params(self)
            }
        }

        impl burn::module::ModuleDisplay for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&burn::module::ModuleDisplay::format(self, Default::default()))
            }
        }
    };
}
pub(crate) use layer_kinds;
