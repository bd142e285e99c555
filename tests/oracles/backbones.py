"""Runs torch-fidelity's InceptionV3 and torchvision's MobileNetV2 on weights and images from formulas.

    pip install numpy torch torchvision torch-fidelity safetensors
    python tests/oracles/backbones.py weights                     writes crates/tensor-files/tests/golden/weights{,-legacy}.pth, .safetensors
    python tests/oracles/backbones.py shapes                      writes inception-shapes.txt and mobilenet-shapes.txt there
    python tests/oracles/backbones.py inception > crates/metrics/tests/golden/inception.json
    python tests/oracles/backbones.py mobilenet > crates/metrics/tests/golden/mobilenet.json
    python tests/oracles/backbones.py mobilenet FILE.pth > …      with real weights in place of the formula's

One object a network: `blocks`, each block's output for the first image (mean, mean of absolute values, and some of its
values, evenly spaced), and the features of every image likewise; for InceptionV3 also the metrics of its first images
against the others, computed by torch-fidelity.
"""

import json
import sys
from unittest import mock

import numpy as np
import torch

IMAGES, SIDE, SHOWN = 8, 40, 5
GOLDEN = "crates/metrics/tests/golden/"
FILES = "crates/tensor-files/tests/golden/"


def uniform(name, count):
    """Numbers in [-1, 1), multiples of 2^-23: SplitMix64 of the position, keyed by the FNV-1a hash of the name."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def weights(name, shape):
    """Weights that keep activations at the same size from layer to layer."""
    values = uniform(name, int(np.prod(shape)))
    if len(shape) > 1:
        values = values * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        values = 1 + 0.5 * values
    elif name.endswith("weight"):
        values = 1 + 0.2 * values
    else:
        values = 0.2 * values
    return torch.tensor(values.reshape(shape).astype(np.float32))


def fill(module):
    state = module.state_dict()
    filled = {name: weights(name, tuple(old.shape)) if old.is_floating_point() else old for name, old in state.items()}
    torch.nn.Module.load_state_dict(module, filled)
    return module.eval()


def images():
    """Noise over slopes whose direction and colour differ from image to image, uint8, [n, 3, side, side]."""
    noise = uniform("images", IMAGES * SIDE * SIDE * 3).reshape(IMAGES, SIDE, SIDE, 3)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    slopes = [(x * (n % 3) + y * ((n + 1) % 4)) * (5 + n) % 200 for n in range(IMAGES)]
    pixels = np.array(slopes)[:, :, :, None] + 28 + 27 * noise
    return torch.tensor(pixels.astype(np.uint8).transpose(0, 3, 1, 2).copy())


def summary(tensor):
    values = tensor.detach().double().reshape(-1).numpy()
    shown = [float(values[i * (len(values) - 1) // (SHOWN - 1)]) for i in range(SHOWN)]
    return {"mean": float(values.mean()), "size": float(np.abs(values).mean()), "shown": shown}


def with_hooks(module, blocks, run):
    outputs = {}
    for name, block in blocks:
        block.register_forward_hook(lambda _m, _i, output, name=name: outputs.update({name: summary(output[0])}))
    return run(), [{"name": name, **outputs[name]} for name, _ in blocks]


def empty_inception():
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    with mock.patch.object(FeatureExtractorInceptionV3, "load_state_dict"), mock.patch("torch.load"):
        return FeatureExtractorInceptionV3("formula", ["2048", "logits_unbiased"], feature_extractor_weights_path="-")


def inception():
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    module = fill(empty_inception())
    blocks = [(name, block) for name, block in module.named_children() if name not in ("AvgPool", "fc")]
    (features, logits), blocks = with_hooks(module, blocks, lambda: module(images()))
    a, b = features[: IMAGES // 2], features[IMAGES // 2 :]
    frechet = fid_statistics_to_metric(*[fid_features_to_statistics(part) for part in (a, b)], verbose=False)
    kernel = kid_features_to_metric(a, b, kid_subsets=5, kid_subset_size=3, verbose=False)
    precision = prc_features_to_metric(features[:6], features[2:], verbose=False)
    score = isc_features_to_metric(logits, splits=2)
    return {
        "blocks": blocks,
        "features": [summary(row) for row in features],
        "logits": [summary(row) for row in logits],
        "frechet": frechet["frechet_inception_distance"],
        "kernel": kernel["kernel_inception_distance_mean"],
        "precision": precision["precision"],
        "recall": precision["recall"],
        "score": score["inception_score_mean"],
    }


def mobilenet(path=None):
    import torchvision
    from torchvision.transforms.functional import resize

    module = torchvision.models.mobilenet_v2()
    if path:
        module.load_state_dict(torch.load(path))
        module.eval()
    else:
        fill(module)
    pixels = images().double() / 255
    pixels = resize(pixels, [224, 224], antialias=True)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = ((pixels - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)).float()
    blocks = [(str(index), block) for index, block in enumerate(module.features)]
    features, blocks = with_hooks(module, blocks, lambda: module.features(pixels).mean(dim=(2, 3)))
    return {"blocks": blocks, "features": [summary(row) for row in features]}


def save_shapes():
    import torchvision

    for name, module in (("inception", empty_inception()), ("mobilenet", torchvision.models.mobilenet_v2())):
        with open(f"{GOLDEN}{name}-shapes.txt", "w") as file:
            for tensor, values in module.state_dict().items():
                if values.is_floating_point():
                    print(tensor, *values.shape, file=file)


def save_weights():
    from safetensors.torch import save_file

    tensors = {
        "conv.weight": torch.arange(4.0).reshape(2, 1, 1, 2),
        "transposed": torch.arange(6.0).reshape(2, 3).T,
        "part": torch.arange(6.0)[4:],
        "count": torch.tensor(7),
    }
    torch.save(tensors, FILES + "weights.pth")
    torch.save(tensors, FILES + "weights-legacy.pth", _use_new_zipfile_serialization=False)
    save_file({name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}, FILES + "weights.safetensors")


if __name__ == "__main__":
    if sys.argv[1] == "weights":
        save_weights()
    elif sys.argv[1] == "shapes":
        save_shapes()
    else:
        with torch.no_grad():
            json.dump({"inception": inception, "mobilenet": mobilenet}[sys.argv[1]](*sys.argv[2:]), sys.stdout, indent=1)
        print()
