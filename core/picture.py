"""The one value that flows through every step."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.findings.findings import Findings

Pixels = NDArray[np.uint8]
"""`uint8` array of shape (height, width, channels) with 1 (grey), 3 (BGR) or 4 (BGRA, straight alpha) channels."""


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width × height."""
        return self.width * self.height


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    r"""Where a picture came from. `size` is upright (EXIF orientation applied), in pixels; `duration` in milliseconds.

    `exif` is the TIFF structure without the `Exif\0\0` prefix, `icc` the profile, `xmp` the packet, `iptc` Photoshop's
    blocks; all as they were in the file.
    `channels` is what decoding will produce: 1, 3 or 4; `nbytes` the length of the file; `loop` how often an animation
    plays, 0 for ever. `depth` is bits a channel as stored; `progressive` says that the picture comes in several passes.
    `decoded` is the pixels a frame that the decoder makes room for, if those are more than `size` has.
    `hdr` are primaries and transfer (H.273) of a source in PQ or HLG, which decoding maps to SDR.
    """

    format: str
    size: Size
    decoded: int = 0
    channels: int = 3
    nbytes: int = 0
    frames: int = 1
    frame: int = 0
    duration: int = 0
    loop: int = 0
    orientation: int = 1
    depth: int = 8
    progressive: bool = False
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    hdr: tuple[int, int] | None = None


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Pixels, what was found in them, and where they came from. Filters return new pixels and never modify these."""

    pixels: Pixels
    origin: Origin
    findings: Findings = msgspec.field(default_factory=Findings)

    @property
    def size(self) -> Size:
        """Width and height of the pixels as they are now."""
        height, width = self.pixels.shape[:2]
        return Size(width, height)


Memory = dict[int, dict[str, Any]]
"""What the steps of a pipeline, by their numbers, remember from one frame to the next."""


class Moment(msgspec.Struct, frozen=True):
    """One frame of several, and what its step remembers of those before it: the step reads and changes that."""

    picture: Picture
    memory: dict[str, Any]


Frames = Iterator[Picture]
"""All frames of an animation, or the one of a still, one at a time."""
