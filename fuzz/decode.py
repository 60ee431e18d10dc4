"""Any bytes into the codecs: probe, decode, and encode what came out, small.

python -m fuzz.decode FILE replays one input.
"""

import sys
import warnings
from itertools import islice

import atheris

with atheris.instrument_imports(include=["core"]):
    import cv2
    import msgspec

    from core import codecs
    from core.errors import DarkroomError
    from core.limits import Limits
    from core.picture import Pixels

from fuzz import cpu

LIMITS = Limits(pixels=4_000_000, frame_pixels=8_000_000, frames=32)
"""Smaller than the server's, so that large inputs are refused quickly."""
WRITTEN = [name for name, known in codecs.FORMATS.items() if known.writes]
DEEP = [name for name in WRITTEN if codecs.FORMATS[name].depths]


def test_one_input(data: bytes) -> None:
    """One execution; only a DarkroomError may come out of the codecs."""
    try:
        origin = codecs.probe(data, LIMITS)
        animate, keep = bool(data[-1] & 1), bool(data[-1] & 2)
        deep = bool(data[-1] & 64) and codecs.reads_deep(origin)
        hints = codecs.DecodeHints(animate, bool(data[-1] & 4), bool(data[-1] & 8), deep=deep)
        colours: codecs.Colours = "keep" if keep else "p3" if data[-1] & 16 else "srgb"
        colours = "keep" if deep else colours
        mapped = bool(data[-1] & 32)
        frames = codecs.decode(data, origin, limits=LIMITS, hints=hints, colours=colours, gain_map=mapped)
        small = [msgspec.structs.replace(f, pixels=_small(f.pixels)) for f in islice(frames, 3)]
        written = DEEP[data[-1] % len(DEEP)] if deep else WRITTEN[data[-1] % len(WRITTEN)]
        given = {
            "keep": ["exif", "copyright", "hdr"],
            "depth": str(max(codecs.FORMATS[written].depths)) if deep else "8",
        }
        codecs.encode(small, written, msgspec.convert(given, codecs.EncodeOptions))
    except DarkroomError as error:
        if error.status >= 500:
            raise


def _small(pixels: Pixels) -> Pixels:
    shrunk = cv2.resize(pixels, (16, 12), interpolation=cv2.INTER_NEAREST)
    return shrunk if shrunk.ndim == 3 else shrunk[:, :, None]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)
    atheris.Setup(sys.argv, cpu.limited(test_one_input))
    atheris.Fuzz()
