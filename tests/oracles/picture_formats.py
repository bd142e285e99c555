"""Makes pictures in formats that the tests cannot write themselves: a dark one with a bright spot at (120, 70), side 60.

    python tests/oracles/picture_formats.py crates/face-cropper/tests/material

Needs Pillow. Writes cmyk.jpg (Adobe's inverted CMYK), palette.png (four colours, one of them transparent), and
animated.webp (the spot is in the first frame only).
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

folder = Path(sys.argv[1])


def picture(spot):
    made = Image.new("RGB", (300, 200), (40, 40, 40))
    if spot:
        ImageDraw.Draw(made).rectangle((120, 70, 179, 129), fill=(220, 220, 220))
    return made


picture(True).convert("CMYK").save(folder / "cmyk.jpg", quality=95, subsampling=0)

palette = picture(True).quantize(4)
palette.save(folder / "palette.png", transparency=0)

frames = [picture(True), picture(False)]
frames[0].save(folder / "animated.webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)
