//! Pickles that cannot be read.

/// A pickle that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PickleError {
    /// The content ends within the pickle.
    #[error("it ends in the middle")]
    Torn,
    /// An instruction that this machine does not know.
    #[error("instruction {opcode:#04x} at byte {offset} is not one that tensors are saved with")]
    UnknownInstruction {
        /// The instruction.
        opcode: u8,
        /// Where it stands.
        offset: usize,
    },
    /// An instruction finds something else than it takes.
    #[error("the instruction before byte {0} does not fit what is there")]
    Unfit(usize),
    /// Values lie too deep within one another, or are copied too often.
    #[error("it nests or repeats values far beyond what tensors are saved with")]
    Excessive,
    /// The pickle is not a dictionary by names.
    #[error("it is not a dictionary of tensors by name")]
    NotADictionary,
    /// A tensor's numbers are not there.
    #[error("the numbers of {0} are not all there")]
    MissingNumbers(String),
}
