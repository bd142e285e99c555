"""Records what Python's cv2 finds on a folder of pictures: the golden file that the cropper's boxes are held against.

    python tests/oracles/opencv_boxes.py PICTURES CASCADE > crates/face-cropper/tests/golden/opencv_boxes.json

Any opencv-python(-headless) 4 does; version 5 moved CascadeClassifier elsewhere. Only names, sizes, hashes, boxes and
numbers are written, nothing of the pictures themselves. One object a picture:

- `shape`        [height, width] as decoded, after the EXIF orientation
- `grey_sha256`  of the grey plane, row by row, before its histogram is equalised: other boxes of other bytes are the decoder's doing
- `boxes`        of detectMultiScale with the tutorial's parameters, sorted by (y, x, width): [x, y, width, height]
- `neighbours`   of detectMultiScale2, in the order of `boxes`
- `scores`       the level weights of detectMultiScale3, in the order of `boxes`
"""

import hashlib
import json
import sys
from pathlib import Path

import cv2

PARAMETERS = {"scaleFactor": 1.1, "minNeighbors": 5, "minSize": (48, 48)}


def in_reading_order(boxes, *columns):
    """The boxes sorted by (y, x, width), each with the entry of the same index in every other column."""
    rows = [([int(v) for v in box], *rest) for box, *rest in zip(boxes, *columns)]
    return sorted(rows, key=lambda row: (row[0][1], row[0][0], row[0][2]))


def examine(path, classifier):
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        return {"unreadable": True}
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    equalised = cv2.equalizeHist(grey)

    plain = [box for (box,) in in_reading_order(classifier.detectMultiScale(equalised, **PARAMETERS))]
    counted = in_reading_order(*classifier.detectMultiScale2(equalised, **PARAMETERS))
    boxes, _, weights = classifier.detectMultiScale3(equalised, outputRejectLevels=True, **PARAMETERS)
    weighed = in_reading_order(boxes, [float(weight) for weight in weights])

    # The three calls must agree on the boxes; otherwise the columns below would be about different faces.
    assert plain == [box for box, _ in counted] == [box for box, _ in weighed], path
    return {
        "shape": list(grey.shape),
        "grey_sha256": hashlib.sha256(grey.tobytes()).hexdigest(),
        "boxes": plain,
        "neighbours": [int(count) for _, count in counted],
        "scores": [weight for _, weight in weighed],
    }


def main():
    pictures, cascade = Path(sys.argv[1]), sys.argv[2]
    cv2.setNumThreads(1)
    classifier = cv2.CascadeClassifier(cascade)
    assert not classifier.empty(), f"{cascade} is no cascade"
    found = {path.name: examine(path, classifier) for path in sorted(pictures.iterdir())}
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in found.items())
    print(f'{{\n  "opencv": {json.dumps(cv2.__version__)},\n  "pictures": {{\n{lines}\n  }}\n}}')


if __name__ == "__main__":
    main()
