"""Makes small pictures whose depth, palette, transparency or orientation decoders treat differently, and records what Python's cv2 reads.

    python tests/oracles/imread_pixels.py crates/pictures/tests/imread

Needs Pillow and opencv-python(-headless) 4. Writes the pictures and pixels.txt, whose lines are

    FILE WIDTHxHEIGHT SHA256

of `cv2.imread` with IMREAD_COLOR as red, green, blue, row after row.
"""

import hashlib
import sys
from pathlib import Path

import cv2
import numpy
from PIL import Image

WIDTH, HEIGHT = 19, 11


def rgb():
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    return numpy.dstack([x * 13, y * 23, (x * y * 7) % 256]).astype(numpy.uint8)


def deep(channels):
    values = numpy.random.default_rng(5).integers(0, 1 << 16, (HEIGHT, WIDTH, channels), dtype=numpy.uint16)
    return values if channels > 1 else values[:, :, 0]


def make(folder):
    opaque = Image.fromarray(rgb())
    alpha = Image.fromarray((rgb()[:, :, 0].astype(int) * 3 % 256).astype(numpy.uint8))
    transparent = Image.merge("RGBA", [*opaque.split(), alpha])
    for channels, name in [(1, "grey"), (3, "rgb"), (4, "rgba")]:
        cv2.imwrite(str(folder / f"sixteen-bits-{name}.png"), deep(channels))
    transparent.save(folder / "alpha.png")
    Image.merge("LA", [opaque.convert("L"), alpha]).save(folder / "grey-alpha.png")
    opaque.convert("L").save(folder / "grey.png")
    opaque.convert("1").save(folder / "one-bit.png")
    opaque.quantize(13).save(folder / "palette-four-bits.png", bits=4)
    opaque.quantize(200).save(folder / "palette.png")
    opaque.quantize(13).save(folder / "palette-transparent.png", transparency=bytes(range(0, 240, 19)))
    opaque.save(folder / "colour-key.png", transparency=(0, 0, 0))
    opaque.save(folder / "plain.bmp")
    opaque.quantize(13).save(folder / "palette.bmp")
    transparent.save(folder / "lossless-alpha.webp", lossless=True, exact=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        opaque.save(folder / f"orientation-{orientation}.jpg", quality=90, exif=exif.tobytes())


def line(path):
    decoded = cv2.imread(str(path), cv2.IMREAD_COLOR)
    height, width, _ = decoded.shape
    return f"{path.name} {width}x{height} {hashlib.sha256(decoded[:, :, ::-1].tobytes()).hexdigest()}"


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    make(folder)
    lines = [line(path) for path in sorted(folder.iterdir()) if path.suffix != ".txt"]
    (folder / "pixels.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
