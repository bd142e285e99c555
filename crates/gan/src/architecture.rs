//! The shape of a network: its family, side and widths, and the arithmetic between them.

use serde::{Deserialize, Serialize};

/// A family of networks: how the coarsest features are reached and how many stages lie above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Radford et al., "Unsupervised representation learning with deep convolutional generative adversarial networks"
    /// (2015), as PyTorch's example has it: the coarsest features are 4×4 (3×3 where the side is 3·2ⁿ), each stage
    /// doubles the side, and no convolution has a bias.
    ///
    /// Sides: 16, 24, 32, 48, 64, 96, 128, 192 and 256.
    Dcgan,
    /// DCGAN-tensorflow: always four stages, so that the coarsest features are (side / 16)²; a linear projection with a
    /// bias for each of its outputs, and a bias in every convolution.
    ///
    /// Sides: multiples of 16 from 16 to 256.
    TensorflowDcgan,
}

/// Everything that fixes the shape of one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// The recipe that asked for it; written into weight files.
    pub recipe: String,
    /// What its layers are and how their number follows from the side.
    pub family: Family,
    /// Width and height of the images, in pixels.
    pub side: u32,
    /// Channels of the finest hidden features; each coarser stage has twice as many.
    pub base_channels: u32,
    /// Side of the convolutions' kernels.
    pub kernel: u32,
}

/// Where the stages of a network begin and how many there are: `side = start · 2^stages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageLayout {
    /// Side of the coarsest features, in pixels.
    pub start: u32,
    /// Number of convolutions that double (or halve) the side.
    pub stages: u32,
}

/// A network that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchitectureError {
    /// The family has no network for these images.
    #[error("{} networks cannot have images of {side} px: choose one of {}", family.name(), sides(*family))]
    Side {
        /// The family that was asked for it.
        family: Family,
        /// The side that it does not offer.
        side: u32,
    },
    /// A width outside 1 to 1024.
    #[error("base_channels is {0}: choose 1 to 1024")]
    BaseChannels(u32),
    /// A kernel that cannot halve a side.
    #[error("kernel is {0}: choose 2 to 9")]
    Kernel(u32),
}

impl Architecture {
    /// Where this network's stages begin and how many there are.
    ///
    /// # Errors
    /// When the family does not offer the side, or a width or kernel is out of bounds.
    pub fn stage_layout(&self) -> Result<StageLayout, ArchitectureError> {
        if !(1..=1024).contains(&self.base_channels) {
            return Err(ArchitectureError::BaseChannels(self.base_channels));
        }
        if !(2..=9).contains(&self.kernel) {
            return Err(ArchitectureError::Kernel(self.kernel));
        }
        self.family.stage_layout(self.side).ok_or(ArchitectureError::Side { family: self.family, side: self.side })
    }

    /// The hidden features, from the coarsest to the finest: `(channels, side)`.
    ///
    /// # Errors
    /// As [`Architecture::stage_layout`].
    pub fn features(&self) -> Result<Vec<(usize, usize)>, ArchitectureError> {
        let StageLayout { start, stages } = self.stage_layout()?;
        let feature = |stage| ((self.base_channels << (stages - 1 - stage)) as usize, (start << stage) as usize);
        Ok((0..stages).map(feature).collect())
    }
}

impl Family {
    /// The family's name in recipes and weight files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dcgan => "dcgan",
            Self::TensorflowDcgan => "tensorflow-dcgan",
        }
    }

    /// The family that recipes and weight files call by this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Dcgan, Self::TensorflowDcgan].into_iter().find(|family| family.name() == name)
    }

    /// Whether convolutions have biases.
    pub(crate) fn has_biases(self) -> bool {
        self == Self::TensorflowDcgan
    }

    fn stage_layout(self, side: u32) -> Option<StageLayout> {
        if !(16..=256).contains(&side) {
            return None;
        }
        match self {
            Self::Dcgan => {
                // 3·2ⁿ as well as 2ⁿ: of the usual sides only 80, 160 and the like are left out.
                let start = if side.is_power_of_two() { 4 } else { 3 };
                let doublings = side / start;
                (side.is_multiple_of(start) && doublings.is_power_of_two())
                    .then_some(StageLayout { start, stages: doublings.trailing_zeros() })
            }
            Self::TensorflowDcgan => side.is_multiple_of(16).then_some(StageLayout { start: side / 16, stages: 4 }),
        }
    }
}

fn sides(family: Family) -> String {
    let offered = (16..=256).filter(|&side| family.stage_layout(side).is_some());
    offered.map(|side| side.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn architecture(family: Family, side: u32, base_channels: u32) -> Architecture {
        Architecture { recipe: "test".into(), family, side, base_channels, kernel: 4 }
    }

    #[test]
    fn features_of_each_side() {
        let check = |family, side, expected: &[(usize, usize)]| {
            assert_eq!(architecture(family, side, 64).features().unwrap(), expected, "{family:?} {side}");
        };
        check(Family::Dcgan, 32, &[(256, 4), (128, 8), (64, 16)]);
        check(Family::Dcgan, 48, &[(512, 3), (256, 6), (128, 12), (64, 24)]);
        check(Family::Dcgan, 64, &[(512, 4), (256, 8), (128, 16), (64, 32)]);
        check(Family::Dcgan, 96, &[(1024, 3), (512, 6), (256, 12), (128, 24), (64, 48)]);
        check(Family::Dcgan, 128, &[(1024, 4), (512, 8), (256, 16), (128, 32), (64, 64)]);
        check(Family::TensorflowDcgan, 48, &[(512, 3), (256, 6), (128, 12), (64, 24)]);
        check(Family::TensorflowDcgan, 80, &[(512, 5), (256, 10), (128, 20), (64, 40)]);
        check(Family::TensorflowDcgan, 128, &[(512, 8), (256, 16), (128, 32), (64, 64)]);
    }

    #[test]
    fn errors_name_what_is_offered() {
        let error = |family, side, base| architecture(family, side, base).stage_layout().unwrap_err().to_string();
        assert_eq!(
            error(Family::Dcgan, 80, 64),
            "dcgan networks cannot have images of 80 px: choose one of 16, 24, 32, 48, 64, 96, 128, 192, 256"
        );
        assert!(error(Family::TensorflowDcgan, 50, 64).contains("16, 32, 48"));
        for side in [0, 3, 4, 12, 512, u32::MAX] {
            assert!(error(Family::Dcgan, side, 64).contains(&side.to_string()));
            assert!(error(Family::TensorflowDcgan, side, 64).contains(&side.to_string()));
        }
        for base in [0, 1025, u32::MAX] {
            assert_eq!(error(Family::Dcgan, 64, base), format!("base_channels is {base}: choose 1 to 1024"));
        }
    }

    #[test]
    fn names_are_those_of_recipes() {
        for family in [Family::Dcgan, Family::TensorflowDcgan] {
            assert_eq!(serde_json::to_value(family).unwrap(), family.name());
            assert_eq!(Family::named(family.name()), Some(family));
        }
        assert_eq!(Family::named("resnet"), None);
    }
}
