"""The tutorial's loop with Python's cv2, timed: python3 peer.py FOLDER CASCADE COUNT. Prints one JSON object."""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2

PARAMETERS = {"scaleFactor": 1.1, "minNeighbors": 5, "minSize": (48, 48)}


def faces(path, classifier):
    """The boxes of a picture in reading order, the seconds for all, and for the detection alone."""
    start = time.thread_time()
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    grey = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    decoded = time.thread_time()
    found = classifier.detectMultiScale(grey, **PARAMETERS)
    end = time.thread_time()
    boxes = sorted(([int(v) for v in box] for box in found), key=lambda box: (box[1], box[0], box[2]))
    return boxes, end - start, end - decoded


def part(arguments):
    paths, cascade = arguments
    cv2.setNumThreads(1)
    classifier = cv2.CascadeClassifier(cascade)
    return [faces(path, classifier) for path in paths]


def main():
    folder, cascade, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    paths = sorted(folder.iterdir())[: min(count, 10**9)]
    found = part((paths, cascade))
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(part, [(paths[:1], cascade)] * 2))
        start = time.perf_counter()
        list(pool.map(part, [(paths[i : i + 4], cascade) for i in range(0, len(paths), 4)]))
        two = time.perf_counter() - start
    share = 1000 / len(paths)
    print(
        json.dumps(
            {
                "version": cv2.__version__,
                "whole_ms": share * sum(whole for _, whole, _ in found),
                "detection_ms": share * sum(detection for _, _, detection in found),
                "two_ms": share * two,
                "boxes": {path.name: boxes for path, (boxes, _, _) in zip(paths, found)},
            }
        )
    )


if __name__ == "__main__":
    main()
