"""JPEGs of several encoders, and what becomes of each JPEG there is on the way to JPEG XL and back.

python -m tests.core.transcode [--made 200]: those of ../shared/data, and so many made ones.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import simplejpeg
from PIL import Image

from core import codecs
from core.codecs.jxl_jpeg import jpeg_as_jxl, jpeg_pixels, jxl_as_jpeg
from core.errors import DarkroomError
from core.limits import Limits
from tests.conftest import made_picture

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLINGS = {"444": 0, "422": 1, "420": 2}


def jpegs(count: int) -> Iterator[tuple[str, bytes]]:
    """So many files, by turns of Pillow, OpenCV, simplejpeg and imagecodecs, of other sizes and options each."""
    dice = np.random.default_rng(16)
    for number in range(count):
        width, height, quality = (int(dice.integers(low, high)) for low, high in ((5, 300), (5, 200), (1, 101)))
        grey, progressive = bool(number % 5 == 0), bool(dice.integers(2))
        sampling = str(dice.choice(list(SAMPLINGS)))
        shown = np.ascontiguousarray(cv2.resize(made_picture(3), (width, height)))
        name = ("pillow", "opencv", "simplejpeg", "imagecodecs")[number % 4]
        yield f"{name} {number}", _made(name, shown, quality, sampling, grey=grey, progressive=progressive)


def _made(name: str, shown: np.ndarray, quality: int, sampling: str, *, grey: bool, progressive: bool) -> bytes:
    if name == "pillow":
        file = io.BytesIO()
        image = Image.fromarray(shown).convert("L" if grey else "RGB")
        image.save(file, "JPEG", quality=quality, subsampling=SAMPLINGS[sampling], progressive=progressive)
        return file.getvalue()
    if name == "opencv":
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
        return cv2.imencode(".jpg", shown[:, :, 0] if grey else shown, options)[1].tobytes()
    if name == "simplejpeg":
        stored = np.ascontiguousarray(shown[:, :, :1]) if grey else shown
        return bytes(simplejpeg.encode_jpeg(stored, quality, "GRAY" if grey else "BGR", sampling))
    stored = np.ascontiguousarray(shown[:, :, 0] if grey else shown[:, :, ::-1])
    made = imagecodecs.jpeg8_encode(stored, level=quality, subsampling=None if grey else sampling, optimize=progressive)
    return bytes(made)


def verdict(data: bytes) -> str:
    """`exact`, or why it is refused; `OTHER BYTES` would be a fault."""
    try:
        codecs.probe(data, Limits())
        return "exact" if jxl_as_jpeg(jpeg_as_jxl(data, None), jpeg_pixels(data)) == data else "OTHER BYTES"
    except DarkroomError as error:
        return f"{error.code}: {error.detail}"


def main() -> int:
    """The exit code: 1 if any file came back as others bytes, or an intact grey or YCbCr file of 8 bits was refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=200)
    found: Counter[str] = Counter()
    shared = [(str(path.relative_to(DATA)), path.read_bytes()) for path in sorted(DATA.rglob("*")) if path.is_file()]
    files = [(name, data) for name, data in shared if data[:3] == b"\xff\xd8\xff"]
    before = after = 0
    for name, data in [*files, *jpegs(parser.parse_args().made)]:
        said = verdict(data)
        found[said] += 1
        if said != "exact":
            sys.stdout.write(f"{name}: {said}\n")
        elif "/" in name:
            before, after = before + len(data), after + len(jpeg_as_jxl(data, None))
    sys.stdout.write(f"{dict(found)}, {after / before:.3f} of the bytes\n")
    return int(found["OTHER BYTES"] > 0)


if __name__ == "__main__":
    sys.exit(main())
