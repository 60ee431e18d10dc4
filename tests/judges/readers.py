"""What other readers see of a picture: OpenCV, Pillow with libheif, tifffile; as RGBA on a grid, as the browser's."""

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pi_heif
import tifffile
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


def by_tifffile(file: bytes) -> NDArray[Any] | None:
    """Grey and RGB samples of the first page, spread over their type's range; None where tifffile reads none."""
    try:
        with tifffile.TiffFile(io.BytesIO(file)) as opened:
            page = opened.pages[0]
            values, kind = page.asarray(), page.photometric
            plain = not set(page.extrasamples) - {0} and page.tags.valueof("Orientation", 1) == 1
            planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    except Exception:  # noqa: BLE001 - it may raise anything
        return None
    colours = {tifffile.PHOTOMETRIC.MINISWHITE: 1, tifffile.PHOTOMETRIC.MINISBLACK: 1, tifffile.PHOTOMETRIC.RGB: 3}
    if kind not in colours or not plain or values.dtype.kind not in "iuf":
        return None
    shaped = values.reshape(-1, *values.shape[-2:]).transpose(1, 2, 0) if planar else values
    shaped = shaped[:, :, None] if shaped.ndim == 2 else shaped
    shares = _by_range(shaped[:, :, : colours[kind]], page.bitspersample)
    shares = 1 - shares if kind == tifffile.PHOTOMETRIC.MINISWHITE else shares
    seen = np.rint(255 * np.broadcast_to(shares, (*shares.shape[:2], 3))).astype(np.uint8)
    return cv2.cvtColor(seen, cv2.COLOR_RGB2RGBA)


def _by_range(values: NDArray[Any], bits: int) -> NDArray[np.float64]:
    """Floats from 0 to 1, whole numbers from the least to the greatest of so many bits."""
    if values.dtype.kind == "f":
        return np.clip(np.nan_to_num(values.astype(float)), 0, 1)
    least = -(2.0 ** (bits - 1)) if values.dtype.kind == "i" else 0.0
    return np.asarray((values.astype(float) - least) / (2.0**bits - 1))


READERS: dict[str, Callable[[bytes], NDArray[Any] | None]] = {
    "OpenCV": by_opencv, "Pillow": by_pillow, "tifffile": by_tifffile,
}  # fmt: skip
