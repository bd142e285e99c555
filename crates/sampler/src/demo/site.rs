//! The page and the files beside it.

use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{foreign, publish};
use flate2::{Compression, write::GzEncoder};
use gan::{LatentConfig, Stream};
use generator::onnx::{self, Output, Precision};
use loopback::hash_source;
use serde::Serialize;

use super::runtime::{Build, PACKAGE, Runtime, WASM, WEBGPU};
use crate::{note::Note, opened::Opened};

const MODEL: &str = "model.onnx";

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.mjs");

/// What the page's script is told.
#[derive(Serialize)]
struct Settings {
    title: String,
    subtitle: String,
    origin: String,
    side: u32,
    latent: LatentConfig,
    /// What the generator knows of classes; none of them where it knows none.
    classes: KnownClasses,
    /// The number of the stream that samples' latents are drawn from.
    stream: u16,
    model: &'static str,
    wasm: Build,
    /// None in a single file, which would grow to three times its size.
    webgpu: Option<Build>,
    /// What saved images say of the generator.
    note: Note,
}

/// The classes by name, and the training images of each and of none, as often as which they are drawn.
#[derive(Serialize)]
struct KnownClasses {
    names: Vec<String>,
    counts: Vec<u32>,
}

/// A generator's page, ready to be written.
pub(super) struct Site {
    settings: Settings,
    model: Vec<u8>,
    runtime: Runtime,
}

impl Site {
    pub(super) fn new(opened: &Opened, runtime: Runtime) -> anyhow::Result<Self> {
        let generator = &opened.generator;
        let weights = publish::read_file(generator.path())?;
        let model = onnx::generator(&weights, Precision::Single, Output::Images)?;
        let side = generator.side();
        let run = opened.run_id().map_or_else(|| "weights that lie in no run".into(), |run| format!("run {run}"));
        let settings = Settings {
            title: format!("{} · {side} px", foreign::one_line(&generator.architecture().recipe)),
            subtitle: run,
            origin: format!(
                "Weights with SHA-256 {}. They run in this page by {PACKAGE} (MIT licence, Microsoft); nothing is sent anywhere.",
                generator.hash()
            ),
            side,
            latent: generator.latent(),
            classes: KnownClasses {
                names: generator.classes().names().iter().map(|name| foreign::one_line(name)).collect(),
                counts: generator.classes().counts().to_vec(),
            },
            stream: Stream::SampleLatents as u16,
            model: MODEL,
            wasm: WASM,
            webgpu: Some(WEBGPU),
            note: Note::of(opened),
        };
        Ok(Self { settings, model, runtime })
    }

    /// The page, and what it loads; each with its name.
    pub(super) fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let page = page(&self.settings, "", "script-src 'self'", "connect-src 'self'");
        let mut files = vec![("index.html", page.into_bytes()), (MODEL, self.model.clone())];
        files.extend(self.runtime.files.iter().cloned());
        files
    }

    /// The page with everything in it.
    pub(super) fn single_file(mut self) -> anyhow::Result<String> {
        self.settings.webgpu = None;
        let mut embedded = String::new();
        for name in [MODEL, WASM.script, WASM.binary] {
            let content = if name == MODEL { &self.model } else { self.runtime.file(name) };
            embedded += &format!("<script type=\"text/plain\" data-file=\"{name}\">{}</script>\n", packed(content)?);
        }
        Ok(page(&self.settings, &embedded, "script-src blob:", "connect-src 'none'"))
    }
}

fn page(settings: &Settings, embedded: &str, scripts: &str, connections: &str) -> String {
    let policy = format!(
        "default-src 'none'; {scripts} {} 'wasm-unsafe-eval'; {connections}; style-src {}; img-src data: blob:; base-uri 'none'; \
         form-action 'none'",
        hash_source(SCRIPT),
        hash_source(STYLE)
    );
    let settings = serde_json::to_string(settings).expect("settings have string keys alone");
    TEMPLATE
        .replace("{{policy}}", &policy)
        .replace("{{style}}", STYLE)
        // A recipe's name must not end the element that it stands in.
        .replace("{{settings}}", &settings.replace('<', "\\u003c"))
        .replace("{{embedded}}", embedded)
        .replace("{{script}}", SCRIPT)
}

/// Gzip in base64: 14 MB of runtime become 5.
fn packed(content: &[u8]) -> anyhow::Result<String> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(content)?;
    Ok(STANDARD.encode(gzip.finish()?))
}
