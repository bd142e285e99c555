"""Computes sliced Wasserstein distances with NumPy: the golden file that the evaluator's are held against.

    python tests/oracles/sliced_wasserstein.py > crates/metrics/tests/golden/sliced_wasserstein.json

Nothing is shared with the evaluator but the definition: the images come from a formula, the random numbers from the
Philox4x32-10 below, the pyramid is filtered with the whole 5x5 kernel, and everything is done in double precision.
One object a case:

- `side`, `images`, `seed`  of the case; set A is `formula(0)`, set B `formula(1)`
- `distances`               a thousand times the distance of A and B at each level, finest first
- `details`                 the first, middle and last row of level 0 of the first image's green channel
"""

import json
import sys

import numpy as np

PATCHES, PATCH, DIRECTIONS, SMALLEST = 128, 7, 512, 16
STREAM = 6  # what the evaluator's measures draw from
CASES = [(32, 3, 1), (40, 4, 20170112), (33, 2, 2**40 + 5)]


def formula(which, count, side):
    """Images of slanted stripes under noise, uint8, [count, 3, side, side]."""
    pixels, state = np.zeros(count * side * side * 3, np.uint8), 12345 + which
    for i in range(len(pixels)):
        state = (state * 1103515245 + 12345) % 2**31
        pixels[i] = (i // 3 % side * (3 + 2 * which) + (state >> 16) % (64 + 32 * which)) % 256
    return pixels.reshape(count, side, side, 3).transpose(0, 3, 1, 2)


def philox_words(seed, step, count):
    words = []
    for index in range(-(-count // 4)):
        c = [index, STREAM, step % 2**32, step >> 32]
        k = [seed % 2**32, seed >> 32]
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ k[0], b % 2**32, (a >> 32) ^ c[3] ^ k[1], a % 2**32]
            k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
        words += c
    return np.array(words[:count], dtype=np.uint64)


def philox_normals(seed, step, count):
    words = philox_words(seed, step, count + count % 2).reshape(-1, 2).astype(np.float64)
    radius = np.sqrt(-2 * np.log((words[:, 0] + 1) / 2**32))
    angle = 2 * np.pi * words[:, 1] / 2**32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)[:count]


KERNEL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def filtered(images):
    """The 5x5 kernel over the last two axes, edges mirrored about the outermost pixels."""
    padded = np.pad(images, [(0, 0), (0, 0), (2, 2), (2, 2)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(2, 3))
    return np.einsum("ncyxij,ij->ncyx", windows, KERNEL)


def pyramid(images):
    levels = [images.astype(np.float64)]
    while -(-levels[-1].shape[2] // 2) >= SMALLEST:
        coarse = filtered(levels[-1])[:, :, ::2, ::2]
        spread = np.zeros_like(levels[-1])
        spread[:, :, ::2, ::2] = coarse
        levels[-1] = levels[-1] - 4 * filtered(spread)
        levels.append(coarse)
    return levels


def descriptors(level, number, seed):
    side, patches = level.shape[2], []
    for index, image in enumerate(level):
        words = philox_words(seed, ((1 + number) << 48) | index, 2 * PATCHES)
        for left, top in ((words * np.uint64(side - PATCH + 1)) >> np.uint64(32)).astype(int).reshape(-1, 2):
            patches.append(image[:, top : top + PATCH, left : left + PATCH])
    patches = np.array(patches)
    patches = patches - patches.mean(axis=(0, 2, 3), keepdims=True)
    return (patches / patches.std(axis=(0, 2, 3), keepdims=True)).reshape(len(patches), -1)


def distance(a, b, number, seed):
    steps = range(number * DIRECTIONS, (number + 1) * DIRECTIONS)
    directions = np.array([philox_normals(seed, step, a.shape[1]) for step in steps])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    a, b = np.sort(a @ directions.T, axis=0), np.sort(b @ directions.T, axis=0)
    return 1000 * np.abs(a - b).mean()


def case(side, count, seed):
    a, b = pyramid(formula(0, count, side)), pyramid(formula(1, count, side))
    levels = enumerate(zip(a, b))
    distances = [distance(descriptors(x, n, seed), descriptors(y, n, seed), n, seed) for n, (x, y) in levels]
    details = [[round(float(v), 4) for v in a[0][0, 1, row]] for row in (0, side // 2, side - 1)]
    return {"side": side, "images": count, "seed": seed, "distances": distances, "details": details}


if __name__ == "__main__":
    json.dump([case(*parameters) for parameters in CASES], sys.stdout, indent=1)
    print()
