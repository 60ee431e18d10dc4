"""WebP by libwebp's own interface, for what Pillow does not hand through: sharp chroma and near-lossless.

The package `webp` declares libwebp's structs in part; the fields that it leaves out are reached by their places, which
the ABI of libwebp's 1.x keeps, and which are verified by their defaults. Source: libwebp's src/webp/encode.h.
"""

from typing import Any, NamedTuple

from core.picture import Pixels

_NEAR_LOSSLESS, _EXACT, _SHARP, _MOST_QUANTIZER = 23, 24, 26, 28
_DEFAULTS = {_NEAR_LOSSLESS: 100, _EXACT: 0, _SHARP: 0, _MOST_QUANTIZER: 100}
_FIELDS = 29


class WebpSettings(NamedTuple):
    """What libwebp's `WebPConfig` is told."""

    quality: float
    method: int
    lossless: bool = False
    near_lossless: int = 100
    sharp: bool = False


def webp_file(rgba: Pixels, settings: WebpSettings) -> bytes:
    """A file of RGBA (or RGBX, whose alpha is 255 throughout). RuntimeError where libwebp does not encode it."""
    from webp._webp import ffi, lib

    picture, writer = ffi.new("WebPPicture*"), ffi.new("WebPMemoryWriter*")
    lib.WebPMemoryWriterInit(writer)
    if not lib.WebPPictureInit(picture):
        raise RuntimeError("libwebp has another ABI")
    picture.height, picture.width = rgba.shape[:2]
    picture.use_argb = 1  # else colours are reduced while they are imported, before sharpness is looked at
    picture.writer, picture.custom_ptr = ffi.addressof(lib, "WebPMemoryWrite"), writer
    try:
        imported = lib.WebPPictureImportRGBA(picture, ffi.from_buffer("uint8_t[]", rgba), rgba.strides[0])
        if not imported or not lib.WebPEncode(_config(ffi, lib, settings), picture):
            raise RuntimeError("libwebp did not encode the picture")
        return bytes(ffi.buffer(writer.mem, writer.size))
    finally:
        lib.WebPPictureFree(picture)
        lib.WebPMemoryWriterClear(writer)


def _config(ffi: Any, lib: Any, settings: WebpSettings) -> Any:
    config = ffi.new("WebPConfig*")
    lib.WebPConfigPreset(config, lib.WEBP_PRESET_DEFAULT, settings.quality)
    config.method, config.lossless = settings.method, int(settings.lossless)
    fields = ffi.cast("int*", config)
    if ffi.sizeof("WebPConfig") != 4 * _FIELDS or any(fields[at] != value for at, value in _DEFAULTS.items()):
        raise RuntimeError("libwebp has another ABI")
    fields[_NEAR_LOSSLESS], fields[_SHARP] = settings.near_lossless, int(settings.sharp)
    fields[_EXACT] = int(settings.lossless and settings.near_lossless == 100)  # else nothing would be changed
    if not lib.WebPValidateConfig(config):
        raise RuntimeError("libwebp refuses these settings")
    return config
