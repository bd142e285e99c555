"""Records what PyTorch computes for the newer families and for slope penalties: goldens of tests/parity.rs.

    pip install torch numpy safetensors
    python3 crates/gan/tests/oracles/modern_pytorch.py crates/gan/tests/goldens

`upsample_16`: a generator's weights, its samples at rest and in training, and the gradients of their mean square. Pixels are
repeated and convolved in two steps, where the crate does it in one.
`penalties_dcgan_16`, `penalties_resnet_16` and `penalties_spectral_16`: a discriminator without BatchNorm, its logits, and
both penalties with their gradients by differentiating twice, where the crate differentiates once.
`penalties_smooth`: the same of a discriminator without kinks, in double precision.
`spectral_16`: a discriminator under torch's own spectral normalization, its logits and gradients in training, which makes a
power iteration first, and the singular vectors that this leaves.
"""

import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import spectral_norm
from safetensors.torch import save_file

from dcgan_pytorch import BatchNorm, exported, prefixed, randomize, thinned

BATCH = 3
SIDE = 16


def conv(source, target, kernel, bias):
    return nn.Conv2d(source, target, kernel, padding=kernel // 2, bias=bias)


class Projection(nn.Module):
    def __init__(self, latent, channels):
        super().__init__()
        self.linear = nn.Linear(latent, channels * 16, bias=False)
        self.norm = BatchNorm(channels)
        self.shape = (channels, 4, 4)

    def forward(self, z):
        return F.relu(self.norm(self.linear(z).reshape(-1, *self.shape)))


class Upsampled(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        self.conv = conv(source, target, 3, False)
        self.norm = BatchNorm(target)

    def forward(self, x):
        return F.relu(self.norm(self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))))


class ToRgb(nn.Module):
    def __init__(self, source):
        super().__init__()
        self.conv = conv(source, 3, 3, True)

    def forward(self, x):
        return torch.tanh(self.conv(x))


class Generator(nn.Module):
    def __init__(self, latent, widths):
        super().__init__()
        hidden = [Upsampled(a, b) for a, b in zip(widths, widths[1:])]
        self.layers = nn.ModuleList([Projection(latent, widths[0]), *hidden, ToRgb(widths[-1])])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Strided(nn.Module):
    def __init__(self, source, target):
        super().__init__()
        self.conv = nn.Conv2d(source, target, 4, stride=2, padding=1)

    def forward(self, x):
        return F.leaky_relu(self.conv(x), 0.2)


class Color(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.color = conv(3, channels, 1, True)

    def forward(self, x):
        return self.color(x)


class Residual(nn.Module):
    def __init__(self, source, target, down):
        super().__init__()
        self.reduce, self.spatial = conv(source, source // 2, 1, True), conv(source // 2, source // 2, 3, True)
        self.expand = conv(source // 2, source, 1, False)
        self.project = conv(source, target, 1, False) if source != target else None
        self.down = down

    def forward(self, x):
        x = x + self.expand(F.leaky_relu(self.spatial(F.leaky_relu(self.reduce(x), 0.2)), 0.2))
        if self.down:
            tap = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
            kernel = torch.outer(tap, tap).expand(x.shape[1], 1, 4, 4)
            x = F.conv2d(x, kernel, stride=2, padding=1, groups=x.shape[1])
        return self.project(x) if self.project else x


class Discriminator(nn.Module):
    def __init__(self, layers, channels):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.head = nn.Conv2d(channels, 1, 4)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x).flatten()


class Smooth(nn.Module):
    """Two convolutions with tanh between and after them."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 2, 4)

    def forward(self, x):
        return torch.tanh(self.second(torch.tanh(self.first(x)))).flatten(1).sum(1)


def described(family, network, base, kernel, **more):
    return {
        "format": "pt", "network": network, "recipe": "modern", "family": family, "resolution": str(SIDE),
        "base_channels": str(base), "kernel": str(kernel), **more,
    }


def save(folder, name, tensors, metadata):
    os.makedirs(folder, exist_ok=True)
    tensors = {name: tensor.detach().reshape(tensor.shape or (1,)).contiguous() for name, tensor in tensors.items()}
    save_file(tensors, f"{folder}/{name}.safetensors", metadata)


def gradients(network, shape=None):
    return exported(((name, parameter.grad) for name, parameter in network.named_parameters()), shape)


def record_generator(folder):
    torch.manual_seed(20241202)
    generator = Generator(4, [8, 4, 4])
    randomize(generator)
    shape = generator.layers[0].shape
    latent = {"latent_size": "4", "latent_distribution": "normal"}
    weights = exported(generator.state_dict().items(), shape)
    save(folder, "generator", weights, {**described("upsample", "generator", 4, 3), **latent})
    latents = torch.randn(BATCH, 4)
    expected = {"latents": latents, "rest.samples": thinned(generator.eval()(latents))}
    samples = generator.train()(latents)
    expected["train.samples"] = thinned(samples)
    samples.square().mean().backward()
    expected.update(prefixed("gradient", gradients(generator, shape)))
    save(folder, "expected", expected, {"torch": torch.__version__})


def inputs(side):
    count = BATCH * 3 * side**2
    return torch.sin(torch.arange(count, dtype=torch.float64)).reshape(BATCH, 3, side, side)


def penalties(discriminator, images):
    expected = {}
    for name, penalty in {"zero": lambda n: n**2 / 2, "one": lambda n: (n - 1) ** 2}.items():
        discriminator.zero_grad()
        leaf = images.clone().requires_grad_()
        (slope,) = torch.autograd.grad(discriminator(leaf).sum(), leaf, create_graph=True)
        value = penalty(slope.flatten(1).norm(dim=1)).mean()
        value.backward()
        expected[f"{name}.value"] = value
        named = ((n, p.grad if p.grad is not None else torch.zeros_like(p)) for n, p in discriminator.named_parameters())
        expected.update(prefixed(f"{name}.gradient", exported(renamed(named), None)))
    return expected


def record_penalties(folder, discriminator, metadata):
    randomize(discriminator)
    save(folder, "discriminator", exported(renamed(discriminator.state_dict().items()), None), metadata)
    images = inputs(SIDE).float()
    # At rest spectral normalization leaves its vectors alone.
    expected = {"logits": discriminator.eval()(images), **penalties(discriminator, images)}
    save(folder, "expected", expected, {"torch": torch.__version__})


def record_smooth(folder):
    torch.manual_seed(20241204)
    smooth = Smooth().double()
    # Weights that f32 holds, so that both precisions begin at the same.
    weights = {name: tensor.float().double() for name, tensor in smooth.state_dict().items()}
    smooth.load_state_dict(weights)
    images = inputs(8)
    save(folder, "discriminator", weights, {})
    expected = {"logits": smooth(images), **penalties(smooth, images)}
    save(folder, "expected", expected, {"torch": torch.__version__})


def renamed(tensors):
    """Under the crate's names: what a weight is made of lies below it."""
    for name, tensor in tensors:
        name = name.replace("parametrizations.weight.original", "weight")
        yield name.replace("parametrizations.weight.0._", "weight.spectral_norm."), tensor


def spectral():
    network = Discriminator([Strided(3, 4), Strided(4, 8)], 8)
    for module in [network.layers[0].conv, network.layers[1].conv, network.head]:
        spectral_norm(module)
    return network


def record_spectral(folder, metadata):
    network = spectral()
    # Other weights than those whose vectors there are: an iteration has something to do.
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0.0, 0.2)
    state = lambda: exported(renamed(network.state_dict().items()), None)
    save(folder, "discriminator", state(), metadata)
    images = inputs(SIDE).float()
    expected = {"rest.logits": network.eval()(images)}
    logits = network.train()(images)
    expected["train.logits"] = logits
    logits.square().mean().backward()
    named = ((name, parameter.grad) for name, parameter in network.named_parameters())
    expected.update(prefixed("gradient", exported(renamed(named), None)))
    vectors = {name: tensor for name, tensor in state().items() if "spectral_norm" in name}
    expected.update(prefixed("vectors", vectors))
    expected["settled.logits"] = network.eval()(images)
    save(folder, "expected", expected, {"torch": torch.__version__})


if __name__ == "__main__":
    goldens = sys.argv[1]
    record_generator(f"{goldens}/upsample_16")
    torch.manual_seed(20241203)
    plain = Discriminator([Strided(3, 4), Strided(4, 8)], 8)
    record_penalties(f"{goldens}/penalties_dcgan_16", plain, described("dcgan", "discriminator", 4, 4, norm="none"))
    blocks = [Color(4), Residual(4, 4, True), Residual(4, 8, True), Residual(8, 8, False)]
    residual = Discriminator(blocks, 8)
    record_penalties(f"{goldens}/penalties_resnet_16", residual, described("resnet", "discriminator", 4, 3))
    bounded = described("dcgan", "discriminator", 4, 4, norm="spectral")
    record_spectral(f"{goldens}/spectral_16", bounded)
    record_penalties(f"{goldens}/penalties_spectral_16", spectral(), bounded)
    record_smooth(f"{goldens}/penalties_smooth")
