"""Short codes that stand for a picture: BlurHash and a perceptual hash."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.imaging.srgb import TO_LINEAR, encoded
from core.picture import Pixels

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def blurhash_of(pixels: Pixels, across: int, down: int) -> str:
    """The BlurHash of BGR pixels with so many components, 1 to 9 each.

    Source: https://github.com/woltapp/blurhash/blob/master/Algorithm.md.
    """
    waves = _waves(pixels, across, down)
    mean, rest = waves[0], waves[1:]
    largest = np.abs(rest).max() if len(rest) else 0.0
    step = int(np.clip(np.floor(largest * 166 - 0.5), 0, 82))
    parts = [_base83((across - 1) + (down - 1) * 9, 1), _base83(step if len(rest) else 0, 1), _mean_digits(mean)]
    return "".join(parts + [_wave_digits(wave, (step + 1) / 166) for wave in rest])


def _waves(pixels: Pixels, across: int, down: int) -> NDArray[np.float64]:
    """Cosine amplitudes of linear red, green, blue: one row each, the constant one first."""
    height, width = pixels.shape[:2]
    light = TO_LINEAR[pixels[:, :, ::-1]]
    columns = np.cos(np.pi * np.arange(across)[:, None] * np.arange(width) / width) / width
    rows = np.cos(np.pi * np.arange(down)[:, None] * np.arange(height) / height) / height
    waves = np.einsum("jy,yxc,ix->jic", rows, light, columns).reshape(-1, 3)
    return waves * np.array([1.0] + [2.0] * (len(waves) - 1))[:, None]


def _mean_digits(mean: NDArray[np.float64]) -> str:
    red, green, blue = (int(value) for value in np.floor(255 * encoded(mean) + 0.5))
    return _base83(red << 16 | green << 8 | blue, 4)


def _wave_digits(wave: NDArray[np.float64], largest: float) -> str:
    share = wave / largest
    red, green, blue = (int(v) for v in np.clip(np.floor(np.sign(share) * np.sqrt(np.abs(share)) * 9 + 9.5), 0, 18))
    return _base83((red * 19 + green) * 19 + blue, 2)


def _base83(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83 ** (length - 1 - place) % 83] for place in range(length))


def phash_of(luma: Pixels) -> str:
    """64 bits as 16 hex digits: which of the lowest 8×8 frequencies of a 32×32 copy are above their median.

    Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    """
    small = cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float64)
    low = cv2.dct(small)[:8, :8]
    bits = (low > np.median(low)).ravel()
    return np.packbits(bits).tobytes().hex()
