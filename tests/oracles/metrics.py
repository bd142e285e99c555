"""Computes metrics of features with SciPy, NumPy and torch-fidelity: the golden file that the metrics' are held against.

    pip install numpy scipy torch torch-fidelity
    python tests/oracles/metrics.py > crates/metrics/tests/golden/metrics.json

The features come from a formula, so that the file holds results alone. One object a case:

- `real`, `generated`, `dimensions`   of the case; some have fewer rows than dimensions, so that covariances are singular
- `frechet`                           by scipy.linalg.sqrtm of the covariances' product, or its eigenvalues where singular
- `kernel`, `kernel_deviation`        by torch-fidelity, 20 subsets of `subset_size`
- `precision`, `recall`               by torch-fidelity, third neighbours
- `density`, `coverage`               by the paper's definition, fifth neighbours
- `score`, `score_deviation`          the inception score of the generated features as logits, by torch-fidelity, 5 splits

and under `similarity` the MS-SSIM of images from a formula, with SciPy's convolutions.
"""

import json
import sys

import numpy as np
import torch
from scipy import linalg, signal, spatial
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

CASES = [(300, 200, 8, 100), (150, 150, 40, 150), (60, 50, 64, 50)]


def congruence(seed, count):
    """Numbers in [-1, 1) of a linear congruence."""
    state, values = seed, np.empty(count)
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values[i] = (state >> 11) / 2**52 - 1
    return values


def features(seed, count, dimensions, shift):
    """Rows that are denser here than there, and whose dimensions depend on one another."""
    values = congruence(seed, count * dimensions).reshape(count, dimensions)
    mixed = values + 0.5 * np.roll(values, 1, axis=1)
    return (mixed * np.abs(mixed) + shift).astype(np.float32)


def frechet(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    sigma_a, sigma_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    if len(a) > a.shape[1] < len(b):
        trace = np.trace(linalg.sqrtm(sigma_a @ sigma_b)).real
    else:
        trace = np.sqrt(np.linalg.eigvals(sigma_a @ sigma_b).astype(complex)).real.sum()
    between = a.mean(axis=0) - b.mean(axis=0)
    return between @ between + np.trace(sigma_a) + np.trace(sigma_b) - 2 * trace


def density_coverage(real, generated, k=5):
    real, generated = real.astype(np.float64), generated.astype(np.float64)
    radii = np.sort(spatial.distance.cdist(real, real), axis=1)[:, k]
    within = spatial.distance.cdist(real, generated) <= radii[:, None]
    return within.sum() / k / len(generated), within.any(axis=1).mean()


def case(real_count, generated_count, dimensions, subset_size):
    real, generated = features(1, real_count, dimensions, 0.0), features(2, generated_count, dimensions, 0.2)
    kernel = kid_features_to_metric(
        torch.tensor(generated), torch.tensor(real), kid_subsets=20, kid_subset_size=subset_size, verbose=False
    )
    prc = prc_features_to_metric(torch.tensor(generated), torch.tensor(real), prc_neighborhood=3, verbose=False)
    score = isc_features_to_metric(torch.tensor(generated), splits=5)
    density, coverage = density_coverage(real, generated)
    return {
        "real": real_count,
        "generated": generated_count,
        "dimensions": dimensions,
        "frechet": frechet(real, generated),
        "subset_size": subset_size,
        "kernel": kernel["kernel_inception_distance_mean"],
        "kernel_deviation": kernel["kernel_inception_distance_std"],
        "precision": prc["precision"],
        "recall": prc["recall"],
        "density": density,
        "coverage": coverage,
        "score": score["inception_score_mean"],
        "score_deviation": score["inception_score_std"],
    }


def image(seed, side):
    """A slope under noise, uint8, [side, side, 3]."""
    noise = congruence(seed, side * side * 3).reshape(side, side, 3)
    slope = np.add.outer(np.arange(side), np.arange(side))[:, :, None] * 255 / (2 * side)
    return np.clip(slope + 60 * noise, 0, 255).astype(np.uint8)


WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]


def similarity(a, b):
    """The MS-SSIM of two images: as many of the five scales as hold the window of 11, their weights scaled to 1."""
    axis = np.arange(11) - 5
    window = np.exp(-(axis**2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    scales = sum(a.shape[0] // 2**scale >= 11 for scale in range(5))
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    results = []
    for channel in range(3):
        x, y, product = a[:, :, channel].astype(np.float64), b[:, :, channel].astype(np.float64), 1.0
        for scale, weight in enumerate(weights):
            mean = lambda plane: signal.convolve2d(plane, window, mode="valid")
            mx, my = mean(x), mean(y)
            vx, vy, vxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
            structure = (2 * vxy + c2) / (vx + vy + c2)
            luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
            last = scale == scales - 1
            product *= max((luminance * structure if last else structure).mean(), 0) ** weight
            half = [2 * (n // 2) for n in x.shape]
            x, y = [p[: half[0], : half[1]].reshape(half[0] // 2, 2, half[1] // 2, 2).mean(axis=(1, 3)) for p in (x, y)]
        results.append(product)
    return float(np.mean(results))


if __name__ == "__main__":
    sides = [64, 48, 31]
    similarities = [{"side": side, "value": similarity(image(1, side), image(2, side))} for side in sides]
    json.dump({"features": [case(*parameters) for parameters in CASES], "similarity": similarities}, sys.stdout, indent=1)
    print()
