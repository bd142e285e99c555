//! What decodes, evaluates and cuts: the one seam between the stage and an imaging library.

mod error;
mod interface;
mod native;
#[cfg(feature = "opencv")]
mod opencv;
mod portable;

use contracts::config;

pub(crate) use self::native::as_image;
pub use self::{
    error::EngineError,
    interface::{Engine, Preview},
};
use crate::cascade::Cascade;

/// Starts an engine for one worker, with a cascade of its own.
///
/// # Errors
/// When the library or the cascade is not usable.
pub fn start(engine: config::Engine, cascade: &Cascade) -> Result<Box<dyn Engine>, EngineError> {
    match engine {
        config::Engine::Native => Ok(Box::new(native::Native::start(cascade)?)),
        #[cfg(feature = "opencv")]
        config::Engine::Opencv => Ok(Box::new(opencv::OpenCv::start(cascade)?)),
        #[cfg(not(feature = "opencv"))]
        config::Engine::Opencv => Err(EngineError::NotBuilt),
    }
}

/// The engine's name and version: crops of another decoder or scaler may differ.
pub fn identity(engine: config::Engine) -> String {
    match engine {
        config::Engine::Native => format!("native {}", native::VERSION),
        #[cfg(feature = "opencv")]
        config::Engine::Opencv => format!("opencv {}", opencv::version()),
        #[cfg(not(feature = "opencv"))]
        config::Engine::Opencv => "opencv".into(),
    }
}

#[cfg(all(test, not(feature = "opencv")))]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_was_not_built_says_what_to_do() {
        let cascade = Cascade::of_text("nowhere".into(), String::new());
        let error = start(config::Engine::Opencv, &cascade).err().unwrap().to_string();
        assert!(error.contains("crop.engine = \"native\"") && error.contains("without it"), "{error}");
    }
}
