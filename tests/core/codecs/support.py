"""Pictures, files and comparisons that the codec tests share."""

import io
from collections.abc import Iterable
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions
from core.limits import Limits
from core.picture import Origin, Picture, Pixels, Size
from tests.conftest import made_picture

LIMITS = Limits()
EXACT = 99.0
"""Decibels from which on two pictures are the same."""


def read(data: bytes, **options: Any) -> list[Picture]:
    """All frames."""
    hints = codecs.DecodeHints(animate=True)
    return list(codecs.decode(data, codecs.probe(data, LIMITS), limits=LIMITS, hints=hints, **options))


def first(data: bytes, **options: Any) -> Pixels:
    """The first frame's pixels."""
    return read(data, **options)[0].pixels


def picture(pixels: Pixels, **origin: Any) -> Picture:
    size = Size(pixels.shape[1], pixels.shape[0])
    return Picture(pixels=pixels, origin=Origin(format="png", size=size, channels=pixels.shape[2], **origin))


def written(pixels: Pixels, name: str, options: EncodeOptions | None = None, **origin: Any) -> bytes:
    return codecs.encode([picture(pixels, **origin)], name, options or EncodeOptions())


def shift(pixels: Pixels, count: int, duration: int = 40, loop: int = 0) -> list[Picture]:
    """Frames of an opaque square that wanders over a still picture."""
    frames = []
    for number in range(count):
        moved = pixels.copy()
        moved[10:20, 5 + 7 * number : 17 + 7 * number, :3] = 255 - 30 * number
        moved[10:20, 5 + 7 * number : 17 + 7 * number, 3:] = 255
        frames.append(picture(moved, duration=duration + 10 * number, loop=loop))
    return frames


def rgba(pixels: Pixels) -> NDArray[np.uint8]:
    """Red, green, blue, alpha, whatever the channels were."""
    code = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}[pixels.shape[2]]
    return cv2.cvtColor(pixels, code)


def shown(pixels: Pixels) -> NDArray[np.uint8]:
    """Red, green, blue, alpha as a lossless file holds them: nothing where alpha is 0."""
    whole = rgba(pixels)
    whole[whole[:, :, 3] == 0] = 0
    return whole


def decibels(one: NDArray[Any], other: NDArray[Any]) -> float:
    """PSNR of two RGBA pictures, at most 99: of colours where both are opaque, else of alpha and weighted colours."""
    assert one.shape == other.shape
    if min(one[:, :, 3].min(), other[:, :, 3].min()) == 255:
        return min(EXACT, cv2.PSNR(one, other) - 10 * float(np.log10(4 / 3)))
    error = np.mean((_premultiplied(one) - _premultiplied(other)) ** 2)
    return EXACT if error == 0 else min(EXACT, float(10 * np.log10(255**2 / error)))


def _premultiplied(pixels: NDArray[Any]) -> NDArray[np.float64]:
    result = pixels.astype(np.float64)
    result[:, :, :3] *= result[:, :, 3:] / 255
    return result


def others(file: bytes) -> NDArray[np.uint8]:
    """The first frame as another reader sees it, in RGBA: imagecodecs of JPEG XL, Pillow of all else."""
    if codecs.sniff(file) != "jxl":
        with Image.open(io.BytesIO(file)) as image:
            return np.asarray(image.convert("RGBA"))
    return jxl_frames(file)[0]


def jxl_frames(file: bytes) -> list[NDArray[np.uint8]]:
    """Every frame of a JPEG XL by imagecodecs' own binding."""
    height, width = first(file).shape[:2]
    channels = codecs.probe(file, LIMITS).channels
    found = imagecodecs.jpegxl_decode(file, numthreads=1).reshape(-1, height, width, channels)
    order = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_RGB2RGBA}
    return [cv2.cvtColor(frame, order[channels]) if channels < 4 else frame for frame in found]


def pillow_file(name: str, pixels: Pixels | None = None, mode: str | None = None, **options: Any) -> bytes:
    """A file that Pillow wrote, of the made picture unless others are given."""
    image = pillow_image(made_picture(3) if pixels is None else pixels)
    return pillow_save(image.convert(mode) if mode else image, name, **options)


def pillow_image(pixels: Pixels) -> Image.Image:
    shown = rgba(pixels)
    return Image.fromarray(shown if pixels.shape[2] == 4 else shown[:, :, : pixels.shape[2]].squeeze())


def pillow_save(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def pillow_animation(name: str, frames: Iterable[Picture], **options: Any) -> bytes:
    images = [pillow_image(frame.pixels) for frame in frames]
    return pillow_save(images[0], name, save_all=True, append_images=images[1:], **options)
