"""Pillow, where OpenCV cannot. Imported inside functions only: most requests never need it."""

import warnings
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np

from core.codecs.pixels import as_channels, eight_bits, swapped
from core.imaging.pixels import three_axes
from core.picture import Pixels

_ORDERED = {"RGB", "RGBA"}
_PLUGINS = {
    "AVIF": "PIL.AvifImagePlugin",
    "GIF": "PIL.GifImagePlugin",
    "WEBP": "PIL.WebPImagePlugin",
}


def ignore_warnings() -> None:
    """Suppress Pillow's warnings.

    Called before each use: one more filter is cheap, and unlike `catch_warnings` safe with threads
    (https://docs.python.org/3.11/library/warnings.html#warnings.catch_warnings).
    """
    warnings.filterwarnings("ignore", module=r"PIL\.|core\.codecs")


def to_pixels(image: Any, channels: int) -> Pixels:
    """A loaded image as grey, BGR or BGRA."""
    if image.mode in {"P", "PA", "1", "LAB", "YCbCr", "HSV", "RGBa", "La", "RGBX"}:
        image = image.convert(_plain_mode(image, channels))
    if image.mode == "I":
        return as_channels(eight_bits(three_axes(np.clip(np.asarray(image), 0, 65535).astype(np.uint16))), channels)
    pixels = eight_bits(three_axes(np.asarray(image)))
    return as_channels(swapped(pixels) if image.mode in _ORDERED else pixels, channels)


def _plain_mode(image: Any, channels: int) -> str:
    if image.mode == "1":
        return "L"
    return "RGBA" if channels == 4 else "RGB"


def to_image(pixels: Pixels) -> Any:
    """Pillow's image of the pixels; it shares the memory of one copy."""
    from PIL import Image

    ignore_warnings()
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    height, width = pixels.shape[:2]
    return Image.frombuffer(mode, (width, height), swapped(np.ascontiguousarray(pixels)), "raw", mode, 0, 1)


def saved(image: Any, name: str, **options: Any) -> bytes:
    """The image as a file's bytes; options that are None are left out."""
    ignore_warnings()
    # Otherwise Pillow imports all of its plugins to find this one.
    import_module(_PLUGINS[name])
    file = BytesIO()
    image.save(file, name, **{key: value for key, value in options.items() if value is not None})
    return file.getvalue()
