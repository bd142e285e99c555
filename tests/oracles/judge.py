"""What PyTorch makes of the judge's network: the numbers in crates/lbp-cascade/src/judge/network.rs. Needs torch and numpy.

    python judge.py

Weights and samples follow from formulas that the test repeats, so that the numbers hang on no judge that was trained.
"""

import numpy
import torch
from torch.nn import functional

SIDE, CHANNELS, OUTPUTS = 32, 3, 5
LAYERS = ((16, 2), (32, 2), (32, 1), (64, 2), (64, 1))


def weights():
    """All weights in the order of the file: each convolution's [row][column][channel][filter] and biases, the sums, their biases."""
    channels, side, shapes = CHANNELS, SIDE, []
    for filters, stride in LAYERS:
        shapes += [(3, 3, channels, filters), (filters,)]
        channels, side = filters, side // stride
    shapes += [(OUTPUTS, side, side, channels), (OUTPUTS,)]
    count = sum(int(numpy.prod(shape)) for shape in shapes)
    numbers = ((numpy.arange(count) * 7919 % 1009) / 1009 - 0.5) * 0.2
    ends = numpy.cumsum([int(numpy.prod(shape)) for shape in shapes])
    return [torch.from_numpy(part.reshape(shape)).double() for part, shape in zip(numpy.split(numbers, ends[:-1]), shapes)]


def samples():
    index = numpy.arange(SIDE * SIDE)
    pixels = numpy.stack([(index * index // 3 + 57 * channel) % 251 for channel in range(CHANNELS)], -1)
    standardised = (pixels - pixels.mean()) / (pixels.std() + 1)
    return torch.from_numpy(standardised.reshape(1, SIDE, SIDE, CHANNELS)).permute(0, 3, 1, 2)


def look(parts, seen):
    for index, (_, stride) in enumerate(LAYERS):
        kernel, biases = parts[2 * index], parts[2 * index + 1]
        seen = functional.leaky_relu(functional.conv2d(seen, kernel.permute(3, 2, 0, 1), biases, stride, 1), 0.1)
    features = seen.permute(0, 2, 3, 1).reshape(1, -1)
    return functional.linear(features, parts[-2].reshape(OUTPUTS, -1), parts[-1])[0]


if __name__ == "__main__":
    print([round(float(number), 5) for number in look(weights(), samples())])
