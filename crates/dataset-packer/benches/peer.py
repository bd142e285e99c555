"""The peers of the packer's benchmark: packing with `datasets` and PIL, loading with PyTorch's DataLoader.

    python benches/peer.py faces.tar 64

Prints one JSON object: CPU seconds an image, user and system, of `pack` (the JPEG folder to a saved dataset of scaled images)
and `load` (decoded, scaled and normalised batches of 64 in a shuffled order, in one process), and `pack_clock`, the same as `pack`
by the clock.
"""

import json
import os
import resource
import sys
import tarfile
import tempfile
import time
from pathlib import Path

os.environ.update(HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")
os.environ["HF_HOME"] = tempfile.mkdtemp()

import datasets  # noqa: E402  its environment is set first
import numpy  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

LOADED = 6400


def cpu_seconds():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def pack(files, side, to):
    saved = datasets.Dataset.from_dict({"image": [str(file) for file in files]}).cast_column("image", datasets.Image())

    def scaled(batch):
        return {"image": [image.convert("RGB").resize((side, side), Image.LANCZOS) for image in batch["image"]]}

    saved.map(scaled, batched=True, batch_size=256).save_to_disk(to)


class Faces(torch.utils.data.Dataset):
    def __init__(self, files, side):
        self.files, self.side = files, side

    def __len__(self):
        return len(self.files)

    def __getitem__(self, place):
        image = Image.open(self.files[place]).convert("RGB").resize((self.side, self.side), Image.LANCZOS)
        return torch.from_numpy(numpy.array(image)).permute(2, 0, 1).float().div_(127.5).sub_(1)


def load(files, side):
    count = 0
    for batch in torch.utils.data.DataLoader(Faces(files, side), batch_size=64, shuffle=True):
        count += len(batch)
        if count >= LOADED:
            return count
    return count


def main():
    torch.set_num_threads(1)
    side = int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sys.argv[1]) as archive:
            archive.extractall(folder, filter="data")
        suffixes = {".jpg", ".jpeg", ".png", ".webp"}
        files = sorted(file for file in Path(folder).rglob("*") if file.suffix.lower() in suffixes)
        start, clock = cpu_seconds(), time.perf_counter()
        pack(files, side, str(Path(folder) / "packed"))
        packed, clock = (cpu_seconds() - start) / len(files), (time.perf_counter() - clock) / len(files)
        start = cpu_seconds()
        count = load(files, side)
        loaded = (cpu_seconds() - start) / count
    print(json.dumps({"pack": packed, "pack_clock": clock, "load": loaded}))


if __name__ == "__main__":
    main()
