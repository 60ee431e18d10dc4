"""The pictures that are measured with: real photographs where they are, else the drawn street, at a given size."""

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.picture import Pixels
from tools.scene import scene

PHOTOS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "images" / "photos"
NAMES = ("IMG_20180725_163423_12MP.jpg", "canon-dslr_18MP.jpg")


def sources() -> list[Pixels]:
    """Decoded photographs, BGR."""
    there = [path for name in NAMES if (path := PHOTOS / name).is_file()]
    return [_decoded(path.read_bytes()) for path in there] or [scene()]


def _decoded(data: bytes) -> Pixels:
    pixels: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return pixels


def sized(pixels: Pixels, megapixels: float) -> Pixels:
    """The picture scaled to about so many megapixels; its sides are divisible by 16."""
    height, width = pixels.shape[:2]
    factor = math.sqrt(megapixels * 1e6 / (width * height))
    size = (round(width * factor / 16) * 16, round(height * factor / 16) * 16)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def jpeg(pixels: Pixels, megapixels: float, quality: int = 90) -> bytes:
    """The picture scaled to about so many megapixels, as JPEG."""
    return bytes(cv2.imencode(".jpg", sized(pixels, megapixels), [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture."""
    height, width = _decoded(data).shape[:2]
    return width, height
