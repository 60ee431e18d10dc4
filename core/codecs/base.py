"""What a codec consists of: its public `Format`, and the functions behind it."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal, NamedTuple, Self

import msgspec

from core.cost import Cost
from core.errors import DamagedImageError, DarkroomError, ErrorTranslation, NotAnImageError, TooMuchWorkError
from core.language.values import WHITE, Color, doc, ranged
from core.limits import Deadline
from core.picture import GainMapSource, Origin, Picture, Pixels, Size


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """A format as callers see it.

    `options` are the fields of `EncodeOptions` that mean something for it, `side` the largest side in pixels that a
    file of it can hold and decoders read; `gain_maps` says whether it holds one, `grey` whether it may be of one
    channel. `for_stills` says whether a still keeps it as its own format, `in_browsers` whether browsers show it;
    `depths` are the bits a channel, above eight, that it can be written in; `revision` is raised whenever the encoder's
    bytes change.
    `lossless` formats lose nothing by default; of those that a client accepts equally, the one with the lowest
    `preference` is written.
    """

    name: str
    media_type: str
    extensions: tuple[str, ...]
    reads: bool = True
    writes: bool = False
    animates: bool = False
    alpha: bool = False
    grey: bool = True
    lossless: bool = False
    for_stills: bool = True
    in_browsers: bool = False
    preference: int = 100
    options: tuple[str, ...] = ()
    gain_maps: bool = False
    depths: tuple[int, ...] = ()
    side: int = 65535
    revision: int = 1

    @property
    def extension(self) -> str:
        """The usual extension of its files, without the dot."""
        return self.extensions[0]


_QUALITY = (
    "Quality of a lossy format; each has its own default. A PNG has the fewest colours that are off by at most "
    "(100 - quality) / 4 levels (root of the mean square), and is exact where 256 are not enough or no quality is asked"
)
Colours = Literal["srgb", "p3", "keep"]
"""The space that pixels are decoded to: sRGB, Display P3, or that of the source."""
Kept = Literal["copyright", "exif", "gps", "hdr", "icc"]
_KEEP_DOC = (
    "Metadata to carry over; none by default. `exif` is without the place and serial numbers, which `gps` adds; "
    "`copyright` is its holder and the artist; `hdr` is the gain map (JPEG), until a filter changes pixels"
)
_PROFILE_DOC = (
    "Colours of the result, and the profile that it carries: sRGB, Display P3 or the picture's own (as `keep=icc`); "
    "by default sRGB, which no profile says"
)
_DEPTH_DOC = (
    "Bits a channel, where the pipeline only flips, turns by quarters and crops: PNG and TIFF of 16 keep every sample "
    "of a deep picture, as does a JPEG XL that loses nothing; AVIF has 10 or 12"
)


class EncodeOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the result is encoded. Options that a format lacks are ignored; `Format.options` lists those it has."""

    quality: Annotated[int, ranged(1, 100, _QUALITY)] | None = None
    progressive: Annotated[bool, doc("JPEG that shows coarse first")] = False
    lossless: Annotated[
        Literal[False, True, "transcode"],
        doc(
            "Every pixel exact, where the format can (WebP, AVIF, JPEG XL); `transcode`: an untouched JPEG as JPEG XL, "
            "with all its metadata, or such a JPEG XL as the same JPEG again"
        ),
    ] = False
    effort: Annotated[int, ranged(0, 10, "0 fastest, 10 smallest; scaled to each encoder")] | None = None
    chroma: Annotated[Literal["420", "422", "444"], doc("Resolution of colour: quarter, half, full")] | None = None
    background: Annotated[Color, doc("What shows through where the format holds no alpha")] = WHITE
    colors: Annotated[int, ranged(2, 256, "Most colours of a PNG; one that has no more stays exact")] | None = None
    dither: Annotated[bool, doc("Mix the colours of a PNG (256 unless `colors` says otherwise), by blue noise")] = False
    sharp: Annotated[bool, doc("WebP whose colours, stored at a quarter, keep edges as bright as they were")] = False
    near_lossless: (
        Annotated[int, ranged(0, 100, "Lossless WebP of pixels changed a little: 100 not at all, 60 usual, 0 most")]
        | None
    ) = None
    keep: Annotated[frozenset[Kept], doc(_KEEP_DOC)] = frozenset()
    profile: Annotated[Literal["srgb", "p3", "keep"], doc(_PROFILE_DOC)] | None = None
    depth: Annotated[Literal["8", "10", "12", "16"], doc(_DEPTH_DOC)] = "8"
    max_bytes: Annotated[int, ranged(1, 2**31, "Lower the quality until the file fits into this many bytes")] | None = (
        None
    )

    @property
    def colours(self) -> Colours:
        """The space that pixels are decoded to."""
        return self.profile or ("keep" if {"hdr", "icc"} & self.keep else "srgb")

    def canonical(self) -> Self:
        """The same in one spelling: `profile=keep` is `keep=icc`."""
        if self.profile != "keep":
            return self
        return msgspec.structs.replace(self, keep=self.keep | {"icc"}, profile=None)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says. `size` is as stored; `channels` is what decoding produces: 1 grey, 3 BGR, 4 BGRA.

    `coded` is the size that the bitstream in a container announces: the larger of both counts. `depth` is bits a
    channel as stored; `progressive` says that the picture comes in several passes, `packing` how its samples are
    packed, where that decides what decoding takes. `icc` is the file's profile, or the one that says the same as its
    numbers; `hdr` are primaries and transfer (H.273) where that is PQ or HLG, which no profile holds. `grey` says that
    grey is stored, also where alpha makes it BGRA. `coarse` is by how many times colours are stored more coarsely along
    one axis than along the other. `xmp` is a packet, `iptc` are Photoshop's blocks.
    """

    size: Size
    coded: Size = Size(0, 0)
    channels: int = 3
    frames: int = 1
    loop: int = 0
    orientation: int = 1
    depth: int = 8
    progressive: bool = False
    packing: str = ""
    coarse: int = 1
    exif: bytes | None = None
    icc: bytes | None = None
    hdr: tuple[int, int] | None = None
    grey: bool = False
    xmp: bytes | None = None
    iptc: bytes | None = None
    gain_map: GainMapSource | None = None


class DecodedFrame(NamedTuple):
    """One decoded frame: `pixels` H×W×{1,3,4}, or C, M, Y, K as 0 to 255 of *light* where `cmyk`; `duration` in ms.

    `alpha`, H×W, is what inks have beside them.
    """

    pixels: Pixels
    duration: int = 0
    upright: bool = False
    cmyk: bool = False
    alpha: Pixels | None = None


class DecodeHints(NamedTuple):
    """What the steps need from a picture; a codec may always produce more.

    `animate`: all frames, not only the first. `luma`: only brightness, one channel. `averaged`: the first step averages
    neighbours, so that colour stored at half the resolution need not be interpolated. `deep`: samples of more than
    eight bits as 16 (`uint16`). `scale`: each side at 1/`scale`, rounded up.
    """

    animate: bool = False
    luma: bool = False
    averaged: bool = False
    deep: bool = False
    scale: int = 1


class EncodeJob(NamedTuple):
    """What an encoder is asked to do. `exif` and `icc` are ready to embed; `loop` is how often it plays, 0 for ever."""

    options: EncodeOptions
    exif: bytes | None = None
    icc: bytes | None = None
    loop: int = 0
    deadline: Deadline | None = None

    def check(self, before: str) -> None:
        """Raise if the request's deadline has passed."""
        if self.deadline:
            self.deadline.check(before)


PALETTE = "palette"
"""How the samples of a picture are packed that has a palette."""


class Codec(NamedTuple):
    """A format and its functions.

    `matches` gets the file; `header` parses without decoding; `decode` yields frames lazily, only the first unless
    the hints say `animate`; `encode` takes at least one frame, flattened and fitting the format. `lossy` says whether
    `quality` makes the file smaller under these options. `shortcuts`: whether `decode` uses the hints `luma` and
    `averaged`; `deep`: whether it uses that; `scales` are those of the hint `scale` that it uses. `gain_map` decodes
    one. `reading` and `writing` are what a frame costs. `usual` is the bytes a pixel of a photograph's file, by
    which the detail of others is told; 0: its length tells nothing. `read_memory` is the peak of decoding in bytes
    a decoded byte, the result included; `write_memory` that of encoding a frame of so many channels, in bytes a
    byte of it, the frame itself excluded. An encoder that goes through a large picture by parts holds so much of
    `write_part` pixels only, and `write_rest` bytes a byte of all others. `moving_memory` is that of a frame which
    others follow. `holds`: whether an animation's frames are all kept until the last one is there.
    """

    format: Format
    matches: Callable[[bytes], bool]
    header: Callable[[bytes], Header]
    decode: Callable[[bytes, Origin, DecodeHints], Iterator[DecodedFrame]]
    encode: Callable[[Iterator[Picture], EncodeJob], bytes] | None = None
    lossy: Callable[[EncodeOptions], bool] = lambda _: False
    quality: int = 0
    shortcuts: bool = False
    deep: bool = False
    scales: tuple[int, ...] = ()
    reading: Callable[[Origin, DecodeHints], Cost] = lambda _origin, _hints: Cost(pixel=10.0, byte=5.0, fixed=100.0)
    writing: Callable[[EncodeOptions], Cost] = lambda _: Cost(pixel=50.0, fixed=100.0)
    usual: float = 0.0
    gain_map: Callable[[bytes, GainMapSource], Pixels] | None = None
    read_memory: Callable[[Origin], float] = lambda _: 2.5
    write_memory: Callable[[EncodeOptions, int], float] = lambda _options, _channels: 1.5
    write_part: int = 1 << 62
    write_rest: float = 0.0
    moving_memory: Callable[[EncodeOptions, int], float] | None = None
    holds: Callable[[EncodeOptions], bool] = lambda _: False


def codec_errors(name: str) -> ErrorTranslation:
    """Turn whatever a parser or decoder raises on bad input into a damaged image (422): they may raise anything."""

    def translated(error: BaseException) -> Exception | None:
        return damaged(name) if isinstance(error, Exception) and not isinstance(error, DarkroomError) else None

    return ErrorTranslation(translated)


_PARTS, _BYTES_OF_A_PART = 2048, 512
"""A real file of chunks, blocks or boxes has one in kilobytes; small files may be all of small ones."""


def parts(name: str, length: int) -> Iterator[int]:
    """Counts the chunks, blocks, boxes or segments that are walked over in so many bytes.

    A walk is Python, so a file of tiny parts would cost far more than its bytes. TooMuchWorkError (413) past the most.
    """
    most = _PARTS + length // _BYTES_OF_A_PART
    yield from range(most)
    raise TooMuchWorkError(f"The {name.upper()} consists of more than {most} parts, far more than its size needs.")


def damaged(name: str, why: str = "its data cannot be read") -> DamagedImageError:
    """The error for an image whose data is broken or missing."""
    return DamagedImageError(f"The {name.upper()} is damaged: {why}.", format=name)


def unsupported(name: str, why: str) -> NotAnImageError:
    """The error for a file that is intact but uses an unsupported feature of its format."""
    return NotAnImageError(f"This kind of {name.upper()} is not supported: {why}.", format=name)


def refuse_unread_side(name: str, size: Size, most: int) -> None:
    """Refuse (415) what no decoder of the format reads, though its limits and ours allow it."""
    if max(size) > most:
        raise unsupported(name, f"more than {most} pixels a side")
