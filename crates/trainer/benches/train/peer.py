"""A training step of the same networks in PyTorch: prints what steps took, as JSON. Started by the benchmark `train`."""

import argparse
import json
import resource
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--way", choices=["eager", "frozen", "compiled"])
parser.add_argument("--precision", choices=["f32", "tf32", "bf16"])
parser.add_argument("--device")
for name in ["threads", "side", "batch", "steps"]:
    parser.add_argument(f"--{name}", type=int)
parser.add_argument("--generator", choices=["dcgan", "upsample"], default="dcgan")
parser.add_argument("--norm", choices=["batch", "none"], default="batch", help="the discriminator's")
parser.add_argument("--objective", choices=["non-saturating", "relativistic"], default="non-saturating")
parser.add_argument("--bases", type=int, nargs=2, default=[64, 64], help="channels of the finest features: G's and D's")
parser.add_argument("--r1", type=float, default=0.0)
parser.add_argument("--every", type=int, default=1, help="steps from one penalty to the next")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
device = torch.device("cpu" if options.device == "cpu" else "cuda")
on_gpu = device.type == "cuda"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.precision != "f32"
torch.backends.cudnn.benchmark = True
LATENT = 100
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


def stages():
    """Sides of 4 or 3 times a power of two, as the networks have them: the coarsest side and the doublings."""
    start = 4 if options.side & (options.side - 1) == 0 else 3
    return start, (options.side // start).bit_length() - 1


def generator():
    start, doublings = stages()
    widths = [options.bases[0] << (doublings - 1 - stage) for stage in range(doublings)]
    layers = [nn.ConvTranspose2d(LATENT, widths[0], start, 1, 0, bias=False)]
    if options.generator == "upsample":
        layers += [nn.BatchNorm2d(widths[0]), nn.ReLU(True)]
        # The finest two stages are as wide as each other.
        for before, after in zip(widths, widths[1:] + widths[-1:]):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, 1, 1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(True)]
        return nn.Sequential(*layers, nn.Conv2d(widths[-1], 3, 3, 1, 1), nn.Tanh())
    for before, after in zip(widths, widths[1:] + [3]):
        layers += [nn.BatchNorm2d(before), nn.ReLU(True), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator():
    start, doublings = stages()
    widths = [options.bases[1] << stage for stage in range(doublings)]
    bias = options.norm == "none"
    layers = [nn.Conv2d(3, widths[0], 4, 2, 1, bias=bias), nn.LeakyReLU(0.2, True)]
    for before, after in zip(widths, widths[1:]):
        norm = [] if bias else [nn.BatchNorm2d(after)]
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=bias), *norm, nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, start, 1, 0, bias=bias), nn.Flatten(0))


before = memory_mib("VmRSS")
makes, judges = generator().to(device), discriminator().to(device)
if on_gpu:
    makes, judges = (network.to(memory_format=torch.channels_last) for network in (makes, judges))
for module in list(makes.modules()) + list(judges.modules()):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0, 0.02)
average = [weight.detach().clone() for weight in makes.parameters()]
adams = [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in (makes, judges)]
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


def step(index, lap):
    adams[1].zero_grad(set_to_none=True)
    latents = torch.randn(options.batch, LATENT, 1, 1, device=device)
    real = pictures[index % len(pictures)].detach()
    loss, fake = discriminator_loss(real, latents, options.r1 > 0 and index % options.every == 0)
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
