//! The native engine: OpenCV's LBP cascade evaluation restated in Rust, for many windows at a time.
//!
//! ```text
//! grey ─▶ equalise ─▶ for each level: plane (scale, integral image) ─▶ search (skips, kernel: stage by stage) ─▶ windows
//! ```
//!
//! From the same grey bytes its windows are OpenCV's to the last bit. Its decoders and its scaling of crops are others:
//! there a level may differ.

mod equalise;
mod grey;
mod kernel;
mod levels;
mod model;
mod plane;
mod preview;
mod program;
mod search;

use contracts::config::{Alpha, CropFormat};

use self::{
    kernel::Kernel,
    levels::{levels, round},
    model::Model,
    plane::{Layout, Plane},
    program::Program,
};
use super::{Engine, EngineError, Preview, Reduction, Search, Window};
use crate::{
    cascade::Cascade,
    codec,
    picture::{Colour, Grey},
    scaling::scaled,
};

/// Counts the changes of what this engine gives.
pub(super) const VERSION: u32 = 1;

/// A model and the memory to evaluate it in, which is kept from picture to picture.
pub(super) struct Native {
    model: Model,
    kernel: Kernel,
    equalised: Vec<u8>,
    plane: Plane,
    /// For windows one pixel apart, and for windows two apart.
    programs: [Program; 2],
}

impl Native {
    /// Reads the cascade and looks what the processor can do.
    pub(super) fn start(cascade: &Cascade) -> Result<Self, EngineError> {
        let refused = |problem| EngineError::NotACascade { place: cascade.place(), problem };
        cascade.check_kind().map_err(|problem| refused(problem.to_owned()))?;
        let model = Model::parse(cascade.text()).map_err(refused)?;
        Ok(Self {
            model,
            kernel: Kernel::available()[0],
            equalised: Vec::new(),
            plane: Plane::default(),
            programs: Default::default(),
        })
    }
}

impl Engine for Native {
    fn decode(&mut self, file: &[u8], alpha: Alpha) -> Result<Colour, EngineError> {
        codec::decode(file, alpha).ok_or(EngineError::Undecodable)
    }

    fn preview(&mut self, file: &[u8], alpha: Alpha, reduction: Reduction) -> Result<Preview, EngineError> {
        if let Some(grey) = preview::jpeg(file, reduction) {
            return Ok(Preview { grey, picture: None });
        }
        let picture = self.decode(file, alpha)?;
        Ok(Preview { grey: self.grey(&picture)?, picture: Some(picture) })
    }

    fn grey(&mut self, picture: &Colour) -> Result<Grey, EngineError> {
        Ok(grey::grey(picture))
    }

    fn windows(&mut self, grey: &Grey, search: &Search) -> Result<Vec<Window>, EngineError> {
        let size = (grey.width() as usize, grey.height() as usize);
        let window = (self.model.width, self.model.height);
        let levels = levels(size, window, search);
        let Some(stride) = levels.iter().map(|level| level.width + 1).max() else { return Ok(Vec::new()) };
        equalise::equalise(grey.bytes(), &mut self.equalised);
        let mut found = Vec::new();
        for level in &levels {
            let layout = Layout { stride: stride.next_multiple_of(2), step: level.step };
            let program = &mut self.programs[level.step - 1];
            program.compile(&self.model, layout);
            self.plane.fill(&self.equalised, size, level, layout);
            let side = |length: usize| round(length as f32 * level.scale);
            let search = search::Search {
                program,
                kernel: self.kernel,
                level,
                layout,
                sums: self.plane.sums(),
                window: (side(window.0), side(window.1)),
            };
            search.run(&mut found);
        }
        Ok(found)
    }

    fn scale(&mut self, face: &Colour, side: usize) -> Result<Colour, EngineError> {
        Ok(scaled(face, side, side))
    }

    fn encode(&mut self, face: &Colour, format: CropFormat) -> Result<Vec<u8>, EngineError> {
        codec::encode(face, format).map_err(|problem| EngineError::Library { doing: "encode a face", problem })
    }
}
