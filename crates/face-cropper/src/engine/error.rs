//! What keeps an engine from starting or from going through a picture.

/// An engine that cannot start, or gave up on a picture.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The cascade is not one.
    #[error(
        "cannot use the cascade at {origin}: {problem}; give crop.cascade the path of a cascade that OpenCV 4 reads, or \
         leave it out to use {}",
        contracts::cascade::NAME
    )]
    NotACascade {
        /// Where it was read from.
        origin: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The program was built without the library.
    #[error(
        "crop.engine = \"opencv\" needs OpenCV, and this program was built without it; set crop.engine = \"native\", or \
         build face-cropper with its feature opencv"
    )]
    NotBuilt,
    /// The library at run time is another than the one that is called.
    #[error(
        "OpenCV {0} was loaded, and only OpenCV 4 is known to work (5 moved the cascade classifier out of its main \
         modules); install OpenCV 4 and build again"
    )]
    WrongVersion(String),
    /// The file cannot be decoded.
    #[error("the file cannot be decoded")]
    Undecodable,
    /// The library refused or threw something.
    #[error("the engine could not {doing}: {problem}")]
    Library {
        /// What it was asked to do.
        doing: &'static str,
        /// What the library said.
        problem: String,
    },
}
