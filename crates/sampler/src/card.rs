//! A run's model card: what the Hugging Face Hub shows of it.

use contracts::{layout::RunLayout, publish};
use metrics::Measurement;
use serde_json::Value;

use crate::opened::Opened;

/// What the card is made from, each part as far as it is there.
pub(crate) struct Card<'a> {
    opened: &'a Opened,
    provenance: Value,
    /// The picture of samples, by its path within the run.
    grid: Option<String>,
    measured: Vec<String>,
    /// The dataset on the Hub.
    dataset: Option<&'a str>,
}

impl<'a> Card<'a> {
    /// Gathers what the run knows of itself.
    pub(crate) fn new(opened: &'a Opened, run: &RunLayout, grid: Option<String>, dataset: Option<&'a str>) -> Self {
        Self { opened, provenance: opened.provenance().unwrap_or_default(), grid, measured: measured(run), dataset }
    }

    /// The card as Markdown, with the front matter that the Hub reads.
    pub(crate) fn markdown(&self) -> String {
        let parts =
            [self.front_matter(), self.introduction(), self.training(), self.measures(), self.loading(), licence()];
        parts.concat()
    }

    fn front_matter(&self) -> String {
        let family = self.opened.generator.architecture().family.name();
        let dataset = self.dataset.map_or_else(String::new, |name| format!("datasets:\n- {name}\n"));
        format!(
            "---\nlibrary_name: nijigen\npipeline_tag: unconditional-image-generation\nlicense: other\nlicense_name: see-below\n\
             {dataset}tags:\n- gan\n- {family}\n- anime\n- unconditional-image-generation\n- safetensors\n- onnx\n---\n\n"
        )
    }

    fn introduction(&self) -> String {
        let generator = &self.opened.generator;
        let (side, architecture) = (generator.side(), generator.architecture());
        let name = self.text("/run").unwrap_or_else(|| architecture.recipe.clone());
        let grid = self.grid.as_ref().map_or_else(String::new, |grid| format!("![samples]({grid})\n\n"));
        format!(
            "# {name}\n\nA generator of faces, {side} × {side} pixels: a GAN of the recipe `{}` (family `{}`), trained by \
             Nijigen. {} A latent of {} numbers in, an image out.\n\n{grid}",
            architecture.recipe,
            architecture.family.name(),
            classes(generator.classes().names()),
            generator.latent().size,
        )
    }

    /// The counts of the run's provenance, a row each.
    fn training(&self) -> String {
        let rows = [
            ("training images", "/dataset/train_rows"),
            ("images kept out of training", "/dataset/holdout_rows"),
            ("posts that they come from", "/dataset/train_posts"),
            ("SHA-256 of the dataset's index", "/dataset/hash"),
            ("images shown", "/images_shown"),
            ("epochs", "/epochs"),
            ("steps", "/steps"),
            ("images a step", "/batch_size"),
            ("seed", "/seed"),
            ("device", "/device"),
        ];
        let row = |(name, path): (&str, &str)| Some(format!("| {name} | {} |\n", self.text(path)?));
        let rows: String = rows.into_iter().filter_map(row).collect();
        format!(
            "## How it was made\n\n| | |\n|---|---|\n{rows}| SHA-256 of `generator.safetensors` | {} |\n\n`recipe.toml` is the \
             recipe as it was trained, `provenance.json` all of this and more: with the dataset and the seed they make the same \
             weights again.\n\n",
            self.opened.generator.hash()
        )
    }

    fn measures(&self) -> String {
        if self.measured.is_empty() {
            return "## Measured\n\nNothing was measured.\n\n".into();
        }
        let lines: String = self.measured.iter().map(|line| format!("- {line}\n")).collect();
        format!(
            "## Measured\n\n{lines}\nValues of different networks, or of different counts of images, cannot be compared.\n\n"
        )
    }

    fn loading(&self) -> String {
        let generator = &self.opened.generator;
        let size = generator.latent().size;
        let row = generator.classes().row_length();
        let (drawn, fed) = match row {
            0 => (String::new(), ""),
            _ => (
                format!("classes = numpy.eye({row}, dtype=numpy.float32)[[0] * 16]  # all of class 0\n"),
                ", \"classes\": classes",
            ),
        };
        // The module in the documentation has no classes.
        let pytorch = if row > 0 { String::new() } else { pytorch(size) };
        format!(
            "## How to use it\n\nONNX Runtime:\n\n```python\nimport numpy, onnxruntime\n\nsession = \
             onnxruntime.InferenceSession(\"generator.onnx\")\nlatents = numpy.random.default_rng(7).standard_normal((16, {size}), \
             dtype=numpy.float32)\n{drawn}images = session.run(None, {{\"latents\": latents{fed}}})[0]  # [16, 3, side, side] in [-1, \
             1]\n```\n\n{pytorch}Rust:\n\n```rust\nlet generator = generator::TrainedGenerator::open(\"generator.safetensors\".as_ref(), \
             &generator::Device::flex())?;\nlet images = generator.sample(7, 0..16)?;\n```\n\n"
        )
    }

    /// A value of the provenance as it is shown.
    fn text(&self, path: &str) -> Option<String> {
        match self.provenance.pointer(path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(match number.as_f64().filter(|_| number.is_f64()) {
                Some(value) => format!("{value:.1}"),
                None => number.to_string(),
            }),
            _ => None,
        }
    }
}

fn pytorch(size: u32) -> String {
    format!(
        "PyTorch: with the module `Generator` of Nijigen's `docs/weights.md`:\n\n```python\ngenerator = \
         Generator(\"generator.safetensors\")\nimages = generator(torch.randn(16, {size}))\n```\n\n"
    )
}

/// What is said of classes, which have numbers from 0.
fn classes(names: &[String]) -> String {
    match names {
        [] => "It knows no classes and no texts.".into(),
        names => format!("It knows no texts, and {} classes, numbered from 0: {}.", names.len(), names.join(", ")),
    }
}

/// Lines of what the evaluation measured, or else of the best generator of the training.
fn measured(run: &RunLayout) -> Vec<String> {
    let json = publish::read_file(&run.evaluation_metrics()).ok();
    let evaluation: Value = json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let line =
        |value: Value| serde_json::from_value::<Measurement>(value).ok().map(|measurement| measurement.to_string());
    let of_network = |network: &Value| {
        let name = network.get("network").and_then(Value::as_str).unwrap_or_default().to_owned();
        let lines = list(network.get("measurements")).into_iter().filter_map(line);
        lines.map(|line| format!("`{name}`: {line}")).collect::<Vec<_>>()
    };
    let of_images = list(evaluation.get("images")).into_iter().filter_map(line);
    list(evaluation.get("features")).iter().flat_map(of_network).chain(of_images).collect()
}

fn licence() -> String {
    "## Licence\n\nThe code that trained it is under MIT or Apache-2.0. The pictures that it was trained on belong to those who drew \
     them, and a post's rating or tag is no licence: what may be done with the weights, and with what they make, is for whoever \
     publishes them to find out, and to write here.\n"
        .to_owned()
}
