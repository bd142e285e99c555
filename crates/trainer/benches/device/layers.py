"""What the layers of `bench --layers` take in cuDNN, through PyTorch: reads them as JSON from stdin, and prints times likewise."""

import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--batch", type=int)
parser.add_argument("--precision", choices=["tf32", "bf16"])
options = parser.parse_args()
if not torch.cuda.is_available():
    sys.exit("PyTorch finds no NVIDIA GPU")
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
torch.backends.cudnn.benchmark = True
kind = torch.bfloat16 if options.precision == "bf16" else torch.float32
WARM_UP, TURNS = 3, 7
PASSES = {"forward": (False, False), "and input gradient": (True, False), "and weight gradient": (False, True)}


def random(*shape):
    return torch.rand(*shape, device="cuda", dtype=kind).to(memory_format=torch.channels_last)


def median_ms(turn):
    times = []
    for _ in range(WARM_UP + TURNS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        turn()
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - started))
    return sorted(times[WARM_UP:])[TURNS // 2]


def measure(layer, wanted):
    up, inputs, outputs = layer["network"] == "generator", layer["inputs"], layer["outputs"]
    image = random(options.batch, inputs, layer["side"], layer["side"]).requires_grad_(wanted[0])
    weights = random(*((inputs, outputs) if up else (outputs, inputs)), 4, 4).requires_grad_(wanted[1])
    convolve = F.conv_transpose2d if up else F.conv2d

    def turn():
        output = convolve(image, weights, stride=2, padding=1)
        if any(wanted):
            output.sum().backward()

    return median_ms(turn)


for layer in (layers := json.load(sys.stdin)):
    way = f"cuDNN, {options.precision}"
    layer["times"] = [{"way": way, "pass": name, "ms": measure(layer, wanted)} for name, wanted in PASSES.items()]
print(json.dumps(layers))
