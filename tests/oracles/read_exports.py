"""Opens every export with the reader that it is made for: the golden file that the exporter's test is held against.

    cargo build --release -p dataset-parquet
    cargo run --release -p dataset-packer --example exports -- target/exports
    python tests/oracles/read_exports.py target/exports > crates/dataset-packer/tests/golden/exports.json

Needs `datasets`, `webdataset`, NumPy and Pillow; the network is shut off. For each export the SHA-256 of its files, and of
each image that its reader gave the name of its split, its pixels' SHA-256, its class, its post and its face's angle:

- `imagefolder`   `datasets.load_dataset("imagefolder")`
- `webdataset`    the `webdataset` package
- `stylegan-zip`  the steps of StyleGAN's `ImageFolderDataset`: names by extension, `dataset.json`, PIL
- `parquet`       `datasets.load_dataset` on the folder, as the Hub serves it, with the features in the file itself
"""

import hashlib
import json
import os
import socket
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ.update(HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")
os.environ["HF_HOME"] = tempfile.mkdtemp()


def refuse(*_):
    raise OSError("opening an export must not need the network")


socket.socket.connect = refuse

import datasets  # noqa: E402  the network is shut off first
import numpy  # noqa: E402
import PIL.Image  # noqa: E402
import webdataset  # noqa: E402


def seen(split, image, label, post, angle):
    assert image.mode == "RGB", image.mode
    return {"split": split, "pixels": hashlib.sha256(image.tobytes()).hexdigest(), "label": label, "post": post, "angle": angle}


def of_datasets(loaded):
    assert all(isinstance(split.features["image"], datasets.Image) for split in loaded.values()), loaded
    return [
        seen(name, row["image"], row["label"], row["post"], row["angle"])
        for name, split in sorted(loaded.items())
        for row in split
    ]


def imagefolder(path):
    return of_datasets(datasets.load_dataset("imagefolder", data_dir=str(path)))


def parquet(path):
    return of_datasets(datasets.load_dataset(str(path)))


def of_webdataset(path):
    rows = []
    for tar in sorted(path.glob("*.tar")):
        for sample in webdataset.WebDataset(str(tar), shardshuffle=False).decode("pil"):
            label = sample.get("cls")
            assert label == sample["json"]["label"]
            split, image, told = tar.name.split("-")[0], sample["png"].convert("RGB"), sample["json"]
            rows.append(seen(split, image, label, told["post"], told["angle"]))
    return rows


def stylegan(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = sorted(name for name in archive.namelist() if Path(name).suffix.lower() in PIL.Image.EXTENSION)
        labels = json.loads(archive.read("dataset.json"))["labels"]
        labels = dict(labels) if labels is not None else {}
        rows = []
        for name in names:
            with archive.open(name) as file:
                image = PIL.Image.open(file)
                array = numpy.array(image)
            assert array.ndim == 3 and array.shape[0] == array.shape[1] and array.shape[2] == 3
            rows.append(seen("train", image, labels.get(name), None, None))
        return rows


def hashes(path):
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {file.relative_to(path.parent).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main():
    PIL.Image.init()
    folder = Path(sys.argv[1])
    readers = {"imagefolder": imagefolder, "webdataset": of_webdataset, "parquet": parquet}
    readers |= {"stylegan.zip": stylegan, "stylegan-classes.zip": stylegan}
    found = {name: {"files": hashes(folder / name), "rows": read(folder / name)} for name, read in readers.items()}
    versions = {module.__name__: module.__version__ for module in (datasets, webdataset, numpy, PIL)}
    print(json.dumps({"versions": versions, "exports": found}, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
