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


Triple = tuple[float, float, float]
"""Numbers of red, green and blue."""


class GainMapMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """How a gain map makes one picture of another, in the words of ISO 21496-1; gains and headrooms are log2."""

    gain_map_min: Triple
    gain_map_max: Triple
    gamma: Triple = (1.0, 1.0, 1.0)
    base_offset: Triple = (1 / 64, 1 / 64, 1 / 64)
    alternate_offset: Triple = (1 / 64, 1 / 64, 1 / 64)
    base_hdr_headroom: float = 0.0
    alternate_hdr_headroom: float
    use_base_colour_space: bool = True


class GainMapSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a file has its gain map: a picture of its own at `start`, or the item of that number.

    `apple`: its codes are as Apple's phones write them.
    """

    size: Size
    start: int
    length: int = 0
    channels: int = 1
    metadata: GainMapMetadata
    icc: bytes | None = None
    apple: bool = False


class GainMap(msgspec.Struct, frozen=True, eq=False):
    """A second plane that makes HDR of a picture: 1 or 3 channels, of any size, laid over all of the picture."""

    pixels: Pixels
    metadata: GainMapMetadata
    icc: bytes | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    r"""Where a picture came from. `size` is upright (EXIF orientation applied), in pixels; `duration` in milliseconds.

    `exif` is the TIFF structure without the `Exif\0\0` prefix, `icc` the profile, `xmp` the packet, `iptc` Photoshop's
    blocks; all as they were in the file.
    `channels` is what decoding will produce: 1, 3 or 4; `nbytes` the length of the file; `loop` how often an animation
    plays, 0 for ever. `depth` is bits a channel as stored; `progressive` says that the picture comes in several passes,
    `packing` how its samples are packed, where that decides what decoding takes; `coarse` by how many times colours are
    stored more coarsely along one axis than along the other.
    `decoded` is the pixels a frame that the decoder makes room for, if those are more than `size` has.
    `hdr` are primaries and transfer (H.273) of a source in PQ or HLG, which decoding maps to SDR. `gain_map` is where a
    picture in SDR says how it looks in HDR.
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
    packing: str = ""
    coarse: int = 1
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    icc: bytes | None = None
    hdr: tuple[int, int] | None = None
    gain_map: GainMapSource | None = None


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Pixels, what was found in them, and where they came from. Filters return new pixels and never modify these.

    A gain map is there where it is to be kept, until a filter changes the pixels that it was made for.
    """

    pixels: Pixels
    origin: Origin
    findings: Findings = msgspec.field(default_factory=Findings)
    gain_map: GainMap | None = None

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
