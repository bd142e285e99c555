"""A training step of the same networks in PyTorch: prints what steps took, as JSON. Started by the benchmark `train`."""

import argparse
import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--way", choices=["eager", "frozen", "compiled", "graphs"])
parser.add_argument("--precision", choices=["f32", "tf32", "bf16"])
parser.add_argument("--device")
for name in ["threads", "side", "batch", "steps"]:
    parser.add_argument(f"--{name}", type=int)
for network in ["generator", "discriminator"]:
    parser.add_argument(f"--{network}", choices=["dcgan", "upsample", "resnet"])
    parser.add_argument(f"--{network}-widths", type=int, nargs="+", help="of each stage, the coarsest first")
    parser.add_argument(f"--{network}-norm", choices=["batch", "none"])
    parser.add_argument(f"--{network}-groups", type=int)
parser.add_argument("--latent", type=int)
parser.add_argument("--objective", choices=["non-saturating", "relativistic"])
parser.add_argument("--adams", type=float, nargs=6, help="learning rate, beta_1 and beta_2 of G, then of D")
parser.add_argument("--r1", type=float)
parser.add_argument("--every", type=int, help="steps from one penalty to the next")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
device = torch.device("cpu" if options.device == "cpu" else "cuda")
on_gpu = device.type == "cuda"
if on_gpu and not torch.cuda.is_available():
    sys.exit("PyTorch finds no NVIDIA GPU")
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.precision != "f32"
torch.backends.cudnn.benchmark = True
WARM_UP = 2 * options.every


def wait():
    if on_gpu:
        torch.cuda.synchronize()


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory_mib(key):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024


class Block(nn.Module):
    """A residual block, and what changes its side and its number of channels."""

    def __init__(self, before, after, groups, resample):
        super().__init__()
        width = before if resample == "down" else after
        hidden = max(width // 2, 1)
        self.reduce, self.spatial = nn.Conv2d(width, hidden, 1), nn.Conv2d(hidden, hidden, 3, 1, 1, groups=groups)
        self.expand = nn.Conv2d(hidden, width, 1, bias=False)
        self.project = nn.Identity() if before == after else nn.Conv2d(before, after, 1, bias=False)
        self.resample = resample

    def block(self, x):
        hidden = F.leaky_relu(self.reduce(x), 0.2, inplace=True)
        return x + self.expand(F.leaky_relu(self.spatial(hidden), 0.2, inplace=True))

    def forward(self, x):
        if self.resample == "down":
            # With antialias this is the kernel 1, 3, 3, 1.
            return self.project(F.interpolate(self.block(x), scale_factor=0.5, mode="bilinear", antialias=True))
        x = self.project(x)
        return self.block(F.interpolate(x, scale_factor=2.0, mode="bilinear") if self.resample == "up" else x)


def activated(network, channels, slope):
    """What follows a convolution: BatchNorm, where the network has it, and leaky ReLU."""
    norm = [nn.BatchNorm2d(channels)] if getattr(options, f"{network}_norm") == "batch" else []
    return [*norm, nn.LeakyReLU(slope, True) if slope else nn.ReLU(True)]


def generator():
    widths, family = options.generator_widths, options.generator
    # 4 or 3 times a power of two.
    start = 4 if options.side & (options.side - 1) == 0 else 3
    bias = options.generator_norm == "none"
    layers = [nn.ConvTranspose2d(options.latent, widths[0], start, 1, 0, bias=bias or family == "resnet")]
    if family == "resnet":
        groups = options.generator_groups
        blocks = [Block(before, after, groups, "up") for before, after in zip(widths, widths[1:])]
        layers += [Block(widths[0], widths[0], groups, None), *blocks, nn.Conv2d(widths[-1], 3, 1)]
        return nn.Sequential(*layers, nn.Tanh())
    layers += activated("generator", widths[0], 0)
    for before, after in zip(widths, widths[1:]):
        if family == "upsample":
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, 1, 1, bias=bias)]
        else:
            layers += [nn.ConvTranspose2d(before, after, 4, 2, 1, bias=bias)]
        layers += activated("generator", after, 0)
    last = nn.Conv2d(widths[-1], 3, 3, 1, 1) if family == "upsample" else nn.ConvTranspose2d(widths[-1], 3, 4, 2, 1, bias=bias)
    return nn.Sequential(*layers, last, nn.Tanh())


def discriminator():
    widths = options.discriminator_widths[::-1]
    start = 4 if options.side & (options.side - 1) == 0 else 3
    bias = options.discriminator_norm == "none"
    if options.discriminator == "resnet":
        groups = options.discriminator_groups
        layers = [nn.Conv2d(3, widths[0], 1), *(Block(*pair, groups, "down") for pair in zip(widths, widths[1:]))]
        layers += [Block(widths[-1], widths[-1], groups, None)]
    else:
        layers = [nn.Conv2d(3, widths[0], 4, 2, 1, bias=bias), nn.LeakyReLU(0.2, True)]
        for before, after in zip(widths, widths[1:]):
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=bias), *activated("discriminator", after, 0.2)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, start, 1, 0, bias=bias), nn.Flatten(0))


before = memory_mib("VmRSS")
makes, judges = generator().to(device), discriminator().to(device)
if on_gpu:
    makes, judges = (network.to(memory_format=torch.channels_last) for network in (makes, judges))
for module in list(makes.modules()) + list(judges.modules()):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0, 0.02)
average = [weight.detach().clone() for weight in makes.parameters()]
adams = [
    torch.optim.Adam(network.parameters(), rate, (beta_1, beta_2), capturable=options.way == "graphs")
    for network, rate, beta_1, beta_2 in zip((makes, judges), *(options.adams[key::3] for key in range(3)))
]
pictures = [torch.rand(options.batch, 3, options.side, options.side, device=device) * 2 - 1 for _ in range(4)]
if on_gpu:
    pictures = [batch.to(memory_format=torch.channels_last) for batch in pictures]


def forward(network, values):
    with torch.autocast(device.type, torch.bfloat16, enabled=options.precision == "bf16"):
        return network(values).float()


def cross_entropy(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def discriminator_loss(real, latents, penalized):
    fake = forward(makes, latents)
    real = real.requires_grad_() if penalized else real
    of_real, of_fake = forward(judges, real), forward(judges, fake.detach())
    if options.objective == "relativistic":
        loss = F.softplus(of_fake - of_real).mean()
    else:
        loss = cross_entropy(of_real, 1.0) + cross_entropy(of_fake, 0.0)
    if penalized:
        (slope,) = torch.autograd.grad(of_real.sum(), real, create_graph=True)
        loss = loss + options.r1 / 2 * options.every * slope.square().flatten(1).sum(1).mean()
    return loss, fake


def generator_loss(fake, real):
    if options.objective == "relativistic":
        return F.softplus(forward(judges, real) - forward(judges, fake)).mean()
    return cross_entropy(forward(judges, fake), 1.0)


if options.way == "compiled":
    discriminator_loss, generator_loss = torch.compile(discriminator_loss), torch.compile(generator_loss)


def is_penalized(index):
    return options.r1 > 0 and index % options.every == 0


def step_on(real, penalized, lap):
    adams[1].zero_grad(set_to_none=True)
    latents = torch.randn(options.batch, options.latent, 1, 1, device=device)
    loss, fake = discriminator_loss(real.detach(), latents, penalized)
    loss.backward()
    lap("discriminator")
    adams[1].step()
    lap("optimizers")
    adams[0].zero_grad(set_to_none=True)
    judges.requires_grad_(options.way != "frozen")
    generator_loss(fake, real.detach()).backward()
    judges.requires_grad_(True)
    lap("generator")
    adams[0].step()
    lap("optimizers")
    with torch.no_grad():
        torch._foreach_lerp_(average, list(makes.parameters()), 0.01)
    lap("average")


def step(index, lap):
    step_on(pictures[index % len(pictures)], is_penalized(index), lap)


def replayed():
    """A step as a CUDA graph: one with a penalty and one without, where there are both. Its phases cannot be told apart."""
    real = pictures[0].clone()
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for index in range(WARM_UP + options.every):
            step(index, lambda phase: None)
    torch.cuda.current_stream().wait_stream(aside)
    recorded = {}
    for penalized in {is_penalized(index) for index in range(options.every)}:
        recorded[penalized] = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded[penalized]):
            step_on(real, penalized, lambda phase: None)

    def replay(index, lap):
        real.copy_(pictures[index % len(pictures)])
        recorded[is_penalized(index)].replay()

    return replay


if options.way == "graphs":
    step = replayed()

steps = []
for index in range(WARM_UP + options.steps):
    phases = dict.fromkeys(["discriminator", "generator", "optimizers", "average"], 0.0)
    wait()
    started, cpu_started = time.perf_counter(), cpu()
    last = started

    def lap(phase):
        global last
        wait()
        now = time.perf_counter()
        phases[phase] += 1e3 * (now - last)
        last = now

    step(index, lap)
    steps.append({**phases, "wall": 1e3 * (time.perf_counter() - started), "cpu": 1e3 * (cpu() - cpu_started)})
steps = steps[WARM_UP:]
memory = memory_mib("VmHWM") - before
if on_gpu:
    started, cpu_started = time.perf_counter(), cpu()
    for index in range(options.steps):
        step(index, lambda phase: None)
    wait()
    taken = {"wall": time.perf_counter() - started, "cpu": cpu() - cpu_started}
    steps = [{**one, **{key: 1e3 * value / options.steps for key, value in taken.items()}} for one in steps]

left, right = torch.randn(2048, 2048, device=device), torch.randn(2048, 2048, device=device)
best = float("inf")
for _ in range(6):
    started = time.perf_counter()
    for _ in range(4):
        left @ right
    wait()
    best = min(best, (time.perf_counter() - started) / 4)
print(json.dumps({"steps": steps, "memory_mib": memory, "matmul_gflops": 2e-9 * 2048**3 / best}))
