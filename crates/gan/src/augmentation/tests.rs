//! Changes worked out by hand, their ranges, and the gradients that pass through them.

use super::*;
use crate::philox::Stream;

const ALL: AugmentationConfig = AugmentationConfig {
    flip: false,
    probability: 1.0,
    color: true,
    translation: 0.25,
    cutout: 0.5,
    target: 0.0,
    adjust_kimg: 500.0,
};
const NOTHING: Change = Change { brightness: 0.0, saturation: 1.0, contrast: 1.0, shift: [0, 0], hole: [[0, 0]; 2] };

fn philox() -> Philox {
    Philox::new(5, Stream::Augmentation)
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// A 4 × 4 image of one channel with the values 1 to 16, changed.
fn changed(change: Change) -> Vec<f32> {
    let pixels: Vec<f32> = (1..=16u8).map(f32::from).collect();
    let image = Tensor::<4>::from_data(TensorData::new(pixels, [1, 1, 4, 4]), &Device::flex());
    values(Augmentation { side: 4, reach: 1, images: vec![change] }.apply(image))
}

#[test]
fn an_image_moves_and_leaves_zeros_behind() {
    let found = changed(Change { shift: [1, -1], ..NOTHING });
    assert_eq!(found, [0., 5., 6., 7., 0., 9., 10., 11., 0., 13., 14., 15., 0., 0., 0., 0.]);
}

#[test]
fn a_hole_is_blank_and_the_rest_stays() {
    let found = changed(Change { hole: [[1, 3], [0, 2]], ..NOTHING });
    assert_eq!(found, [1., 2., 3., 4., 0., 0., 7., 8., 0., 0., 11., 12., 13., 14., 15., 16.]);
}

/// Two channels of two pixels; brightness adds 1, saturation doubles the distance from a pixel's grey, contrast halves
/// the one from the image's mean.
#[test]
fn colours_change_by_hand() {
    let image = Tensor::<4>::from_data(TensorData::new(vec![0.0f32, 2.0, 4.0, 2.0], [1, 2, 1, 2]), &Device::flex());
    let change = Change { brightness: 1.0, saturation: 2.0, contrast: 0.5, ..NOTHING };
    let augmentation = Augmentation { side: 0, reach: 0, images: vec![change] };
    // Brighter: 1 3 | 5 3. Greys 3 and 3, so saturated: −1 3 | 7 3. The mean is 3.
    assert_eq!(values(augmentation.recolor(image)), [1.0, 3.0, 5.0, 3.0]);
}

#[test]
fn draws_are_a_function_of_philox_and_number_and_begin_alike() {
    let draw = |number, batch| ALL.draw(&philox(), number, batch, 32);
    assert_eq!(draw(3, 8), draw(3, 8));
    assert_eq!(draw(3, 8).images[..], draw(3, 20).images[..8]);
    assert_ne!(draw(3, 8), draw(4, 8));
}

#[test]
fn changes_fill_their_ranges() {
    let images = ALL.draw(&philox(), 0, 4000, 32).images;
    let check = |what: &str, value: fn(&Change) -> f32, low: f32, high: f32| {
        let values = images.iter().map(value);
        let (least, most) = values.fold((f32::MAX, f32::MIN), |(least, most), x| (least.min(x), most.max(x)));
        let slack = 0.01 * (high - low);
        assert!(
            low <= least && least < low + slack && high - slack < most && most <= high,
            "{what}: {least} to {most}"
        );
    };
    check("brightness", |change| change.brightness, -0.5, 0.5);
    check("saturation", |change| change.saturation, 0.0, 2.0);
    check("contrast", |change| change.contrast, 0.5, 1.5);
    check("rows", |change| change.shift[0] as f32, -8.0, 8.0);
    check("columns", |change| change.shift[1] as f32, -8.0, 8.0);
    check("hole", |change| (change.hole[0][1] - change.hole[0][0]) as f32, 8.0, 16.0);
}

#[test]
fn a_probability_leaves_the_others_alone() {
    let half = AugmentationConfig { probability: 0.25, ..ALL };
    let images = half.draw(&philox(), 0, 4000, 32).images;
    let share = |touched: fn(&Change) -> bool| images.iter().filter(|change| touched(change)).count() as f64 / 4000.0;
    for share in [share(|change| change.contrast != 1.0), share(|change| change.hole[0] != [0, 0])] {
        assert!((share - 0.25).abs() < 0.03, "{share}");
    }
    let never = AugmentationConfig { probability: 0.0, ..ALL };
    assert!(never.is_off() && never.draw(&philox(), 0, 9, 32).images.iter().all(|change| *change == NOTHING));
}

/// The derivative along a direction is the change over a step: every augmentation is linear in the image.
#[test]
fn gradients_are_the_slopes_that_differences_find() {
    let device = Device::flex();
    let random = || Tensor::<4>::random([4, 3, 8, 8], burn::tensor::Distribution::Uniform(-1.0, 1.0), &device);
    let (images, direction, upstream) = (random(), random(), random());
    let augmentation = ALL.draw(&philox(), 1, 4, 8);
    let loss = |images: Tensor<4>| (augmentation.apply(images) * upstream.clone()).sum().into_scalar::<f32>();
    let slope = (loss(images.clone() + direction.clone()) - loss(images.clone() - direction.clone())) / 2.0;
    let leaf = images.autodiff().require_grad();
    let gradients = (augmentation.apply(leaf.clone()) * upstream.clone().autodiff()).sum().backward();
    let claimed = (leaf.grad(&gradients).unwrap() * direction).sum().into_scalar::<f32>();
    assert!((slope - claimed).abs() < 1e-2 * slope.abs().max(1.0), "{slope} and {claimed}");
}

#[test]
fn impossible_settings_are_named() {
    let wrong = AugmentationConfig { probability: 1.5, translation: -0.1, cutout: f64::NAN, ..ALL };
    let problems = wrong.problems();
    for (problem, key) in problems.iter().zip(["probability", "translation", "cutout"]) {
        assert!(problem.starts_with(&format!("augmentation.{key} is ")), "{problem}");
    }
    assert_eq!(problems.len(), 3);
    assert_eq!(ALL.problems(), [""; 0]);
}
