//! The shape of a network: its family, side and widths, and the arithmetic between them.

use serde::{Deserialize, Serialize};

use crate::classes::{ClassUse, Classes};

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
    /// Generators alone: nearest-neighbour upsampling and a convolution at each stage, so that no kernel meets some
    /// pixels more often than others (Odena et al., "Deconvolution and checkerboard artifacts", 2016). The finest
    /// features have the whole side; a last convolution, with a bias, turns them into colours.
    ///
    /// Sides: DCGAN's.
    Upsample,
    /// Residual blocks without normalization, leaky ReLU and bilinear resampling in both networks, whose weights begin so
    /// that every block begins as nothing: Huang et al., "The GAN is dead; long live the GAN! A modern baseline GAN"
    /// (2024), section 3, with a bottleneck, whose middle may be in groups.
    ///
    /// Sides: DCGAN's.
    Resnet,
}

/// What keeps the features of hidden layers at one scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Ioffe and Szegedy, "Batch normalization" (2015), between convolution and activation.
    #[default]
    Batch,
    /// Nothing; convolutions have biases then.
    None,
    /// Discriminators alone: Miyato et al., "Spectral normalization for generative adversarial networks" (2018), of every
    /// convolution's weight. They have biases.
    Spectral,
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
    /// The most channels that a stage has; 0: no bound.
    pub max_channels: u32,
    /// Channels of each stage's features, the coarsest first, in place of those that follow from `base_channels`; none:
    /// not used.
    pub stage_channels: Vec<u32>,
    /// Side of the convolutions' kernels.
    pub kernel: u32,
    /// What stands between convolutions and activations.
    pub norm: Norm,
    /// Images whose features' deviation a discriminator sees before its logit; 0: none. A generator has none.
    pub minibatch_group: u32,
    /// Groups of channels in the middle of a residual block, each convolved on its own; 1: no groups.
    pub groups: u32,
    /// Kernels of minibatch discrimination that a discriminator has before its logit; 0: none. A generator has none.
    pub minibatch_kernels: u32,
    /// What the network makes of classes; a generator that is told none has nothing of them.
    pub class_use: ClassUse,
    /// The classes that it knows; none: it is built as if `class_use` were none.
    pub classes: Classes,
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
    /// A kernel that cannot keep a side.
    #[error("kernel is {0}: upsample networks can have 3, 5, 7 or 9")]
    EvenKernel(u32),
    /// Another kernel than that of residual blocks.
    #[error("kernel is {0}: resnet networks have 3")]
    BlockKernel(u32),
    /// Another number of widths than there are stages, or one outside 1 to 4096.
    #[error("stage_channels has {given:?}: give {stages} widths from 1 to 4096, the coarsest stage's first")]
    StageChannels {
        /// The widths that were asked for.
        given: Vec<u32>,
        /// How many there must be at this side.
        stages: usize,
    },
    /// Groups in a family without residual blocks.
    #[error("groups is {0}: only resnet networks have them; leave it 1")]
    GroupsOutsideBlocks(u32),
    /// A block whose middle cannot be cut into so many groups of the same size.
    #[error("groups is {groups}: blocks of {channels} channels have {hidden} in the middle, which it must divide")]
    Groups {
        /// The groups that were asked for.
        groups: u32,
        /// Channels of the block.
        channels: usize,
        /// Channels in its middle.
        hidden: usize,
    },
    /// A discriminator of a family that has none.
    #[error("{} is a family of generators: choose dcgan, tensorflow-dcgan or resnet", .0.name())]
    GeneratorsOnly(Family),
    /// A generator with a norm that is made to bound a discriminator's slope.
    #[error("norm is spectral, which is for discriminators: choose batch or none")]
    SpectralGenerator,
    /// Residual blocks, whose last convolutions begin at zero, under a norm that divides by their largest singular value.
    #[error(
        "norm is spectral, but resnet's blocks begin at zero and have no norm: leave it out, or choose family dcgan"
    )]
    SpectralBlocks,
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
        if self.family == Family::Upsample && self.kernel.is_multiple_of(2) {
            return Err(ArchitectureError::EvenKernel(self.kernel));
        }
        if self.family == Family::Resnet && self.kernel != 3 {
            return Err(ArchitectureError::BlockKernel(self.kernel));
        }
        self.family.stage_layout(self.side).ok_or(ArchitectureError::Side { family: self.family, side: self.side })
    }

    /// The hidden features, from the coarsest to the finest: `(channels, side)`.
    ///
    /// # Errors
    /// As [`Architecture::stage_layout`].
    pub fn features(&self) -> Result<Vec<(usize, usize)>, ArchitectureError> {
        let StageLayout { start, stages } = self.stage_layout()?;
        // DCGAN's finest features have half the side: its last stage makes colours.
        let count = if self.family.has_whole_side() { stages + 1 } else { stages };
        if !self.stage_channels.is_empty() {
            self.check_stage_channels(count as usize)?;
        }
        let channels = |stage: u32| match self.stage_channels.get(stage as usize) {
            Some(&channels) => channels,
            None => self.doubled_channels(stages, stage),
        };
        let features: Vec<_> = (0..count).map(|stage| (channels(stage) as usize, (start << stage) as usize)).collect();
        self.check_groups(&features)?;
        Ok(features)
    }

    /// Channels in the middle of a block that has so many.
    pub(crate) fn hidden_channels(channels: usize) -> usize {
        (channels / 2).max(1)
    }

    fn check_groups(&self, features: &[(usize, usize)]) -> Result<(), ArchitectureError> {
        let groups = self.groups;
        if self.family != Family::Resnet {
            return if groups == 1 { Ok(()) } else { Err(ArchitectureError::GroupsOutsideBlocks(groups)) };
        }
        for &(channels, _) in features {
            let hidden = Self::hidden_channels(channels);
            if groups == 0 || !hidden.is_multiple_of(groups as usize) {
                return Err(ArchitectureError::Groups { groups, channels, hidden });
            }
        }
        Ok(())
    }

    /// Twice as many channels at each coarser stage, as far as `max_channels`; the last two have the same where the
    /// finest features have the whole side.
    fn doubled_channels(&self, stages: u32, stage: u32) -> u32 {
        let doubled = self.base_channels << (stages - 1).saturating_sub(stage);
        if self.max_channels == 0 { doubled } else { doubled.min(self.max_channels) }
    }

    fn check_stage_channels(&self, stages: usize) -> Result<(), ArchitectureError> {
        let given = &self.stage_channels;
        if given.len() == stages && given.iter().all(|channels| (1..=4096).contains(channels)) {
            return Ok(());
        }
        Err(ArchitectureError::StageChannels { given: given.clone(), stages })
    }

    /// How many residual blocks the network has; 0 in the families without them.
    pub(crate) fn residual_blocks(&self) -> u32 {
        match (self.family, self.stage_layout()) {
            (Family::Resnet, Ok(StageLayout { stages, .. })) => stages + 1,
            _ => 0,
        }
    }

    /// Whether BatchNorm stands between convolutions and activations.
    pub(crate) fn is_normalized(&self) -> bool {
        self.norm == Norm::Batch && self.family != Family::Resnet
    }

    /// Whether the network is linear between its activations and each image's output its own.
    pub(crate) fn is_piecewise_linear(&self) -> bool {
        !self.is_normalized() && !self.compares_images()
    }

    /// Whether a discriminator of this shape is shown how the images of a batch differ.
    pub(crate) fn compares_images(&self) -> bool {
        self.minibatch_group > 0 || self.minibatch_kernels > 0
    }

    /// Whether the network is told its images' classes.
    pub(crate) fn is_conditional(&self) -> bool {
        self.class_use == ClassUse::Conditional && !self.classes.is_empty()
    }

    /// Whether a discriminator of this shape gives a logit for each class.
    pub(crate) fn is_classifier(&self) -> bool {
        self.class_use == ClassUse::SemiSupervised && !self.classes.is_empty()
    }

    /// Whether hidden convolutions have biases, which BatchNorm would take away again.
    pub(crate) fn has_biases(&self) -> bool {
        self.family == Family::TensorflowDcgan || !self.is_normalized()
    }
}

impl Family {
    /// The family's name in recipes and weight files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dcgan => "dcgan",
            Self::TensorflowDcgan => "tensorflow-dcgan",
            Self::Upsample => "upsample",
            Self::Resnet => "resnet",
        }
    }

    /// The family that recipes and weight files call by this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Dcgan, Self::TensorflowDcgan, Self::Upsample, Self::Resnet]
            .into_iter()
            .find(|family| family.name() == name)
    }

    /// Whether the finest features have the image's side, rather than half of it.
    fn has_whole_side(self) -> bool {
        matches!(self, Self::Upsample | Self::Resnet)
    }

    fn stage_layout(self, side: u32) -> Option<StageLayout> {
        if !(16..=256).contains(&side) {
            return None;
        }
        match self {
            Self::Dcgan | Self::Upsample | Self::Resnet => {
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

impl Norm {
    /// The norm's name in recipes and weight files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::None => "none",
            Self::Spectral => "spectral",
        }
    }

    /// The norm that recipes and weight files call by this name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Batch, Self::None, Self::Spectral].into_iter().find(|norm| norm.name() == name)
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
        Architecture {
            recipe: "test".into(),
            family,
            side,
            base_channels,
            max_channels: 0,
            stage_channels: Vec::new(),
            kernel: if family.has_whole_side() { 3 } else { 4 },
            norm: Norm::Batch,
            minibatch_group: 0,
            groups: 1,
            minibatch_kernels: 0,
            class_use: ClassUse::None,
            classes: Classes::default(),
        }
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
        check(Family::Upsample, 64, &[(512, 4), (256, 8), (128, 16), (64, 32), (64, 64)]);
        check(Family::Upsample, 96, &[(1024, 3), (512, 6), (256, 12), (128, 24), (64, 48), (64, 96)]);
    }

    #[test]
    fn widths_can_be_bounded_or_given() {
        let bounded = Architecture { max_channels: 200, ..architecture(Family::Dcgan, 64, 64) };
        assert_eq!(bounded.features().unwrap(), [(200, 4), (200, 8), (128, 16), (64, 32)]);
        let given =
            |widths: &[u32]| Architecture { stage_channels: widths.to_vec(), ..architecture(Family::Upsample, 32, 64) };
        assert_eq!(given(&[48, 40, 24, 8]).features().unwrap(), [(48, 4), (40, 8), (24, 16), (8, 32)]);
        for wrong in [&[48, 40, 24][..], &[48, 40, 24, 0], &[48, 40, 24, 5000]] {
            let error = given(wrong).features().unwrap_err().to_string();
            assert!(error.contains("give 4 widths from 1 to 4096"), "{error}");
        }
    }

    #[test]
    fn groups_divide_the_middle_of_every_block() {
        let error = |family, groups| {
            let architecture = Architecture { groups, ..architecture(family, 32, 6) };
            architecture.features().err().map(|error| error.to_string())
        };
        // 24, 12, 6 and 6 channels, the finest with 3 in the middle.
        assert_eq!(error(Family::Resnet, 1), None);
        assert_eq!(error(Family::Resnet, 3), None);
        let expected = "groups is 2: blocks of 6 channels have 3 in the middle, which it must divide";
        assert_eq!(error(Family::Resnet, 2).unwrap(), expected);
        assert!(error(Family::Resnet, 0).is_some());
        assert_eq!(error(Family::Dcgan, 3).unwrap(), "groups is 3: only resnet networks have them; leave it 1");
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
        let even = Architecture { kernel: 4, ..architecture(Family::Upsample, 64, 64) };
        assert_eq!(
            even.stage_layout().unwrap_err().to_string(),
            "kernel is 4: upsample networks can have 3, 5, 7 or 9"
        );
        let block = Architecture { kernel: 5, ..architecture(Family::Resnet, 64, 64) };
        assert_eq!(block.stage_layout().unwrap_err().to_string(), "kernel is 5: resnet networks have 3");
        for base in [0, 1025, u32::MAX] {
            assert_eq!(error(Family::Dcgan, 64, base), format!("base_channels is {base}: choose 1 to 1024"));
        }
    }

    #[test]
    fn names_are_those_of_recipes() {
        for family in [Family::Dcgan, Family::TensorflowDcgan, Family::Upsample, Family::Resnet] {
            assert_eq!(serde_json::to_value(family).unwrap(), family.name());
            assert_eq!(Family::named(family.name()), Some(family));
        }
        assert_eq!(Family::named("critic"), None);
        for norm in [Norm::Batch, Norm::None, Norm::Spectral] {
            assert_eq!(serde_json::to_value(norm).unwrap(), norm.name());
            assert_eq!(Norm::named(norm.name()), Some(norm));
        }
    }
}
