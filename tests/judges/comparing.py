"""One file before all judges."""

from typing import NamedTuple

import numpy as np

from core import codecs
from core.errors import DarkroomError
from core.limits import Limits
from core.picture import Picture
from tests.core.codecs.support import rgba
from tests.judges import browser
from tests.judges.browser import Browser
from tests.judges.readers import READERS, Grid, on_a_grid

SIDE, FRAMES = 40, 12
MEAN, FAR, SHARE = 3.0, 24, 0.02
"""Two are alike if their colours, multiplied by alpha, are so many levels apart at most on the average, and no more
than a fiftieth of the pixels further than the second: readers differ in upsampling and rounding.
"""


class Judged(NamedTuple):
    """What differs from us, by judge; `ours` is an error's code where we refuse the file.

    `agreed` names a judge of the first rank that sees what we read: the browser, of samples in a TIFF tifffile.
    """

    ours: str
    others: dict[str, str]
    agreed: str = ""

    @property
    def differs(self) -> bool:
        """Whether anybody sees it otherwise."""
        return bool(self.others)

    def told(self) -> str:
        """In a line."""
        return f"we {self.ours}; " + ", ".join(f"{name}: {what}" for name, what in self.others.items())


def judged(file: bytes, seeing: Browser) -> Judged:
    """The file before the browser, frame by frame, and before the other readers, its first frame."""
    try:
        origin = codecs.probe(file, Limits())
        hints = codecs.DecodeHints(animate=True)
        frames = list(codecs.decode(file, origin, limits=Limits(frames=10**6), hints=hints))
    except DarkroomError as error:
        readers = {name: "reads it" for name, read in READERS.items() if read(file) is not None}
        return Judged(error.code, readers)
    others = _seen(file, origin.format, frames, seeing)
    agreed = "Chromium" if origin.format in browser.MEDIA and not others else ""
    for name, read in READERS.items():
        pixels = read(file)
        if pixels is not None:
            what = _difference(frames[0], pixels.shape[1], pixels.shape[0], on_a_grid(pixels, SIDE), name != "OpenCV")
            others |= {name: what} if what else {}
            agreed = name if name == "tifffile" and not what else agreed
    return Judged("read it", others, agreed)


def _seen(file: bytes, name: str, frames: list[Picture], seeing: Browser) -> dict[str, str]:
    if name not in browser.MEDIA:
        return {}
    shown = seeing.look(file, name, SIDE, FRAMES)
    if shown is None:
        return {"Chromium": "does not show it"}
    for number, (frame, seen) in enumerate(zip(frames, shown, strict=False)):
        what = _difference(frame, seen.width, seen.height, seen.grid, alpha=True)
        if what:
            return {"Chromium": f"frame {number}: {what}" if len(frames) > 1 else what}
    return {"Chromium": f"{len(shown)} frames"} if min(len(frames), FRAMES) != len(shown) else {}


def _difference(frame: Picture, width: int, height: int, grid: Grid, alpha: bool) -> str:
    if tuple(frame.size) != (width, height):
        return f"{width}×{height} for {frame.size.width}×{frame.size.height}"
    ours = on_a_grid(rgba(frame.pixels), SIDE)
    if not alpha and ours[:, :, 3].min() < 255:
        return ""
    apart = np.abs(_shown(ours) - _shown(grid)).max(axis=2)
    far = float((apart > FAR).mean())
    return f"{apart.mean():.0f} levels, {100 * far:.0f} % far" if apart.mean() > MEAN or far > SHARE else ""


def _shown(grid: Grid) -> np.ndarray:
    alpha = grid[:, :, 3:].astype(float)
    return np.concatenate([grid[:, :, :3] * alpha / 255, alpha], axis=2)
