//! Losses and gradients at logits whose values are known.

use burn::tensor::{DType, Device, TensorData};

use super::*;

fn logits(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_floats(values, device)
}

fn objective(name: Objective, label_smoothing: f64) -> ObjectiveConfig {
    ObjectiveConfig { name, label_smoothing, fake_label_smoothing: 0.0 }
}

fn near(found: f32, expected: f64) {
    assert!((f64::from(found) - expected).abs() < 1e-5, "found {found}, expected {expected}");
}

fn discriminator_loss(label_smoothing: f64, real: &[f32], fake: &[f32]) -> f32 {
    let device = Device::flex();
    let objective = objective(Objective::NonSaturating, label_smoothing);
    objective.discriminator_loss(logits(real, &device), logits(fake, &device)).into_scalar()
}

#[test]
fn an_undecided_discriminator_costs_two_bits() {
    near(discriminator_loss(0.0, &[0.0, 0.0], &[0.0, 0.0, 0.0]), 2.0 * 2f64.ln());
    near(discriminator_loss(0.0, &[0.0], &[0.0]), 1.386_294);
}

#[test]
fn generator_losses_at_known_logits() {
    let device = Device::flex();
    let loss = |name, values: &[f32]| -> f32 {
        objective(name, 0.0).generator_loss(None, logits(values, &device)).into_scalar()
    };
    near(loss(Objective::NonSaturating, &[0.0, 0.0]), 2f64.ln());
    near(loss(Objective::Minimax, &[0.0]), -(2f64.ln()));
    // ln 3 is the logit of D = 3/4.
    near(loss(Objective::NonSaturating, &[3f32.ln()]), -(0.75f64.ln()));
    near(loss(Objective::Minimax, &[3f32.ln()]), 0.25f64.ln());
}

#[test]
fn the_other_objectives_at_known_logits() {
    let device = Device::flex();
    let check = |name, discriminator: f64, generator: f64| {
        let objective = objective(name, 0.0);
        let (real, fake) = (logits(&[2.0, 0.5], &device), logits(&[-3.0, 0.0], &device));
        near(objective.discriminator_loss(real.clone(), fake.clone()).into_scalar(), discriminator);
        near(objective.generator_loss(Some(real), fake).into_scalar(), generator);
    };
    // Margins 0 and ½ of the real ones, 0 and 1 of the samples.
    check(Objective::Hinge, 0.25 + 0.5, 1.5);
    // Squares 1 and ¼, 9 and 0; 16 and 1.
    check(Objective::LeastSquares, (0.625 + 4.5) / 2.0, 8.5 / 2.0);
    check(Objective::Wasserstein, -1.5 - 1.25, 1.5);
    // softplus of −5 and −½, and of 5 and ½.
    check(Objective::Relativistic, (0.006_715 + 0.474_077) / 2.0, (5.006_715 + 0.974_077) / 2.0);
}

#[test]
fn only_labels_can_be_smoothed() {
    assert_eq!(objective(Objective::NonSaturating, 0.1).problems(), [""; 0]);
    assert_eq!(objective(Objective::Hinge, 0.0).problems(), [""; 0]);
    for (name, smoothing) in [(Objective::Hinge, 0.1), (Objective::Minimax, 0.5), (Objective::Minimax, f64::NAN)] {
        assert!(objective(name, smoothing).problems()[0].starts_with("objective.label_smoothing is "), "{name:?}");
    }
}

/// At D = 1/2 both parts of the smoothed target cost ln 2, so that the loss stays 2 ln 2; at D(x) = 3/4 by hand.
#[test]
fn smoothing_mixes_both_targets() {
    near(discriminator_loss(0.1, &[0.0], &[0.0]), 2.0 * 2f64.ln());
    let real = -(0.9 * 0.75f64.ln() + 0.1 * 0.25f64.ln());
    near(discriminator_loss(0.1, &[3f32.ln()], &[0.0]), real + 2f64.ln());
}

/// Where p = q, one logit serves both; its loss is least at D = (1 − ε) / 2.
#[test]
fn smoothing_moves_the_optimum() {
    for (smoothing, optimum) in [(0.0, 0.5f64), (0.1, 0.45), (0.3, 0.35)] {
        let logit = (optimum / (1.0 - optimum)).ln() as f32;
        let slope =
            gradient(|x| objective(Objective::NonSaturating, smoothing).discriminator_loss(x.clone(), x), logit);
        near(slope, 0.0);
    }
}

fn gradient(loss: impl Fn(Tensor<1>) -> Tensor<1>, at: f32) -> f32 {
    let x = logits(&[at], &Device::flex().autodiff()).require_grad();
    let gradients = loss(x.clone()).backward();
    x.grad(&gradients).unwrap().into_scalar()
}

#[test]
fn softplus_and_its_gradient_are_stable() {
    let table = [
        (0.0, std::f64::consts::LN_2, 0.5),
        (1.0, 1.313_262, 0.731_059),
        (-1.0, 0.313_262, 0.268_941),
        (60.0, 60.0, 1.0),
        (-60.0, 0.0, 0.0),
        (1e30, 1e30, 1.0),
        (-1e30, 0.0, 0.0),
    ];
    for (x, value, slope) in table {
        let found: f32 = softplus(logits(&[x], &Device::flex())).into_scalar();
        assert!((f64::from(found) - value).abs() <= 1e-6 * value.max(1.0), "softplus({x}) = {found}");
        near(gradient(softplus, x), slope);
    }
}

/// With β on the samples' side the optimum where p = q is (1 − ε + β) / 2, and where there are samples alone it is β.
#[test]
fn the_other_side_s_smoothing_has_the_samples_density_in_its_optimum() {
    let smoothed = ObjectiveConfig { fake_label_smoothing: 0.3, ..objective(Objective::NonSaturating, 0.1) };
    let logit = |optimum: f64| (optimum / (1.0 - optimum)).ln() as f32;
    near(gradient(|x| smoothed.discriminator_loss(x.clone(), x), logit(0.6)), 0.0);
    let real = logits(&[0.0], &Device::flex().autodiff());
    near(gradient(|x| smoothed.discriminator_loss(real.clone(), x), logit(0.3)), 0.0);
    let fake = logits(&[3f32.ln()], &Device::flex());
    let loss = smoothed.discriminator_loss(logits(&[0.0], &Device::flex()), fake).into_scalar::<f32>();
    near(loss, 2f64.ln() - 0.3 * 0.75f64.ln() - 0.7 * 0.25f64.ln());
    assert_eq!(smoothed.problems(), [""; 0]);
    let hinge = ObjectiveConfig { name: Objective::Hinge, ..smoothed };
    assert_eq!(hinge.problems().len(), 2, "{:?}", hinge.problems());
}

#[test]
fn maximum_likelihood_and_f_divergences_at_known_logits() {
    let device = Device::flex();
    let check = |name, discriminator: f64, generator: f64| {
        let objective = objective(name, 0.0);
        let (real, fake) = (logits(&[2f32.ln()], &device), logits(&[3f32.ln()], &device));
        near(objective.discriminator_loss(real, fake.clone()).into_scalar(), discriminator);
        near(objective.generator_loss(None, fake).into_scalar(), generator);
        assert!(!objective.needs_real_logits());
    };
    let (e, ln) = (std::f64::consts::E, f64::ln);
    // D is ⅔ at the real image and ¾ at the sample.
    check(Objective::MaximumLikelihood, ln(1.5) + ln(4.0), -3.0);
    check(Objective::KullbackLeibler, 3.0 / e - ln(2.0), -3.0 / e);
    check(Objective::ReverseKullbackLeibler, ln(3.0) - 1.0 + 0.5, 1.0 - ln(3.0));
    check(Objective::JensenShannon, ln(1.5) + ln(4.0) - 2.0 * ln(2.0), ln(2.0) - ln(4.0));
    check(Objective::Pearson, ln(3.0) + ln(3.0).powi(2) / 4.0 - ln(2.0), -ln(3.0) - ln(3.0).powi(2) / 4.0);
    check(Objective::SquaredHellinger, 2.0 - 0.5, -2.0);
}

const ALL: [Objective; 12] = [
    Objective::Minimax,
    Objective::NonSaturating,
    Objective::MaximumLikelihood,
    Objective::Hinge,
    Objective::LeastSquares,
    Objective::Wasserstein,
    Objective::Relativistic,
    Objective::KullbackLeibler,
    Objective::ReverseKullbackLeibler,
    Objective::JensenShannon,
    Objective::Pearson,
    Objective::SquaredHellinger,
];

/// Both losses' gradients for every logit against central differences, in f64.
#[test]
fn gradients_are_those_of_finite_differences() {
    let device = Device::flex();
    let tensor = |values: &[f64]| {
        Tensor::<1>::from_data(TensorData::new(values.to_vec(), [values.len()]), (&device, DType::F64))
    };
    // None of them is a kink of the hinge.
    let at = [0.3, -1.7, 2.2, -0.4, 0.9, 1.6];
    for name in ALL {
        let objective = ObjectiveConfig {
            name,
            label_smoothing: if name.has_targets() { 0.1 } else { 0.0 },
            fake_label_smoothing: if name.has_targets() { 0.2 } else { 0.0 },
        };
        let losses: [&dyn Fn(Tensor<1>) -> Tensor<1>; 2] =
            [&|x| objective.discriminator_loss(x.clone().narrow(0, 0, 3), x.narrow(0, 3, 3)), &|x| {
                objective.generator_loss(Some(x.clone().narrow(0, 0, 3)), x.narrow(0, 3, 3))
            }];
        for (player, loss) in losses.into_iter().enumerate() {
            let leaf = tensor(&at).autodiff().require_grad();
            let found = leaf.grad(&loss(leaf.clone()).backward()).unwrap().into_data().try_to_vec::<f64>().unwrap();
            for (index, found) in found.into_iter().enumerate() {
                let moved = |by: f64| {
                    let mut values = at;
                    values[index] += by;
                    loss(tensor(&values)).into_scalar::<f64>()
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((found - expected).abs() < 1e-7, "{name:?}, player {player}: {found}, not {expected}");
            }
        }
    }
}

/// A higher logit must look more real in every one of them: score and augmentation rely on it.
#[test]
fn every_discriminator_raises_real_logits_and_lowers_samples() {
    for name in ALL {
        let (up, down) =
            (Tensor::from_floats([0.1f32], &Device::flex()), Tensor::from_floats([-0.1f32], &Device::flex()));
        let loss = |real: &Tensor<1>, fake: &Tensor<1>| -> f32 {
            objective(name, 0.0).discriminator_loss(real.clone(), fake.clone()).into_scalar()
        };
        assert!(loss(&up, &down) < loss(&down, &up), "{name:?}");
        let cost = |fake: &Tensor<1>| -> f32 {
            objective(name, 0.0).generator_loss(Some(down.clone()), fake.clone()).into_scalar()
        };
        assert!(cost(&up) < cost(&down), "{name:?}");
    }
}

#[test]
fn an_objective_is_asked_for_by_its_name() {
    let names = [
        "minimax",
        "non-saturating",
        "maximum-likelihood",
        "hinge",
        "least-squares",
        "wasserstein",
        "relativistic",
        "kl",
        "reverse-kl",
        "jensen-shannon",
        "pearson",
        "squared-hellinger",
    ];
    for (name, objective) in names.into_iter().zip(ALL) {
        let read: ObjectiveConfig = toml::from_str(&format!("name = {name:?}\nlabel_smoothing = 0")).unwrap();
        assert_eq!(read.name, objective);
        // Runs that were begun before the other side could be smoothed are the same runs.
        assert!(!toml::to_string(&read).unwrap().contains("fake_label_smoothing"));
    }
}
