//! What is computed of a part of a batch and added up over parts: figures, gradients, running statistics.

use burn::tensor::Tensor;
use gan::{Gradients, running_statistics, set_running_statistics};

use crate::{error::TrainError, networks::Networks, ranks::Ranks};

/// What an update computes of a part, or the sum over several.
pub(crate) struct PartSums {
    /// Means over a part, each `[1]`.
    figures: Vec<Tensor<1>>,
    /// What the part makes of the networks' running statistics; of none where the batch is in one part.
    statistics: Statistics,
    /// Of the updated network.
    pub(crate) gradients: Gradients,
}

impl PartSums {
    /// Of one part.
    pub(crate) fn new(figures: impl IntoIterator<Item = Tensor<1>>, gradients: Gradients) -> Self {
        Self { figures: figures.into_iter().collect(), statistics: Statistics(Vec::new()), gradients }
    }

    /// The same with what the part has made of the running statistics.
    pub(crate) fn with_statistics(self, statistics: Statistics) -> Self {
        Self { statistics, ..self }
    }

    /// A figure by its index.
    pub(crate) fn figure(&self, index: usize) -> Tensor<1> {
        self.figures[index].clone()
    }

    /// Takes the running statistics out.
    pub(crate) fn take_statistics(&mut self) -> Statistics {
        Statistics(std::mem::take(&mut self.statistics.0))
    }

    /// The sum of both.
    pub(crate) fn plus(self, other: Self) -> Self {
        let values = added(self.gradients.values().to_vec(), other.gradients.values().to_vec());
        Self {
            figures: added(self.figures, other.figures),
            statistics: Statistics(added(self.statistics.0, other.statistics.0)),
            gradients: self.gradients.with_values(values),
        }
    }

    /// The sum over the parts of all ranks, of what each has summed over its own.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn over_all(self, ranks: Ranks) -> Result<Self, TrainError> {
        let Self { figures, statistics, gradients } = self;
        let [figures, statistics, values] = ranks.sum([figures, statistics.0, gradients.values().to_vec()])?;
        Ok(Self { figures, statistics: Statistics(statistics), gradients: gradients.with_values(values) })
    }
}

fn added(left: Vec<Tensor<1>>, right: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    left.into_iter().zip(right).map(|(left, right)| left + right).collect()
}

/// BatchNorm's running statistics of both networks, the generator's first.
pub(crate) struct Statistics(Vec<Tensor<1>>);

impl Statistics {
    /// What the networks have now.
    pub(crate) fn of(networks: &Networks) -> Self {
        let mut all = running_statistics(&networks.generator);
        all.extend(running_statistics(&networks.discriminator));
        Self(all)
    }

    /// Has the networks have these.
    pub(crate) fn set(&self, networks: &Networks) {
        let of_generator = running_statistics(&networks.generator).len();
        set_running_statistics(&networks.generator, &self.0[..of_generator]);
        set_running_statistics(&networks.discriminator, &self.0[of_generator..]);
    }

    /// The mean over so many parts, of a sum over them.
    pub(crate) fn divided_by(self, parts: usize) -> Self {
        Self(self.0.into_iter().map(|sum| sum.div_scalar(parts as u32)).collect())
    }
}
