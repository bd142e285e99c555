//! What keeps a cascade from being used.

/// Why a text is no cascade that can be evaluated here.
#[derive(Debug, thiserror::Error)]
pub enum CascadeError {
    /// The text is no well-formed XML.
    #[error("it is broken or cut off: {0}")]
    Xml(#[from] roxmltree::Error),
    /// It is well-formed, but holds something else: a Haar cascade, one of OpenCV 1's format, no cascade at all.
    #[error("it describes no LBP or Haar cascade of the current format that this engine reads (LBP only)")]
    OtherKind,
    /// An element of this name is missing.
    #[error("it has no <{0}> where one is due")]
    NoElement(&'static str),
    /// A word stands where a number should, or the number does not fit.
    #[error("{0:?} stands where a number is due")]
    NoNumber(String),
    /// Features of another kind than LBP, whose codes are a byte.
    #[error("its features have {0} categories, and LBP codes have 256")]
    Categories(usize),
    /// A rectangle of other than four numbers.
    #[error("a feature of it is no rectangle of four numbers")]
    NoRectangle,
    /// A tree whose nodes and leaves do not go together.
    #[error("a tree of it has too many or too few numbers")]
    TreeLength,
    /// No stage at all, or one without trees.
    #[error("it has a stage without trees")]
    EmptyStage,
    /// A window of more than 1000 pixels a side, or a feature that leaves it.
    #[error("a feature of it lies outside of its window")]
    FeatureOutside,
    /// Sums of sixteen bits cannot tell such blocks apart.
    #[error("a feature of it has blocks of more than {0} pixels")]
    BlockTooLarge(usize),
    /// A threshold or a leaf that no sum can be compared with: of one leaf that is no number, every window would pass.
    #[error("a threshold or a leaf of it is not finite")]
    NotFinite,
    /// A branch that points to no later node and to no leaf, or a node without its feature.
    #[error("a tree of it leads nowhere")]
    LostBranch,
}
