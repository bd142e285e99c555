"""What PIL's LANCZOS makes of pictures that a formula paints: the golden file of the packer's resampling.

    python tests/oracles/pil_lanczos.py > crates/dataset-packer/tests/golden/pil_lanczos.json

Needs Pillow and NumPy. For each case the picture's width, height and pattern, the side and the fit, and the square's bytes in
hexadecimal, RGB interleaved.

- pattern `smooth`: value = (3x + 2y + 40c) mod 511, mirrored above 255; `harsh`: (3x² + 5y² + 7xy + 91c) mod 256
- fit `cover`: the middle square, `contain`: scaled whole and padded with black, `stretch`
"""

import json

import numpy
import PIL
from PIL import Image

CASES = [
    (200, 120, "smooth", 32, "cover"),
    (200, 120, "harsh", 32, "cover"),
    (101, 160, "harsh", 24, "cover"),
    (96, 96, "harsh", 48, "cover"),
    (150, 90, "harsh", 32, "contain"),
    (150, 90, "harsh", 32, "stretch"),
    (20, 20, "harsh", 32, "cover"),
]


def painted(width, height, pattern):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    if pattern == "smooth":
        value = (3 * x + 2 * y + 40 * c) % 511
        value = numpy.where(value > 255, 510 - value, value)
    else:
        value = (3 * x * x + 5 * y * y + 7 * x * y + 91 * c) % 256
    return Image.fromarray(value.astype(numpy.uint8), "RGB")


def squared(picture, side, fit):
    width, height = picture.size
    if fit == "stretch":
        return picture.resize((side, side), Image.LANCZOS)
    if fit == "cover":
        square = min(width, height)
        left, top = (width - square) / 2, (height - square) / 2
        return picture.resize((side, side), Image.LANCZOS, box=(left, top, left + square, top + square))
    scale = side / max(width, height)
    small = picture.resize((round(width * scale), round(height * scale)), Image.LANCZOS)
    padded = Image.new("RGB", (side, side))
    padded.paste(small, ((side - small.width) // 2, (side - small.height) // 2))
    return padded


def main():
    cases = []
    for width, height, pattern, side, fit in CASES:
        pixels = squared(painted(width, height, pattern), side, fit).tobytes().hex()
        cases.append(
            {"width": width, "height": height, "pattern": pattern, "side": side, "fit": fit, "pixels": pixels}
        )
    print(json.dumps({"pillow": PIL.__version__, "cases": cases}, indent=1))


if __name__ == "__main__":
    main()
