"""Runs exported networks in ONNX Runtime and PyTorch, compares them with burn, and records what they computed.

    cargo run --release --manifest-path crates/generator/Cargo.toml --example export_cases -- /tmp/exports
    python crates/generator/tests/oracles/exports.py /tmp/exports

needs torch, safetensors, onnx and onnxruntime. Writes ../golden/exports.json; prints the largest differences.
"""

import hashlib
import json
import pathlib
import re
import sys

import numpy
import onnx
import onnxruntime
import torch
import safetensors.numpy

HERE = pathlib.Path(__file__).resolve().parent
# The module that users copy is the one that is tested.
PAGE = (HERE.parents[3] / "docs/weights.md").read_text()
exec(next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "class Generator" in block))
SHOWN = 200


def run(path, inputs):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: inputs})[0]


def shown(values):
    values = values.reshape(-1)
    return [float(v) for v in values[:: (values.size - 1) // (SHOWN - 1)][:SHOWN]]


def check(folder, name):
    file = lambda kind: folder / f"{name}-{kind}"
    burn = safetensors.numpy.load_file(file("burn.safetensors"))
    images = run(file("generator.onnx"), burn["latents"])
    half = run(file("generator-half.onnx"), burn["latents"])
    pixels = run(file("generator-pixels.onnx"), burn["latents"])
    logits = run(file("discriminator.onnx"), burn["images"])
    module = Generator(file("generator.safetensors"))
    with torch.inference_mode():
        pytorch = module(torch.from_numpy(burn["latents"])).numpy()
    far = lambda a, b: float(numpy.abs(a - b).max())
    as_bytes = numpy.round((burn["images"] + 1) * 127.5).astype(int)
    wrong = int((numpy.abs(as_bytes - pixels) > 0).sum())
    sizes = [file(kind).stat().st_size for kind in ("generator.onnx", "generator-half.onnx")]
    print(
        f"{folder.name:7}{name:16}runtime {far(images, burn['values']):.1e}  pytorch {far(pytorch, burn['values']):.1e}  "
        f"half {far(half, burn['values']):.1e} ({sizes[1] / sizes[0]:.3f} of {sizes[0]})  "
        f"pixels unlike {wrong} of {pixels.size}  logits {far(logits, burn['scores']):.1e} of {numpy.abs(burn['scores']).max():.1f}"
        f"  spread {images.std():.2f}"
    )
    kinds = ("generator.onnx", "generator-half.onnx", "generator-pixels.onnx", "discriminator.onnx")
    return {
        "models": {kind: hashlib.sha256(file(kind).read_bytes()).hexdigest() for kind in kinds},
        "runtime": shown(images),
        "pytorch": shown(pytorch),
        "logits": [float(v) for v in logits],
    }


root = pathlib.Path(sys.argv[1])
names = lambda folder: sorted(path.name[: -len("-burn.safetensors")] for path in folder.glob("*-burn.safetensors"))
recorded = {name: check(root / "narrow", name) for name in names(root / "narrow")}
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in recorded.items())
(HERE.parent / "golden/exports.json").write_text(f"{{\n{lines}\n}}\n")
# Full width, and nothing recorded.
for name in names(root / "wide"):
    check(root / "wide", name)
