//! The cascade as text with its hash: read once, handed to every worker.

use std::path::Path;

use contracts::{
    ContentHash,
    cascade::{self, CascadeError},
    config::{CropConfig, CropMode},
    publish::{self, FileError},
};
use lbp_cascade::judge::PROPOSING_STAGES;

/// The project's own cascade; cascades/README.md says how it was made and what it finds.
const EMBEDDED_TEXT: &str = include_str!("../cascades/nijigen.xml");

/// A cascade file's content. That it is a cascade shows when an engine starts with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cascade {
    origin: String,
    text: String,
    hash: ContentHash,
}

impl Cascade {
    /// Finds and reads the cascade that `crop.cascade` names.
    ///
    /// # Errors
    /// When there is none, or it cannot be read as text.
    pub fn find(name: &str) -> Result<Self, CascadeError> {
        match cascade::resolve_here(name)?.path() {
            Some(path) => Self::read(path),
            None => Ok(Self::of_text(cascade::EMBEDDED.into(), EMBEDDED_TEXT.into())),
        }
    }

    /// The cascade of a configuration: the one that it names, in the judged mode its first stages alone.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn of(config: &CropConfig) -> Result<Self, CascadeError> {
        let found = Self::find(&config.cascade)?;
        Ok(if config.mode == CropMode::Judged { found.proposing() } else { found })
    }

    /// What is no cascade stays what it is: an engine will say so.
    fn proposing(self) -> Self {
        match lbp_cascade::Cascade::parse(&self.text) {
            Ok(cascade) => Self::of_text(self.origin, cascade.lenient(PROPOSING_STAGES).to_xml()),
            Err(_) => self,
        }
    }

    /// Reads a cascade file as text.
    ///
    /// # Errors
    /// When it cannot be read as text.
    pub fn read(path: &Path) -> Result<Self, CascadeError> {
        let unreadable = |error: FileError| {
            let problem = match error.source.kind() {
                std::io::ErrorKind::InvalidData => "it is no text, so no cascade either".to_owned(),
                _ => error.source.to_string(),
            };
            CascadeError::Unreadable { path: path.into(), problem }
        };
        let text = publish::read_text(path).map_err(unreadable)?;
        Ok(Self::of_text(path.display().to_string(), text))
    }

    /// A cascade that is no file, with a name for messages.
    pub fn of_text(origin: String, text: String) -> Self {
        let hash = ContentHash::of(text.as_bytes());
        Self { origin, text, hash }
    }

    /// Where it comes from, for messages.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// That the content looks like what OpenCV writes; whether it is a cascade shows when it is read.
    ///
    /// # Errors
    /// When it looks like something else: what it is instead.
    pub(crate) fn check_kind(&self) -> Result<(), &'static str> {
        // OpenCV reads its own YAML and JSON too, and tells them apart by their start.
        let start = self.text.trim_start_matches('\u{FEFF}').trim_start();
        let xml = start.starts_with('<');
        if !xml && !start.starts_with("%YAML") && !start.starts_with('{') {
            Err("it is no XML, YAML or JSON")
        } else if xml && !start.contains("<opencv_storage") {
            Err("it is XML of another kind: it has no <opencv_storage> element")
        } else {
            Ok(())
        }
    }

    /// The file's content.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The SHA-256 of the content, which stands for the cascade in manifests.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judged_mode_takes_the_first_stages() {
        let stages = |mode| {
            let config = CropConfig { mode, cascade: cascade::EMBEDDED.into(), ..CropConfig::default() };
            lbp_cascade::Cascade::parse(Cascade::of(&config).unwrap().text()).unwrap().stages().len()
        };
        assert_eq!((stages(CropMode::Judged), stages(CropMode::Fast)), (PROPOSING_STAGES, 17));
    }

    #[test]
    fn the_embedded_cascade_is_written_as_it_is_read() {
        assert!(lbp_cascade::Cascade::parse(EMBEDDED_TEXT).unwrap().to_xml() == EMBEDDED_TEXT, "to the byte");
    }
}
