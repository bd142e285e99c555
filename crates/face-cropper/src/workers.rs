//! One engine a worker: a classifier carries state from call to call and must not be shared.

use std::sync::{Mutex, PoisonError};

use contracts::config;

use crate::{
    cascade::Cascade,
    engine::{self, Engine, EngineError},
};

/// Engines that are lent to whoever works; never more of them than have worked at one moment.
pub(crate) struct Workers {
    kind: config::Engine,
    cascade: Cascade,
    idle: Mutex<Vec<Box<dyn Engine>>>,
}

impl Workers {
    /// Starts the first engine at once, so that a bad cascade shows before any picture is read.
    pub(crate) fn start(kind: config::Engine, cascade: Cascade) -> Result<Self, EngineError> {
        let first = engine::start(kind, &cascade)?;
        Ok(Self { kind, cascade, idle: Mutex::new(vec![first]) })
    }

    /// Lends an engine to `work`, starting another where all are in use.
    ///
    /// # Errors
    /// When no engine can be started.
    pub(crate) fn lend<T>(&self, work: impl FnOnce(&mut dyn Engine) -> T) -> Result<T, EngineError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let found = idle().pop();
        let mut engine = match found {
            Some(engine) => engine,
            None => engine::start(self.kind, &self.cascade)?,
        };
        let result = work(&mut *engine);
        idle().push(engine);
        Ok(result)
    }
}
