//! The metrics and sample grids once more, as TensorBoard reads them: event files of scalars and images.

mod record;

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use contracts::{
    layout::RunLayout,
    publish::{self, FileError},
};
use generator::protobuf::Message;
use record::frame;

/// The version that every event file begins by naming.
const FILE_VERSION: &[u8] = b"brain.Event:2";

/// Field numbers of TensorFlow's `Event`, `Summary`, `Summary.Value`, `Summary.Image` and `SessionLog`.
mod field {
    pub(super) const EVENT_WALL_TIME: u32 = 1;
    pub(super) const EVENT_STEP: u32 = 2;
    pub(super) const EVENT_FILE_VERSION: u32 = 3;
    pub(super) const EVENT_SUMMARY: u32 = 5;
    pub(super) const EVENT_SESSION_LOG: u32 = 7;
    pub(super) const SUMMARY_VALUE: u32 = 1;
    pub(super) const VALUE_TAG: u32 = 1;
    pub(super) const VALUE_SIMPLE: u32 = 2;
    pub(super) const VALUE_IMAGE: u32 = 4;
    pub(super) const IMAGE_HEIGHT: u32 = 1;
    pub(super) const IMAGE_WIDTH: u32 = 2;
    pub(super) const IMAGE_COLORSPACE: u32 = 3;
    pub(super) const IMAGE_ENCODED: u32 = 4;
    pub(super) const SESSION_STATUS: u32 = 1;
}

/// `SessionLog.SessionStatus.START`: what other files and earlier events say from this step on no longer holds.
const START: i64 = 1;
/// `Summary.Image.colorspace`: its number of channels.
const RGB: i64 = 3;

/// The event file of one process. Its steps are images shown, so that runs of different batches share an axis.
pub(crate) struct EventLog {
    path: PathBuf,
    file: File,
}

/// An event: when it was written, and what it says of a step.
struct Event(Message);

impl EventLog {
    /// Begins a file for a run that continues from `images`; where older ones reach further, TensorBoard drops the rest
    /// of them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn begin(run: &RunLayout, images: u64) -> Result<Self, FileError> {
        publish::create_folder(&run.events())?;
        // TensorBoard reads files in the order of their names: a second process within a second takes the next one.
        let mut seconds = now() as u64;
        while run.event_file(seconds).exists() {
            seconds += 1;
        }
        let path = run.event_file(seconds);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(FileError::at("write", &path))?;
        let mut log = Self { path, file };
        log.append(Event::version(now()))?;
        log.restart(images)?;
        Ok(log)
    }

    /// Says that the run continues from `images`: after a rollback, what was logged beyond them did not happen.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn restart(&mut self, images: u64) -> Result<(), FileError> {
        self.append(Event::start(now(), images))
    }

    /// Appends metrics by their names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn scalars(
        &mut self,
        images: u64,
        metrics: impl IntoIterator<Item = (&'static str, f32)>,
    ) -> Result<(), FileError> {
        self.append(Event::scalars(now(), images, metrics))
    }

    /// Appends a square RGB image, encoded as PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn image(&mut self, images: u64, name: &str, side: u32, png: &[u8]) -> Result<(), FileError> {
        self.append(Event::image(now(), images, name, side, png))
    }

    /// One write an event, so that a killed process tears one at most, which readers wait for in vain and pass over.
    fn append(&mut self, event: Event) -> Result<(), FileError> {
        self.file.write_all(&event.record()).map_err(FileError::at("write", &self.path))
    }
}

impl Event {
    fn new(time: f64, images: u64) -> Self {
        let event = Message::default().double(field::EVENT_WALL_TIME, time);
        // As protocol buffers' own writers do, which leave a field out that has its default.
        Self(if images > 0 { event.integer(field::EVENT_STEP, images as i64) } else { event })
    }

    fn version(time: f64) -> Self {
        let Self(event) = Self::new(time, 0);
        Self(event.bytes(field::EVENT_FILE_VERSION, FILE_VERSION))
    }

    fn start(time: f64, images: u64) -> Self {
        let Self(event) = Self::new(time, images);
        Self(event.message(field::EVENT_SESSION_LOG, &Message::default().integer(field::SESSION_STATUS, START)))
    }

    fn scalars(time: f64, images: u64, metrics: impl IntoIterator<Item = (&'static str, f32)>) -> Self {
        let value = |(name, metric)| Message::default().text(field::VALUE_TAG, name).float(field::VALUE_SIMPLE, metric);
        let values: Vec<Message> = metrics.into_iter().map(value).collect();
        let Self(event) = Self::new(time, images);
        Self(event.message(field::EVENT_SUMMARY, &Message::default().messages(field::SUMMARY_VALUE, &values)))
    }

    fn image(time: f64, images: u64, name: &str, side: u32, png: &[u8]) -> Self {
        let image = Message::default()
            .integer(field::IMAGE_HEIGHT, side.into())
            .integer(field::IMAGE_WIDTH, side.into())
            .integer(field::IMAGE_COLORSPACE, RGB)
            .bytes(field::IMAGE_ENCODED, png);
        let value = Message::default().text(field::VALUE_TAG, name).message(field::VALUE_IMAGE, &image);
        let Self(event) = Self::new(time, images);
        Self(event.message(field::EVENT_SUMMARY, &Message::default().message(field::SUMMARY_VALUE, &value)))
    }

    fn record(self) -> Vec<u8> {
        frame(&self.0.into_bytes())
    }
}

/// Removes the event files of a run that starts anew.
///
/// # Errors
/// When the disk fails.
pub(crate) fn remove(run: &RunLayout) -> Result<(), FileError> {
    publish::remove_folder(&run.events())
}

/// Seconds since 1970: only TensorBoard's "wall time" sees them.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file that TensorBoard's own writer makes of the same events; tests/oracles/tensorboard_events.py made it.
    const EXPECTED: &[u8] = include_bytes!("../tests/golden/tensorboard.events");

    #[test]
    fn events_are_byte_for_byte_what_tensorboard_writes() {
        let events = [
            Event::version(1.5),
            Event::start(2.5, 64),
            Event::scalars(3.5, 128, [("loss_generator", 0.693), ("score_real", f32::NAN)]),
            Event::image(4.5, 1 << 40, "samples", 512, b"not really a picture"),
        ];
        let found: Vec<u8> = events.into_iter().flat_map(Event::record).collect();
        assert_eq!(found, EXPECTED);
    }
}
