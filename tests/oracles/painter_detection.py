"""How many of the mini booru's painted faces the cascade finds, with Python's OpenCV as the judge.

    mini-booru paint --count 200 --seed 1 --out PAINTED
    python painter_detection.py PAINTED lbpcascade_animeface.xml [--sheet SHEET.png] [--longest PIXELS]

A picture larger than 1500 pixels (--longest) is first reduced to that, as a booru's samples are. A painted face counts as
found when a detected box overlaps it with an intersection over union above 0.3; a box that overlaps no painted
face is false. With --sheet, the boxes (green: painted, red: found) are drawn onto a contact sheet.
"""

import argparse
import json
import pathlib

import cv2
import numpy

LEAST_OVERLAP = 0.3


def overlap(one, other):
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right = min(one[0] + one[2], other[0] + other[2])
    bottom = min(one[1] + one[3], other[1] + other[3])
    shared = max(0.0, right - left) * max(0.0, bottom - top)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def reduced(picture, longest):
    scale = min(1.0, longest / max(picture.shape[:2]))
    if scale < 1.0:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return picture, scale


def tile(picture, painted, boxes, side=320):
    canvas = picture.copy()
    for group, colour in ((painted, (0, 200, 0)), (boxes, (0, 0, 255))):
        for x, y, width, height in group:
            cv2.rectangle(canvas, (int(x), int(y)), (int(x + width), int(y + height)), colour, 3)
    scale = side / max(canvas.shape[:2])
    canvas = cv2.resize(canvas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    framed = numpy.full((side, side, 3), 255, numpy.uint8)
    framed[: canvas.shape[0], : canvas.shape[1]] = canvas
    return framed


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("painted", type=pathlib.Path, help="the folder that `mini-booru paint` wrote")
    arguments.add_argument("cascade", help="the OpenCV cascade file")
    arguments.add_argument("--sheet", help="write a contact sheet here")
    arguments.add_argument("--longest", type=int, default=1500, help="reduce larger pictures to this side (1500)")
    given = arguments.parse_args()

    cascade = cv2.CascadeClassifier(given.cascade)
    if cascade.empty():
        raise SystemExit(f"not a cascade: {given.cascade}")
    truth = json.loads((given.painted / "truth.json").read_text())
    faces = found = false = 0
    missed, offsets, tiles = [], [], []
    for name, painted in sorted(truth.items()):
        picture, scale = reduced(cv2.imread(str(given.painted / name)), given.longest)
        painted = [[value * scale for value in box] for box in painted]
        grey = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        boxes = list(cascade.detectMultiScale(grey, 1.1, 5, minSize=(48, 48)))
        hits = [max(boxes, key=lambda box: overlap(face, box), default=None) for face in painted]
        for face, hit in zip(painted, hits):
            faces += 1
            if hit is not None and overlap(face, hit) > LEAST_OVERLAP:
                found += 1
                offsets.append(
                    (
                        (hit[0] + hit[2] / 2 - face[0] - face[2] / 2) / face[2],
                        (hit[1] + hit[3] / 2 - face[1] - face[3] / 2) / face[3],
                        hit[2] / face[2],
                    )
                )
            else:
                missed.append(name)
        false += sum(all(overlap(face, box) <= LEAST_OVERLAP for face in painted) for box in boxes)
        if given.sheet and len(tiles) < 24:
            tiles.append(tile(picture, painted, boxes))
    shift = numpy.mean(offsets, axis=0) if offsets else (0, 0, 0)
    print(f"pictures {len(truth)}  faces {faces}  found {found} ({found / max(faces, 1):.1%})  false boxes {false}")
    print(f"found boxes lie {shift[0]:+.3f}, {shift[1]:+.3f} of a side off, and are {shift[2]:.3f} as large")
    print("missed in:", " ".join(missed))
    if given.sheet:
        rows = [numpy.hstack(tiles[start : start + 6]) for start in range(0, len(tiles) - 5, 6)]
        cv2.imwrite(given.sheet, numpy.vstack(rows))


if __name__ == "__main__":
    main()
