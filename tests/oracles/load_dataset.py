"""Opens a dataset with Python's `datasets`: the golden file that the dataset's own reader is held against.

    cargo run --release -p dataset --example sample -- target/sample
    python tests/oracles/load_dataset.py target/sample > crates/dataset/tests/golden/load_dataset.json

Needs `datasets` and Pillow, any releases; the network is shut off. `--count` only decodes, filters and maps everything,
and prints how much there was. Otherwise one object:

- `datasets`  its version
- `files`     the SHA-256 of every file that `datasets` was given
- `splits`    for each split its features and its rows; of an image its mode, size and the SHA-256 of its pixels
"""

import hashlib
import json
import os
import socket
import sys
from pathlib import Path

os.environ.update(HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")


def refuse(*_):
    raise OSError("opening a dataset must not need the network")


socket.socket.connect = refuse

import datasets  # noqa: E402  the network is shut off first


def described(image):
    pixels = hashlib.sha256(image.tobytes()).hexdigest()
    return {"mode": image.mode, "size": list(image.size), "sha256": pixels}


def exercise(split):
    """Decodes, filters and maps everything, and checks that the three agree."""
    by_map = split.map(lambda row: {"red": row["image"].getpixel((0, 0))[0]}, keep_in_memory=True)
    assert by_map["red"] == [row["image"].getpixel((0, 0))[0] for row in split]
    middle = len(split) // 2
    chosen = split.filter(lambda _, index: index >= middle, with_indices=True, keep_in_memory=True)
    assert list(chosen["dhash"]) == list(split["dhash"])[middle:]
    assert list(split.select([middle])["dhash"]) == [split[middle]["dhash"]]


def type_names(features):
    """What each column is, said the same by every release: newer ones call a sequence a list."""
    return {name: type(feature).__name__.replace("Sequence", "List") for name, feature in features.items()}


def main():
    folder = Path(sys.argv[1])
    dataset = datasets.load_from_disk(str(folder))
    for split in dataset.values():
        if len(split) > 0:
            exercise(split)
    if "--count" in sys.argv:
        print(datasets.__version__, {name: len(split) for name, split in dataset.items()})
        return
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "index.json")
    hashes = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    splits = {
        name: {
            "columns": type_names(split.features),
            "rows": [{**row, "image": described(row["image"])} for row in split],
        }
        for name, split in dataset.items()
    }
    seen = {"datasets": datasets.__version__, "files": hashes, "splits": splits}
    print(json.dumps(seen, indent=1, ensure_ascii=False, sort_keys=True))


if __name__ == "__main__":
    main()
