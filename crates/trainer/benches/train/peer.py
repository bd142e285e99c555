"""A training step of the same DCGAN in PyTorch: prints what steps took, as JSON. Started by the benchmark `train`."""

import argparse
import json
import resource
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--way", choices=["eager", "frozen"])
for name in ["threads", "side", "batch", "steps"]:
    parser.add_argument(f"--{name}", type=int)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
BASE, LATENT, WARM_UP = 64, 100, 2


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
    widths = [BASE << (doublings - 1 - stage) for stage in range(doublings)]
    layers = [nn.ConvTranspose2d(LATENT, widths[0], start, 1, 0, bias=False)]
    for before, after in zip(widths, widths[1:] + [3]):
        layers += [nn.BatchNorm2d(before), nn.ReLU(True), nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)]
    return nn.Sequential(*layers, nn.Tanh())


def discriminator():
    start, doublings = stages()
    widths = [BASE << stage for stage in range(doublings)]
    layers = [nn.Conv2d(3, widths[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, start, 1, 0, bias=False), nn.Flatten(0))


before = memory_mib("VmRSS")
makes, judges = generator(), discriminator()
for module in list(makes.modules()) + list(judges.modules()):
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0, 0.02)
average = [weight.detach().clone() for weight in makes.parameters()]
adams = [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999)) for network in (makes, judges)]
cross_entropy = F.binary_cross_entropy_with_logits
steps = []
for index in range(WARM_UP + options.steps):
    real = torch.rand(options.batch, 3, options.side, options.side) * 2 - 1
    latents = torch.randn(options.batch, LATENT, 1, 1)
    phases = dict.fromkeys(["discriminator", "generator", "optimizers", "average"], 0.0)
    started, cpu_started = time.perf_counter(), cpu()
    last = started

    def lap(phase):
        global last
        now = time.perf_counter()
        phases[phase] += 1e3 * (now - last)
        last = now

    adams[1].zero_grad(set_to_none=True)
    fake = makes(latents)
    judged = judges(real), judges(fake.detach())
    loss = cross_entropy(judged[0], torch.ones_like(judged[0])) + cross_entropy(judged[1], torch.zeros_like(judged[1]))
    loss.backward()
    lap("discriminator")
    adams[1].step()
    lap("optimizers")
    adams[0].zero_grad(set_to_none=True)
    judges.requires_grad_(options.way != "frozen")
    judged = judges(fake)
    cross_entropy(judged, torch.ones_like(judged)).backward()
    judges.requires_grad_(True)
    lap("generator")
    adams[0].step()
    lap("optimizers")
    with torch.no_grad():
        torch._foreach_lerp_(average, list(makes.parameters()), 0.01)
    lap("average")
    steps.append({**phases, "wall": 1e3 * (time.perf_counter() - started), "cpu": 1e3 * (cpu() - cpu_started)})
memory = memory_mib("VmHWM") - before

left, right = torch.randn(2048, 2048), torch.randn(2048, 2048)
best = float("inf")
for _ in range(6):
    started = time.perf_counter()
    left @ right
    best = min(best, time.perf_counter() - started)
print(json.dumps({"steps": steps[WARM_UP:], "memory_mib": memory, "matmul_gflops": 2e-9 * 2048**3 / best}))
