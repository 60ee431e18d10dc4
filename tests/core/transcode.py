"""JPEGs of several encoders, and what becomes of each JPEG there is on the way to JPEG XL and back.

python -m tests.core.transcode [--made 200] [--part 1/4] [--seconds 120]

Those of ../shared/data, and so many made ones; of both, the part that is asked for. Each file has so many seconds of
CPU, in a process that ends with them, and is told as soon as it is judged. Leaves with 1 if any came back as other
bytes or took too long, or if an intact grey or YCbCr file of 8 bits that is not too large was refused.
"""

import argparse
import io
import multiprocessing
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import cv2
import imagecodecs
import numpy as np
import simplejpeg
from PIL import Image

from core import codecs
from core.codecs.jpeg_segments import segments
from core.codecs.jxl_jpeg import jpeg_as_jxl, jpeg_pixels, jxl_as_jpeg
from core.errors import DarkroomError
from core.limits import Limits
from tests.conftest import made_picture

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLINGS = {"444": 0, "422": 1, "420": 2}
EXACT, OTHER, SLOW = "exact", "OTHER BYTES", "TOO SLOW, OR CRASHED"
_BY_ARITHMETIC = {0xC9, 0xCA}


class Verdict(NamedTuple):
    """`exact`, or why a file is refused, or what is wrong; and the bytes of the JPEG XL where it is exact."""

    said: str
    nbytes: int = 0


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


def verdict(data: bytes) -> Verdict:
    """What becomes of a JPEG."""
    try:
        codecs.probe(data, Limits())
        made = jpeg_as_jxl(data, None)
        return Verdict(EXACT, len(made)) if jxl_as_jpeg(made, jpeg_pixels(data)) == data else Verdict(OTHER)
    except DarkroomError as error:
        return Verdict(f"{error.code}: {error.detail}")


def is_plain(data: bytes) -> bool:
    """Whether libjpeg reads it without a warning, and it is grey or of three colours, of 8 bits, by Huffman's code."""
    if any(marker in _BY_ARITHMETIC for marker, _ in segments(data)):
        return False
    try:
        with Image.open(io.BytesIO(data)) as image:
            mode = image.mode
        simplejpeg.decode_jpeg(data, "GRAY" if mode == "L" else "BGR", strict=True)
    except (ValueError, OSError, SyntaxError):
        return False
    return mode in {"L", "RGB"}


class Judge:
    """A process that judges files; one that took more than its CPU, or crashed, is replaced by the next."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._process: multiprocessing.process.BaseProcess | None = None

    def __call__(self, data: bytes) -> Verdict:
        if self._process is None:
            context = multiprocessing.get_context("spawn")
            self._ours, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self.seconds), daemon=True)
            self._process.start()
            theirs.close()
        self._ours.send_bytes(data)
        try:
            return Verdict(*self._ours.recv())
        except EOFError:
            self._process.join()
            self._process = None
            return Verdict(SLOW)

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._ours.close()
            self._process.join()


def _serve(files: Connection, seconds: float) -> None:
    """Answer until nobody asks; the timer's signal ends the process in the middle of any C code."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    while True:
        try:
            data = files.recv_bytes()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_PROF, seconds)
        files.send(tuple(verdict(data)))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _files(made: int) -> Iterator[tuple[str, bytes]]:
    """Those at hand, then those that are made."""
    for path in sorted(path for path in DATA.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if data[:3] == b"\xff\xd8\xff":
            yield str(path.relative_to(DATA)), data
    yield from jpegs(made)


def _part(text: str) -> tuple[int, int]:
    number, count = map(int, text.split("/"))
    return number - 1, count


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=200)
    parser.add_argument("--part", type=_part, default=(0, 1), metavar="N/M")
    parser.add_argument("--seconds", type=float, default=120, help="of CPU for each file")
    asked = parser.parse_args()
    found: Counter[str] = Counter()
    bytes_before = bytes_after = wrong = 0
    judge = Judge(asked.seconds)
    first, step = asked.part
    for number, (name, data) in enumerate(_files(asked.made)):
        if number % step != first:
            continue
        said, nbytes = judge(data)
        found[said] += 1
        fault = said in {OTHER, SLOW} or (said.startswith("cannot_transcode") and is_plain(data))
        wrong += fault
        sys.stdout.write(f"{number}: {name}, {len(data)} bytes: {said}{' | WRONG' if fault else ''}\n")
        sys.stdout.flush()
        if said == EXACT and "/" in name:
            bytes_before, bytes_after = bytes_before + len(data), bytes_after + nbytes
    judge.end()
    share = f"; those at hand in {bytes_after / bytes_before:.3f} of the bytes" if bytes_before else ""
    sys.stdout.write(f"{dict(found)}{share}; {wrong} wrong\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
