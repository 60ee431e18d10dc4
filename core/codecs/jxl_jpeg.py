"""A JPEG as JPEG XL by its coefficients, and back to the same bytes. Source: ISO/IEC 18181-2, the box `jbrd`."""

import ctypes
from ctypes import c_int, c_size_t

from core.codecs import isobmff, libjxl
from core.codecs.base import codec_errors
from core.codecs.jpeg_segments import READ_FRAMES, segments
from core.errors import CannotTranscodeError, DamagedImageError

_EFFORT = 7
_FOR_ANY, _FOR_BYTE, _FOR_PIXEL = 1 << 26, 100, 100
"""Bytes that libjxl may ask for: whatever the file, for each byte of it and for each pixel."""
_GROWTH = 2
_LONGEST_ANY, _LONGEST_BYTE, _LONGEST_PIXEL = 4 << 20, 4, 4
"""Bytes that the JPEG may have: whatever the file, for each byte of it and for each pixel."""


def jpeg_as_jxl(data: bytes, effort: int | None) -> bytes:
    """The JPEG XL that holds all of a JPEG. CannotTranscodeError (415) where the way back would give other bytes."""
    try:
        with libjxl.Encoder() as encoder:
            encoder.call("UseContainer", c_int(1))
            encoder.call("StoreJPEGMetadata", c_int(1))
            settings = encoder.settings(_EFFORT if effort is None else 1 + round(effort * 0.8))
            encoder.frame("AddJPEGFrame", settings, data, c_size_t(len(data)))
            encoder.status("CloseInput")
            made = b"".join(encoder.take())
        exact = _reconstructed(made, jpeg_pixels(data), len(data)) == data
    except (libjxl.LibraryError, DamagedImageError):
        exact = False
    if not exact:
        raise CannotTranscodeError("JPEG XL does not hold this kind of JPEG, or it is damaged: use lossless=true.")
    return made


def jxl_as_jpeg(data: bytes, size: int) -> bytes:
    """The JPEG of so many pixels that a JPEG XL was made of.

    Errors: cannot_transcode (415) where it was made of none, damaged_image (422).
    """
    if not holds_jpeg(data):
        raise CannotTranscodeError("This JPEG XL was not made of a JPEG by lossless=transcode.")
    with codec_errors("jxl"):
        return _reconstructed(data, size, _GROWTH * len(data))


def _reconstructed(data: bytes, size: int, length: int) -> bytes:
    """The JPEG, of about that `length`: libjxl writes all of it or nothing, and does not say how much that is."""
    most = max(length, _LONGEST_ANY + _LONGEST_BYTE * len(data) + _LONGEST_PIXEL * size)
    buffer = ctypes.create_string_buffer(min(length, most))
    budget = libjxl.Budget(_FOR_ANY + _FOR_BYTE * len(data) + _FOR_PIXEL * size)
    with libjxl.Decoder(data, budget) as decoder:
        for event in decoder.events(libjxl.JPEG | libjxl.FULL_IMAGE):
            if event == libjxl.NEEDS_JPEG_BUFFER:
                _released(decoder, buffer)
                if len(buffer) >= most:
                    raise libjxl.LibraryError("the JPEG is far longer than its JPEG XL")
                buffer = ctypes.create_string_buffer(min(_GROWTH * len(buffer), most))
            elif event != libjxl.JPEG:
                return _released(decoder, buffer)
            decoder.call("SetJPEGBuffer", buffer, c_size_t(len(buffer)))
    raise libjxl.LibraryError("there is no JPEG")


def _released(decoder: libjxl.Decoder, buffer: "ctypes.Array[ctypes.c_char]") -> bytes:
    return bytes(memoryview(buffer)[: len(buffer) - decoder.status("ReleaseJPEGBuffer")])


def holds_jpeg(data: bytes) -> bool:
    """Whether a JPEG XL has what it takes to become the JPEG again that it was made of."""
    return data[4:8] == b"JXL " and isobmff.find_box(memoryview(data), b"jbrd") is not None


def jpeg_pixels(data: bytes) -> int:
    """How many a JPEG has, by its frame header; 0 where it has none."""
    frame = next((payload for marker, payload in segments(data) if marker in READ_FRAMES), b"").ljust(6, b"\0")
    return int.from_bytes(frame[1:3], "big") * int.from_bytes(frame[3:5], "big")
