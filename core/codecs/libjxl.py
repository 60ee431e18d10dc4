"""libjxl by its own C interface, from imagecodecs' wheel, whose functions know no profile, EXIF, loop or duration.

Sources: the headers jxl/decode.h, encode.h, codestream_header.h, color_encoding.h and types.h of libjxl 0.11.
"""

import ctypes
from collections.abc import Callable, Iterator
from ctypes import Structure, byref, c_double, c_float, c_int, c_int32, c_size_t, c_uint8, c_uint32, c_void_p
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SUCCESS, NEEDS_INPUT, NEEDS_BUFFER, NEEDS_JPEG_BUFFER, NEEDS_BOX_BUFFER = 0, 2, 5, 6, 7
BASIC_INFO, COLOUR, FRAME, FULL_IMAGE, JPEG, BOX = 0x40, 0x100, 0x400, 0x1000, 0x2000, 0x4000
NEEDS_OUTPUT = 2
MISSING = "imagecodecs, which reads it, is not installed on this server"
"""Why a file is refused where `installed` is false."""
UINT8, UINT16 = 2, 3
BLACK = 4
"""The kind of extra channel that holds the fourth ink."""
GREY = 1
"""The colour space of one channel."""
MOST_NUMBERED = 255
"""Transfers above it are a plain exponent."""
EFFORT = 0
"""The one frame setting that is made here."""


class BasicInfo(Structure):
    """JxlBasicInfo."""

    _fields_ = (
        ("have_container", c_int),
        ("width", c_uint32),
        ("height", c_uint32),
        ("bits", c_uint32),
        ("exponent_bits", c_uint32),
        ("intensity_target", c_float),
        ("min_nits", c_float),
        ("relative_to_max_display", c_int),
        ("linear_below", c_float),
        ("uses_original_profile", c_int),
        ("have_preview", c_int),
        ("have_animation", c_int),
        ("orientation", c_int),
        ("colour_channels", c_uint32),
        ("extra_channels", c_uint32),
        ("alpha_bits", c_uint32),
        ("alpha_exponent_bits", c_uint32),
        ("alpha_premultiplied", c_int),
        ("preview", c_uint32 * 2),
        ("ticks", c_uint32),
        ("ticks_below", c_uint32),
        ("loops", c_uint32),
        ("have_timecodes", c_int),
        ("intrinsic", c_uint32 * 2),
        ("padding", c_uint8 * 100),
    )


class FrameHeader(Structure):
    """JxlFrameHeader with its JxlLayerInfo and JxlBlendInfo."""

    _fields_ = (
        ("duration", c_uint32),
        ("timecode", c_uint32),
        ("name_length", c_uint32),
        ("is_last", c_int),
        ("have_crop", c_int),
        ("x", c_int32),
        ("y", c_int32),
        ("width", c_uint32),
        ("height", c_uint32),
        ("blend_mode", c_int),
        ("blend_source", c_uint32),
        ("blend_alpha", c_uint32),
        ("blend_clamp", c_int),
        ("save_as_reference", c_uint32),
    )


class BlendInfo(Structure):
    """JxlBlendInfo of an extra channel."""

    _fields_ = (("mode", c_int), ("source", c_uint32), ("alpha", c_uint32), ("clamp", c_int))


class ExtraChannel(Structure):
    """JxlExtraChannelInfo."""

    _fields_ = (
        ("kind", c_int),
        ("bits", c_uint32),
        ("exponent_bits", c_uint32),
        ("dim_shift", c_uint32),
        ("name_length", c_uint32),
        ("alpha_premultiplied", c_int),
        ("spot_colour", c_float * 4),
        ("cfa_channel", c_uint32),
    )


class ColourEncoding(Structure):
    """JxlColorEncoding; white and primaries are numbered as JPEG XL does, the transfer as H.273."""

    _fields_ = (
        ("space", c_int),
        ("white", c_int),
        ("white_xy", c_double * 2),
        ("primaries", c_int),
        ("red_xy", c_double * 2),
        ("green_xy", c_double * 2),
        ("blue_xy", c_double * 2),
        ("transfer", c_int),
        ("gamma", c_double),
        ("intent", c_int),
    )


class PixelFormat(Structure):
    """JxlPixelFormat."""

    _fields_ = (("channels", c_uint32), ("data_type", c_int), ("endianness", c_int), ("align", c_size_t))


_Allocate = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_size_t)
_Free = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)


class _MemoryManager(Structure):
    _fields_ = (("opaque", c_void_p), ("allocate", _Allocate), ("free", _Free))


class LibraryError(Exception):
    """A call of libjxl failed."""


class OverBudgetError(LibraryError):
    """It failed because decoding asked for more memory than the picture needs."""


class Budget:
    """How many bytes a decoder may ask for in all.

    What it asks for grows with the pixels that it works on, those of frames that nobody sees among them: the sum bounds
    memory and work alike.
    """

    def __init__(self, most: int) -> None:
        self.left = most
        self.exceeded = False
        self._malloc, self._release = _allocators()
        self.manager = _MemoryManager(None, _Allocate(self._allocate), _Free(self._free))

    def _allocate(self, _opaque: int | None, size: int) -> int | None:
        self.left -= size
        if self.left < 0:
            self.exceeded = True
            return None
        place: int | None = self._malloc(size)
        return place

    def _free(self, _opaque: int | None, place: int | None) -> None:
        self._release(place)


@cache
def _allocators() -> tuple[Callable[[int], int | None], Callable[[int | None], None]]:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = c_void_p, [c_size_t]
    libc.free.restype, libc.free.argtypes = None, [c_void_p]
    return libc.malloc, libc.free


@cache
def _place() -> Path | None:
    """Where the library is; None where imagecodecs is not installed, or not as a Linux wheel."""
    found = find_spec("imagecodecs")
    folder = Path(found.origin or "").parent.parent / "imagecodecs.libs" if found else Path()
    return next(folder.glob("libjxl-*.so*"), None)


def installed() -> bool:
    """Whether the library is there; it is not loaded."""
    return _place() is not None


@cache
def library() -> ctypes.CDLL:
    """The library, with what it returns where that is no status. LibraryError if it is not there."""
    place = _place()
    if place is None:
        raise LibraryError("libjxl is not installed")
    import_module("imagecodecs._jpegxl")  # loads what the library needs, by the paths that the wheel knows
    found = ctypes.CDLL(str(place))
    for name in ("JxlDecoderCreate", "JxlEncoderCreate", "JxlEncoderFrameSettingsCreate"):
        getattr(found, name).restype = c_void_p
    for name in ("JxlDecoderReleaseBoxBuffer", "JxlDecoderReleaseJPEGBuffer"):
        getattr(found, name).restype = c_size_t
    found.JxlEncoderDistanceFromQuality.restype = c_float
    return found


class _Handle:
    """An object of the library, which ends with the context."""

    def __init__(self, kind: str, manager: _MemoryManager | None = None) -> None:
        self._library, self._kind = library(), kind
        create: Any = getattr(self._library, f"Jxl{kind}Create")
        self._handle = c_void_p(create(byref(manager) if manager else None))
        if not self._handle:
            raise LibraryError(f"Jxl{kind}Create")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        getattr(self._library, f"Jxl{self._kind}Destroy")(self._handle)

    def status(self, name: str, *arguments: Any) -> int:
        """What a function of the object returns."""
        found: int = getattr(self._library, f"Jxl{self._kind}{name}")(self._handle, *arguments)
        return found

    def call(self, name: str, *arguments: Any) -> None:
        """A function of the object that must succeed; LibraryError otherwise."""
        if self.status(name, *arguments) != SUCCESS:
            raise LibraryError(name)


class Decoder(_Handle):
    """A JxlDecoder of one file: `events` go through it, in order, up to the end.

    Pixels come upright, with straight alpha. LibraryError where the file is damaged or cut short.
    """

    def __init__(self, data: bytes, budget: Budget) -> None:
        super().__init__("Decoder", budget.manager)
        self._data, self._budget = data, budget

    def events(self, wanted: int, *, coalesced: bool = True) -> Iterator[int]:
        """Each event as it comes; whoever takes it gives what it needs before taking the next."""
        self.call("SubscribeEvents", c_int(wanted))
        self.call("SetCoalescing", c_int(coalesced))
        self.call("SetUnpremultiplyAlpha", c_int(1))
        self.call("SetInput", self._data, c_size_t(len(self._data)))
        self.status("CloseInput")
        while (event := self.status("ProcessInput")) != SUCCESS:
            if event <= NEEDS_INPUT:
                raise OverBudgetError("ProcessInput") if self._budget.exceeded else LibraryError("ProcessInput")
            yield event

    def got(self, name: str, kind: type[Any], *arguments: Any) -> Any:
        """What a function fills in, such as BasicInfo by GetBasicInfo."""
        found = kind()
        self.call(name, *arguments, byref(found))
        return found

    def profile(self, target: int) -> bytes:
        """The ICC profile of the pixels that come (1), or of those that were encoded (0)."""
        length = self.got("GetICCProfileSize", c_size_t, c_int(target)).value
        buffer = ctypes.create_string_buffer(length)
        self.call("GetColorAsICCProfile", c_int(target), buffer, c_size_t(length))
        return buffer.raw


def container_box(data: bytes, kind: bytes, most: int) -> bytes | None:
    """The content of the first box of a kind, decompressed; None where there is none of at most so many bytes."""
    buffer, found = ctypes.create_string_buffer(most), False
    with Decoder(data, Budget(16 * most + 8 * len(data))) as decoder:
        decoder.call("SetDecompressBoxes", c_int(1))
        for event in decoder.events(BOX):
            if found and event == NEEDS_BOX_BUFFER:
                return None
            if found:
                break
            name = (c_uint8 * 4)()
            decoder.call("GetBoxType", name, c_int(1))
            if bytes(name) == kind:
                found = True
                decoder.call("SetBoxBuffer", buffer, c_size_t(most))
        return buffer.raw[: most - decoder.status("ReleaseBoxBuffer")] if found else None


class Encoder(_Handle):
    """A JxlEncoder: `call` what is to be encoded, then `take` what was."""

    def __init__(self) -> None:
        super().__init__("Encoder")

    def settings(self, effort: int) -> c_void_p:
        """New settings of a frame."""
        found = c_void_p(self._library.JxlEncoderFrameSettingsCreate(self._handle, None))
        self.check(self._library.JxlEncoderFrameSettingsSetOption(found, c_int(EFFORT), ctypes.c_int64(effort)))
        return found

    def frame(self, name: str, settings: c_void_p, *arguments: Any) -> None:
        """A function of the settings, which must succeed."""
        self.check(getattr(self._library, f"JxlEncoder{name}")(settings, *arguments))

    def check(self, status: int) -> None:
        """LibraryError unless the status is that of success."""
        if status != SUCCESS:
            raise LibraryError(f"encoder: {self.status('GetError')}")

    def take(self, size: int = 1 << 18) -> Iterator[bytes]:
        """The bytes that are ready; without CloseInput those of frames that others follow."""
        buffer = (c_uint8 * size)()
        status = NEEDS_OUTPUT
        while status == NEEDS_OUTPUT:
            place, left = c_void_p(ctypes.addressof(buffer)), c_size_t(size)
            status = self.status("ProcessOutput", byref(place), byref(left))
            yield bytes(memoryview(buffer)[: size - left.value])
        self.check(status)


_LEAST_DISTANCE = 0.02


def distance(quality: float) -> c_float:
    """Butteraugli's distance for a quality of 0 to 100, as cjxl takes it, but never lossless."""
    return c_float(max(library().JxlEncoderDistanceFromQuality(c_float(quality)), _LEAST_DISTANCE))
