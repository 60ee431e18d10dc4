"""What other readers see of a picture: OpenCV, and Pillow with libheif; each as RGBA on a grid, as the browser's."""

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Grid = NDArray[np.uint8]


def on_a_grid(pixels: NDArray[Any], side: int) -> Grid:
    """The pixels in the middles of side × side cells, RGBA."""
    height, width = pixels.shape[:2]
    rows = ((np.arange(side) + 0.5) * height / side).astype(int)
    columns = ((np.arange(side) + 0.5) * width / side).astype(int)
    return np.ascontiguousarray(pixels[rows][:, columns])


def by_opencv(file: bytes) -> NDArray[Any] | None:
    """The first frame, turned; None where OpenCV does not read it."""
    try:
        pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGBA)


def by_pillow(file: bytes) -> NDArray[Any] | None:
    """The first frame, turned, in sRGB; None where neither Pillow nor libheif reads it."""
    pi_heif.register_heif_opener()
    try:
        with Image.open(io.BytesIO(file)) as image:
            profile = image.info.get("icc_profile")
            turned = ImageOps.exif_transpose(image)
            if profile and turned.mode in {"RGB", "RGBA"}:
                turned = _in_srgb(turned, profile)
            return np.asarray(turned.convert("RGBA"))
    except Exception:  # noqa: BLE001 - it may raise anything
        return None


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB")) or image
    except ImageCms.PyCMSError:
        return image


READERS: dict[str, Callable[[bytes], NDArray[Any] | None]] = {"OpenCV": by_opencv, "Pillow": by_pillow}
