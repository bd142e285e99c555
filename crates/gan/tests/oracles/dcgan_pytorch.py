"""Records what PyTorch computes for two tiny DCGANs: the goldens of tests/parity.rs.

    pip install torch numpy safetensors
    python3 crates/gan/tests/oracles/dcgan_pytorch.py crates/gan/tests/goldens

For each case: `generator.safetensors` and `discriminator.safetensors` (the weights to begin with, with the metadata that
the crate reads), and `expected.safetensors`: inputs, images and logits at rest and in training, losses, gradients and the
weights after one Adam step of each network. The layers are written independently of the crate's: the transposed
convolution is the full one, sliced; SAME padding is a separate pad; the projection is a Linear.
"""

import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

BATCH = 3
SMOOTHING = 0.1
LEARNING_RATE = 2e-3


class BatchNorm(nn.BatchNorm2d):
    """PyTorch's, but for its running variance: the biased one, as TensorFlow and burn have it."""

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(variance, self.momentum)
            return F.batch_norm(x, None, None, self.weight, self.bias, True, 0.0, self.eps)
        return super().forward(x)


class Up(nn.Module):
    """A transposed convolution: full, then sliced to twice the side."""

    def __init__(self, source, target, kernel, bias, norm):
        super().__init__()
        self.conv = nn.ConvTranspose2d(source, target, kernel, stride=2, bias=bias)
        self.norm = BatchNorm(target) if norm else None

    def forward(self, x):
        begin, side = (self.conv.kernel_size[0] - 2) // 2, 2 * x.shape[2]
        x = self.conv(x)[:, :, begin : begin + side, begin : begin + side]
        return F.relu(self.norm(x)) if self.norm else torch.tanh(x)


class Down(nn.Module):
    """A convolution with SAME padding."""

    def __init__(self, source, target, kernel, bias, norm):
        super().__init__()
        self.conv = nn.Conv2d(source, target, kernel, stride=2, bias=bias)
        self.norm = BatchNorm(target) if norm else None

    def forward(self, x):
        total = self.conv.kernel_size[0] - 2
        x = self.conv(F.pad(x, [total // 2, total - total // 2] * 2))
        return F.leaky_relu(self.norm(x) if self.norm else x, 0.2)


class Projection(nn.Module):
    """A linear map to the coarsest features, with a bias for each output where `bias` says so."""

    def __init__(self, latent, channels, start, bias):
        super().__init__()
        self.linear = nn.Linear(latent, channels * start * start, bias=bias)
        self.norm = BatchNorm(channels)
        self.shape = (channels, start, start)

    def forward(self, z):
        return F.relu(self.norm(self.linear(z).reshape(-1, *self.shape)))


class Generator(nn.Module):
    def __init__(self, case):
        super().__init__()
        widths = case["widths"]
        layers = [Projection(case["latent"], widths[0], case["start"], case["bias"])]
        layers += [Up(a, b, case["kernel"], case["bias"], True) for a, b in zip(widths, widths[1:])]
        self.layers = nn.ModuleList(layers + [Up(widths[-1], 3, case["kernel"], case["bias"], False)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Discriminator(nn.Module):
    def __init__(self, case):
        super().__init__()
        widths = [3] + case["widths"][::-1]
        pairs = enumerate(zip(widths, widths[1:]))
        self.layers = nn.ModuleList(Down(a, b, case["kernel"], case["bias"], i > 0) for i, (a, b) in pairs)
        self.head = nn.Conv2d(widths[-1], 1, case["start"], bias=case["bias"])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x).flatten()


def randomize(network):
    """Weights large enough that every layer matters, and running statistics away from N(0, 1)."""
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif "norm.weight" in name:
            tensor.normal_(1.0, 0.2)
        elif tensor.is_floating_point():
            tensor.normal_(0.0, 0.2)


def exported(tensors, shape):
    """Under the crate's names: a Linear is a transposed convolution of a 1x1 input."""
    out = {}
    for name, tensor in tensors:
        if name.endswith("num_batches_tracked"):
            continue
        if name.endswith("linear.weight"):
            name, tensor = name.replace("linear", "conv"), tensor.t().reshape(tensor.shape[1], *shape)
        if name.endswith("linear.bias"):
            name, tensor = name.replace("linear.bias", "position_bias"), tensor.reshape(shape)
        out[name] = tensor.detach().clone().contiguous()
    return out


def thinned(images):
    """Every seventh value: the files stay small."""
    return images.flatten()[::7]


def prefixed(prefix, tensors):
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def record(case, folder):
    torch.manual_seed(20170112)
    os.makedirs(folder, exist_ok=True)
    generator, discriminator = Generator(case), Discriminator(case)
    randomize(generator), randomize(discriminator)
    shape = generator.layers[0].shape
    metadata = {
        "recipe": case["recipe"], "family": case["family"], "resolution": str(case["side"]),
        "base_channels": str(case["widths"][-1]), "kernel": str(case["kernel"]), "format": "pt",
    }
    latent = {"latent_size": str(case["latent"]), "latent_distribution": "normal"}
    weights = lambda network: exported(network.state_dict().items(), shape)
    gradients = lambda network: exported(((n, p.grad) for n, p in network.named_parameters()), shape)
    save_file(weights(generator), f"{folder}/generator.safetensors", {**metadata, **latent, "network": "generator"})
    save_file(weights(discriminator), f"{folder}/discriminator.safetensors", {**metadata, "network": "discriminator"})

    latents = torch.randn(BATCH, case["latent"])
    count = BATCH * 3 * case["side"] ** 2
    real = torch.sin(torch.arange(count, dtype=torch.float64)).float().reshape(BATCH, 3, case["side"], case["side"])
    expected = {"latents": latents}
    with torch.no_grad():
        generator.eval(), discriminator.eval()
        expected["rest.pictures"], expected["rest.logits"] = thinned(generator(latents)), discriminator(real)
    generator.train(), discriminator.train()

    bce = F.binary_cross_entropy_with_logits
    adam = lambda network: torch.optim.Adam(network.parameters(), LEARNING_RATE, (0.5, 0.999), 1e-8)
    adam_d, adam_g = adam(discriminator), adam(generator)
    fake = generator(latents)
    expected["train.pictures"] = thinned(fake.detach())
    real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
    expected["train.real_logits"], expected["train.fake_logits"] = real_logits.detach(), fake_logits.detach()
    target = torch.full_like(real_logits, 1 - SMOOTHING)
    loss = bce(real_logits, target) + bce(fake_logits, torch.zeros_like(fake_logits))
    loss.backward()
    expected["discriminator.loss"] = loss.detach()
    expected.update(prefixed("discriminator.gradient", gradients(discriminator)))
    adam_d.step()
    expected.update(prefixed("discriminator.updated", weights(discriminator)))

    logits = discriminator(fake)
    loss = bce(logits, torch.ones_like(logits))
    generator.zero_grad()
    loss.backward()
    expected["generator.loss"] = loss.detach()
    expected.update(prefixed("generator.gradient", gradients(generator)))
    adam_g.step()
    expected.update(prefixed("generator.updated", weights(generator)))
    expected = {name: tensor.reshape(tensor.shape or (1,)).contiguous() for name, tensor in expected.items()}
    save_file(expected, f"{folder}/expected.safetensors", {"torch": torch.__version__})


CASES = {
    "dcgan_16": dict(
        recipe="dcgan", family="dcgan", side=16, start=4, widths=[4, 2], kernel=4, latent=4, bias=False),
    "dcgan_24": dict(
        recipe="dcgan", family="dcgan", side=24, start=3, widths=[4, 2, 1], kernel=4, latent=4, bias=False),
    "tutorial_32": dict(
        recipe="dcgan-tutorial", family="tensorflow-dcgan", side=32, start=2, widths=[8, 4, 2, 1], kernel=5, latent=4,
        bias=True),
}

if __name__ == "__main__":
    for name, case in CASES.items():
        record(case, os.path.join(sys.argv[1], name))
