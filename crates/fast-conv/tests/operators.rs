//! The operators and their gradients against burn's own, and against finite differences.
#![allow(clippy::unwrap_used)]

use burn::tensor::{
    Device, Distribution, FloatDType, Tensor, module,
    ops::{ConvOptions, ConvTransposeOptions, PadMode},
};
use fast_conv::{ConvolutionOptions, Padding, Precision, batch_norm, conv_transpose2d, conv2d, leaky_relu};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Operator {
    Convolution,
    Transposed,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    operator: Operator,
    batch: usize,
    inputs: usize,
    outputs: usize,
    side: usize,
    kernel: usize,
    stride: usize,
    padding: Padding,
    precision: Precision,
}

impl Case {
    fn weight_shape(self) -> [usize; 4] {
        match self.operator {
            Operator::Convolution => [self.outputs, self.inputs, self.kernel, self.kernel],
            Operator::Transposed => [self.inputs, self.outputs, self.kernel, self.kernel],
        }
    }

    fn fast(self, x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        let options =
            ConvolutionOptions { precision: self.precision, ..ConvolutionOptions::new([self.stride; 2], self.padding) };
        match self.operator {
            Operator::Convolution => conv2d(x, weight, bias, options),
            Operator::Transposed => conv_transpose2d(x, weight, bias, options),
        }
    }

    fn burn(self, x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
        let Padding { top, left, bottom, right } = self.padding;
        let stride = [self.stride; 2];
        match self.operator {
            Operator::Convolution => {
                let x = x.pad([(top, bottom), (left, right)], PadMode::Constant(0.0));
                module::conv2d(x, weight, bias, ConvOptions::new(stride, [0, 0], [1, 1], 1))
            }
            Operator::Transposed => {
                let options = ConvTransposeOptions::new(stride, [0, 0], [0, 0], [1, 1], 1);
                let whole = module::conv_transpose2d(x, weight, bias, options);
                let [_, _, height, width] = whole.dims();
                whole.narrow(2, top, height - top - bottom).narrow(3, left, width - left - right)
            }
        }
    }

    /// Whether both operators accept it.
    fn fits(self) -> bool {
        let Padding { top, left, bottom, right } = self.padding;
        [top + bottom, left + right].into_iter().all(|padding| match self.operator {
            Operator::Convolution => self.side + padding >= self.kernel,
            Operator::Transposed => (self.side - 1) * self.stride + self.kernel > padding,
        })
    }
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn check_close<const D: usize>(what: &str, case: Case, found: Tensor<D>, expected: Tensor<D>) {
    assert_eq!(found.dims(), expected.dims(), "{what} of {case:?}");
    let (found, expected) = (values(found), values(expected));
    let largest = expected.iter().fold(1e-6f32, |largest, x| largest.max(x.abs()));
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-4 * largest, "{what}: {found} instead of {expected} for {case:?}");
    }
}

/// Outputs and all gradients on a device against burn's own operators on the CPU, the output's gradient being random. burn's get
/// what is multiplied rounded already.
fn check_on(device: &Device, case: Case) {
    let multiplied = |tensor: Tensor<4>| match case.precision {
        Precision::Single => tensor,
        Precision::Bf16 => tensor.cast(FloatDType::BF16).cast(FloatDType::F32),
    };
    let plain = Device::flex();
    let x: Tensor<4> = random([case.batch, case.inputs, case.side, case.side], &plain);
    let weight: Tensor<4> = random(case.weight_shape(), &plain);
    let bias: Tensor<1> = random([case.outputs], &plain);
    check_close(
        "output without autodiff",
        case,
        case.fast(x.clone().to_device(device), weight.clone().to_device(device), None),
        case.burn(multiplied(x.clone()), multiplied(weight.clone()), None),
    );
    let leaves = |device: &Device, [x, weight]: [&Tensor<4>; 2]| {
        let device = device.clone().autodiff();
        let on = |tensor: Tensor<4>| Tensor::<4>::from_data(tensor.into_data(), &device).require_grad();
        let bias = Tensor::<1>::from_data(bias.clone().into_data(), &device).require_grad();
        (on(x.clone()), on(weight.clone()), bias)
    };
    let fast = leaves(device, [&x, &weight]);
    let reference = leaves(&plain, [&multiplied(x.clone()), &multiplied(weight.clone())]);
    let found = case.fast(fast.0.clone(), fast.1.clone(), Some(fast.2.clone()));
    let expected = case.burn(reference.0.clone(), reference.1.clone(), Some(reference.2.clone()));
    check_close("output", case, found.clone().inner(), expected.clone().inner());
    let upstream: Tensor<4> = random(found.dims(), &plain);
    let on = |tensor: &Tensor<4>, device| Tensor::<4>::from_data(tensor.clone().into_data(), &device);
    let found = (found * on(&upstream, device.clone().autodiff())).sum().backward();
    let expected = (expected * on(&multiplied(upstream.clone()), plain.autodiff())).sum().backward();
    let gradients = |name, a: Option<Tensor<4>>, b: Option<Tensor<4>>| check_close(name, case, a.unwrap(), b.unwrap());
    gradients("input's gradient", fast.0.grad(&found), reference.0.grad(&expected));
    gradients("weight's gradient", fast.1.grad(&found), reference.1.grad(&expected));
    let of_bias = upstream.sum_dim(0).sum_dim(2).sum_dim(3).reshape([fast.2.dims()[0]]);
    check_close("bias's gradient", case, fast.2.grad(&found).unwrap(), of_bias);
}

fn check(case: Case) {
    check_on(&Device::flex(), case);
}

/// A grouped convolution of stride 1 that keeps the side, and all its gradients, by ours and by burn's own.
fn check_groups(groups: usize, [batch, inputs, outputs, side]: [usize; 4], kernel: usize) {
    let device = Device::flex();
    let (x, weight): (Tensor<4>, Tensor<4>) = (
        random([batch, groups * inputs, side, side], &device),
        random([groups * outputs, inputs, kernel, kernel], &device),
    );
    let bias: Tensor<1> = random([groups * outputs], &device);
    let upstream: Tensor<4> = random([batch, groups * outputs, side, side], &device);
    let passes = |is_fast: bool| {
        let (x, weight) = (x.clone().autodiff().require_grad(), weight.clone().autodiff().require_grad());
        let bias = bias.clone().autodiff().require_grad();
        let (at, filter, shift) = (x.clone(), weight.clone(), Some(bias.clone()));
        let output = if is_fast {
            let options = ConvolutionOptions { groups, ..ConvolutionOptions::new([1, 1], Padding::all(kernel / 2)) };
            conv2d(at, filter, shift, options)
        } else {
            module::conv2d(at, filter, shift, ConvOptions::new([1, 1], [kernel / 2; 2], [1, 1], groups))
        };
        let gradients = (output.clone() * upstream.clone().autodiff()).sum().backward();
        let of_bias = values(bias.grad(&gradients).unwrap());
        let [x, weight] = [x, weight].map(|leaf| values(leaf.grad(&gradients).unwrap()));
        [values(output.inner()), x, weight, of_bias]
    };
    for (found, expected) in passes(true).into_iter().zip(passes(false)) {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(1e-6f32, |largest, x| largest.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            let error = (found - expected).abs();
            assert!(error <= 1e-4 * largest, "{found} instead of {expected}: {groups} groups, kernel {kernel}");
        }
    }
}

fn case(operator: Operator, [inputs, outputs, side]: [usize; 3], kernel: usize, padding: Padding) -> Case {
    Case { operator, batch: 2, inputs, outputs, side, kernel, stride: 2, padding, precision: Precision::Single }
}

#[test]
fn same_padding_halves_and_doubles() {
    for kernel in [3, 4, 5] {
        let padding = Padding::same(kernel, 2);
        let halving = case(Operator::Convolution, [17, 33, 12], kernel, padding);
        let doubling = case(Operator::Transposed, [33, 17, 6], kernel, padding);
        let plain = Device::flex();
        let halved = halving.fast(random([2, 17, 12, 12], &plain), random(halving.weight_shape(), &plain), None);
        let doubled = doubling.fast(random([2, 33, 6, 6], &plain), random(doubling.weight_shape(), &plain), None);
        assert_eq!((halved.dims(), doubled.dims()), ([2, 33, 6, 6], [2, 17, 12, 12]), "kernel {kernel}");
        check(halving);
        check(doubling);
    }
}

/// The derivative along a direction is the change over a small step. The operators are linear in each argument, so the
/// step may be large, and only rounding is left.
#[test]
fn gradients_are_the_slopes_that_differences_find() {
    let device = Device::flex().autodiff();
    let plain = Device::flex();
    for operator in [Operator::Convolution, Operator::Transposed] {
        let case = case(operator, [19, 21, 8], 4, Padding::all(1));
        let start: [Tensor<4>; 2] = [random([2, 19, 8, 8], &plain), random(case.weight_shape(), &plain)];
        let upstream: Tensor<4> = random(case.fast(start[0].clone(), start[1].clone(), None).dims(), &plain);
        let [x, weight] = start.clone().map(|t| Tensor::<4>::from_data(t.into_data(), &device).require_grad());
        let tape = Tensor::<4>::from_data(upstream.clone().into_data(), &device);
        let gradients = (case.fast(x.clone(), weight.clone(), None) * tape).sum().backward();
        let gradients = [x.grad(&gradients).unwrap(), weight.grad(&gradients).unwrap()];
        for argument in 0..2 {
            let direction: Tensor<4> = random(start[argument].dims(), &plain);
            let loss = |sign: f32| {
                let mut moved = start.clone();
                moved[argument] = moved[argument].clone() + direction.clone() * sign;
                let [x, weight] = moved;
                f64::from((case.fast(x, weight, None) * upstream.clone()).sum().into_scalar::<f32>())
            };
            let slope = (loss(1.0) - loss(-1.0)) / 2.0;
            let claimed = f64::from((gradients[argument].clone() * direction.clone()).sum().into_scalar::<f32>());
            assert!(
                (slope - claimed).abs() < 2e-3 * slope.abs().max(10.0),
                "{operator:?}, argument {argument}: {slope}, {claimed}"
            );
        }
    }
}

#[test]
fn only_wanted_gradients_come_back() {
    let device = Device::flex().autodiff();
    for operator in [Operator::Convolution, Operator::Transposed] {
        let case = case(operator, [16, 16, 8], 4, Padding::all(1));
        for tracked in 0..2 {
            let mut leaves: [Tensor<4>; 2] = [random([2, 16, 8, 8], &device), random(case.weight_shape(), &device)];
            leaves[tracked] = leaves[tracked].clone().require_grad();
            let [x, weight] = leaves.clone();
            let gradients = case.fast(x, weight, None).sum().backward();
            assert!(leaves[tracked].grad(&gradients).is_some(), "{operator:?}");
            assert!(leaves[1 - tracked].grad(&gradients).is_none(), "{operator:?}");
        }
    }
}

#[test]
fn tensors_that_are_views_are_read_as_what_they_show() {
    let plain = Device::flex();
    let case = case(Operator::Convolution, [18, 20, 8], 4, Padding::all(1));
    let wide: Tensor<4> = random([3, 18, 8, 11], &plain);
    let weight: Tensor<4> = random([18, 20, 4, 4], &plain).swap_dims(0, 1);
    let tall: Tensor<4> = random([3, 18, 8, 8], &plain);
    for view in [wide.narrow(3, 2, 8), tall.narrow(0, 1, 2)] {
        let (weight, view) = (weight.clone(), view);
        check_close("output", case, case.fast(view.clone(), weight.clone(), None), case.burn(view, weight, None));
    }
}

/// Gradients of a small network, on a pool of its own.
fn network_bits(threads: usize) -> Vec<u32> {
    let plain = Device::flex();
    let ramp = |shape: [usize; 4], step: f32| -> Tensor<4> {
        let length = shape.iter().product::<usize>();
        let values: Vec<f32> = (0..length).map(|i| (i as f32 * step).sin()).collect();
        Tensor::from_data(burn::tensor::TensorData::new(values, shape), &plain).autodiff().require_grad()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let x = ramp([33, 20, 16, 16], 0.37);
        let (down, up) = (ramp([40, 20, 4, 4], 0.11), ramp([40, 20, 4, 4], 0.13));
        let scale = Tensor::<1>::ones([40], &plain).autodiff().require_grad();
        let options = ConvolutionOptions::new([2, 2], Padding::all(1));
        let small = conv2d(x.clone(), down.clone(), None, options);
        let small = leaky_relu(batch_norm(small, scale.clone(), scale.clone() * 0.1, 1e-5).output, 0.2);
        let big = conv_transpose2d(small, up.clone(), None, options);
        let gradients = (big.clone() * big).sum().backward();
        let gradients = [x, down, up].map(|leaf| values(leaf.grad(&gradients).unwrap()));
        gradients.concat().into_iter().map(f32::to_bits).collect()
    })
}

#[test]
fn a_network_has_the_same_gradients_on_any_number_of_threads() {
    let alone = network_bits(1);
    assert!(alone.iter().any(|bits| *bits != 0));
    for threads in [2, 5] {
        assert!(network_bits(threads) == alone, "{threads} threads");
    }
}

/// On the device that `BURN_DEVICE` names, `wgpu` or `cuda`; `CUBECL_WGPU_DEFAULT_DEVICE=Cpu` makes that a software
/// one.
#[cfg(feature = "cube")]
#[test]
fn a_gpu_computes_what_the_cpu_does() {
    if std::env::var_os("BURN_DEVICE").is_none() {
        eprintln!("skipped: BURN_DEVICE names no GPU");
        return;
    }
    let gpu = Device::default();
    let all = [Precision::Single, Precision::Bf16];
    let precisions = if gpu.supports_dtype(burn::tensor::DType::BF16) { &all[..] } else { &all[..1] };
    let uneven = Padding { top: 0, left: 2, bottom: 1, right: 0 };
    for (batch, [inputs, outputs, side], kernel, stride, padding) in [
        (2, [3, 8, 12], 4, 2, Padding::same(4, 2)),
        (16, [17, 5, 8], 5, 2, Padding::same(5, 2)),
        (2, [5, 4, 7], 3, 1, Padding::all(1)),
        (3, [2, 3, 6], 3, 2, uneven),
        (2, [4, 1, 4], 4, 1, Padding::default()),
    ] {
        for operator in [Operator::Convolution, Operator::Transposed] {
            for &precision in precisions {
                check_on(&gpu, Case { operator, batch, inputs, outputs, side, kernel, stride, padding, precision });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn any_shape_agrees_with_burn_s_operator(
        operator in prop_oneof![Just(Operator::Convolution), Just(Operator::Transposed)],
        (batch, inputs, outputs, side) in (1usize..5, 1usize..36, 1usize..36, 2usize..13),
        (kernel, stride) in (3usize..6, 1usize..3),
        (top, left, bottom, right) in (0usize..3, 0usize..3, 0usize..3, 0usize..3),
        precision in prop_oneof![Just(Precision::Single), Just(Precision::Bf16)],
    ) {
        let padding = Padding { top, left, bottom, right };
        let case = Case { operator, batch, inputs, outputs, side, kernel, stride, padding, precision };
        if case.fits() {
            check(case);
        }
    }

    #[test]
    fn any_groups_agree_with_burn_s_operator(
        groups in 1usize..9,
        shape in (1usize..4, 1usize..20, 1usize..20, 3usize..12).prop_map(<[usize; 4]>::from),
        kernel in prop_oneof![Just(1usize), Just(3)],
    ) {
        check_groups(groups, shape, kernel);
    }
}
