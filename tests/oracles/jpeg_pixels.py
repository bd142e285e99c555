"""Makes small JPEG files of every kind, and records what Python's cv2 decodes them to.

    python tests/oracles/jpeg_pixels.py crates/pictures/tests/jpeg

Needs Pillow, opencv-python(-headless) 4, and libjpeg-turbo's cjpeg and jpegtran. Writes NAME.jpg of a pattern of 37 x 29 pixels,
and pixels.txt. Its lines are

    NAME rgb|grey DIVISOR WIDTHxHEIGHT SHA256    or    NAME rgb|grey DIVISOR refused

of `cv2.imread` with IMREAD_COLOR (as red, green, blue), IMREAD_GRAYSCALE and their IMREAD_REDUCED_* kin, without the EXIF
orientation, row after row. Of four components, which cv2 weighs anew for grey, there is no grey.
"""

import hashlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy
from PIL import Image

WIDTH, HEIGHT = 37, 29


def pattern():
    """Slopes in each colour, a hard edge, some noise: enough for every coefficient and for clipping."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    red = x * 7 + (y > 13) * 90
    green = 255 - y * 9 + (x * y) % 23
    blue = numpy.where((x // 5 + y // 4) % 2 == 0, 240, 10)
    return numpy.clip(numpy.dstack([red, green, blue]), 0, 255).astype(numpy.uint8)


def pillow(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def program(*command, given):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given"
        path.write_bytes(given)
        return subprocess.run([*command, str(path)], check=True, capture_output=True).stdout


def cjpeg(*options, script=None, grey=False):
    image = Image.fromarray(pattern()).convert("L" if grey else "RGB")
    file = io.BytesIO()
    image.save(file, "PPM")
    with tempfile.TemporaryDirectory() as folder:
        if script is not None:
            path = Path(folder) / "script"
            path.write_text(script)
            options = (*options, "-scans", str(path))
        return program("cjpeg", *options, given=file.getvalue())


def segments(file):
    """The file in parts: the start, each segment, each scan's head and data together, the end."""
    parts, at = [file[:2]], 2
    while file[at + 1] != 0xD9:
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        if file[at + 1] == 0xDA:
            while file[end] != 0xFF or file[end + 1] == 0 or 0xD0 <= file[end + 1] <= 0xD7:
                end += 1
        parts.append(file[at:end])
        at = end
    return [*parts, file[at : at + 2]]


def is_scan(part):
    return part[1] == 0xDA


def with_scans(file, keep):
    """The file with only those scans whose number `keep` says yes to."""
    numbers = iter(range(1000))
    return b"".join(part for part in segments(file) if not is_scan(part) or keep(next(numbers)))


def changed(file, marker, change):
    return b"".join(change(part) if part[1] == marker else part for part in segments(file))


def files():
    rgb = Image.fromarray(pattern())
    sampled = lambda factors, *options, **more: cjpeg("-quality", "85", "-sample", factors, *options, **more)
    baseline = sampled("2x2")
    progressive = sampled("2x2", "-progressive")
    cmyk = pillow(Image.merge("CMYK", [*rgb.split(), rgb.convert("L").point(lambda level: 255 - level // 3)]), quality=90)
    ycck = changed(cmyk, 0xEE, lambda part: part[:-1] + b"\x02")
    restarts = sampled("2x2", "-restart", "1B")
    second = restarts.index(b"\xff\xd1")
    yield "444", sampled("1x1")
    yield "422", sampled("2x1")
    yield "420", baseline
    yield "440", sampled("1x2")
    yield "411", sampled("4x1")
    yield "410", sampled("4x2")
    yield "441", sampled("1x4")
    yield "colours-finer", sampled("1x1,2x2,2x2")
    yield "mixed", sampled("2x2,2x1,1x2")
    yield "thirds", sampled("3x1,1x1,1x1")
    fractions = changed(sampled("2x2,2x1,1x2"), 0xC0, lambda part: part[:11] + b"\x32" + part[12:])
    yield "fractions", changed(fractions, 0xDA, lambda part: part[:14])
    yield "grey", cjpeg("-quality", "85", grey=True)
    yield "grey-sampled", cjpeg("-quality", "85", "-sample", "2x2", grey=True)
    yield "best", cjpeg("-quality", "100", "-sample", "1x1")
    yield "worst", cjpeg("-quality", "3", "-sample", "2x2")
    yield "sixteen-bit-tables", cjpeg("-quality", "1", "-sample", "2x2")
    yield "narrow-422", program("jpegtran", "-crop", "4x29+0+0", given=sampled("2x1"))
    yield "narrow-420", program("jpegtran", "-crop", "3x3+0+0", given=baseline)
    yield "one-pixel", program("jpegtran", "-crop", "1x1+0+0", given=baseline)
    yield "progressive-444", sampled("1x1", "-progressive")
    yield "progressive-422", sampled("2x1", "-progressive")
    yield "progressive-420", progressive
    yield "progressive-grey", cjpeg("-progressive", grey=True)
    yield "progressive-restarts", sampled("2x2", "-progressive", "-restart", "2B")
    yield "progressive-means", with_scans(progressive, lambda number: number == 0)
    yield "progressive-some", with_scans(progressive, lambda number: number < 3)
    yield "progressive-most", with_scans(progressive, lambda number: number < 7)
    yield "progressive-grey-means", with_scans(cjpeg("-progressive", grey=True), lambda number: number == 0)
    yield "progressive-unknown-mean", with_scans(progressive, lambda number: number > 0)
    yield "scan-by-scan", sampled("2x2", script="0;\n1;\n2;\n")
    yield "scans-of-two", sampled("2x1", script="0 1;\n2;\n")
    yield "scan-missing", with_scans(sampled("2x2", script="0;\n1;\n2;\n"), lambda number: number != 1)
    yield "restarts", restarts
    yield "restart-lost", restarts[:second] + restarts[second + 2 :]
    yield "restart-out-of-turn", restarts.replace(b"\xff\xd1", b"\xff\xd4")
    yield "restart-jumped", restarts.replace(b"\xff\xd1", b"\xff\xd3")
    yield "filled", restarts.replace(b"\xff\xd1", b"\xff\xff\xff\xd1").replace(b"\xff\x00", b"\xff\xff\x00")
    yield "ended-early", baseline[: len(baseline) - 200] + b"\xff\xd9"
    yield "progressive-ended-early", progressive[: len(progressive) - 150] + b"\xff\xd9"
    yield "flipped-bits", baseline[:-120] + bytes(byte ^ 0x10 for byte in baseline[-120:-100]) + baseline[-100:]
    yield "cmyk", cmyk
    yield "cmyk-unmarked", changed(cmyk, 0xEE, lambda part: b"")
    yield "ycck", ycck
    yield "adobe-rgb", pillow(rgb, quality=90, keep_rgb=True)
    yield "adobe-ycc", changed(
        changed(sampled("2x2"), 0xE0, lambda part: b""), 0xDB, lambda part: b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\1" + part
    )
    yield "unmarked-rgb", changed(pillow(rgb, quality=90, keep_rgb=True), 0xEE, lambda part: b"")
    yield "jfif-and-adobe-rgb", sampled("1x1")[:20] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0" + sampled("1x1")[20:]
    yield "no-codes", changed(cjpeg("-quality", "85", "-baseline"), 0xC4, lambda part: b"")
    yield "arithmetic", sampled("2x2", "-arithmetic")
    yield "twelve-bits", changed(sampled("2x2"), 0xC0, lambda part: b"\xff\xc1" + part[2:4] + b"\x0c" + part[5:])
    yield "lossless", changed(sampled("1x1"), 0xC0, lambda part: b"\xff\xc3" + part[2:])


FOUR_COMPONENTS = ["cmyk", "cmyk-unmarked", "ycck"]

FLAGS = {
    ("rgb", 1): cv2.IMREAD_COLOR,
    ("rgb", 2): cv2.IMREAD_REDUCED_COLOR_2,
    ("rgb", 4): cv2.IMREAD_REDUCED_COLOR_4,
    ("rgb", 8): cv2.IMREAD_REDUCED_COLOR_8,
    ("grey", 1): cv2.IMREAD_GRAYSCALE,
    ("grey", 2): cv2.IMREAD_REDUCED_GRAYSCALE_2,
    ("grey", 4): cv2.IMREAD_REDUCED_GRAYSCALE_4,
    ("grey", 8): cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


def pixels(path, kind, flags):
    decoded = cv2.imread(str(path), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None:
        return "refused"
    bytes_ = (decoded[:, :, ::-1] if kind == "rgb" else decoded).tobytes()
    return f"{decoded.shape[1]}x{decoded.shape[0]} {hashlib.sha256(bytes_).hexdigest()}"


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, file in files():
        path = folder / f"{name}.jpg"
        path.write_bytes(file)
        for (kind, divisor), flags in FLAGS.items():
            if kind == "rgb" or name not in FOUR_COMPONENTS:
                lines.append(f"{name} {kind} {divisor} {pixels(path, kind, flags)}")
    (folder / "pixels.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
