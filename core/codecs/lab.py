"""CIELab as TIFF stores it, to sRGB. Sources: TIFF 6.0 section 23, Adobe Photoshop TIFF notes (ICCLab), CIE 15:2018."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.codecs import cicp
from core.picture import Pixels

CIE_LAB, ICC_LAB = 8, 9
"""PhotometricInterpretation: a* and b* signed, or from 128 on."""
_KNEE = 6 / 29
_WHITE = (0.9642, 1.0, 0.8249)


def to_bgr(values: NDArray[Any], photometric: int) -> Pixels:
    """H×W×3 unsigned numbers of 8 or 16 bits, as stored under D50, to BGR."""
    eight = values.dtype == np.uint8
    lightness = values[:, :, 0].astype(np.float32) * np.float32(100 / (255 if eight else 65535))
    if photometric == ICC_LAB:
        lightness = values[:, :, 0].astype(np.float32) * np.float32(100 / (255 if eight else 0xFF00))
        opponents = values[:, :, 1:].astype(np.float32) / np.float32(1 if eight else 256) - 128
    else:
        opponents = values[:, :, 1:].astype(values.dtype.newbyteorder("=")).view(np.int8 if eight else np.int16)
        opponents = opponents.astype(np.float32) / np.float32(1 if eight else 256)
    y = (lightness + 16) / 116
    shares = np.stack([y + opponents[:, :, 0] / 500, y, y - opponents[:, :, 1] / 200], axis=2)
    xyz = np.where(shares > _KNEE, shares**3, 3 * _KNEE**2 * (shares - 4 / 29)) * np.array(_WHITE, np.float32)
    linear = np.clip(cv2.transform(xyz.astype(np.float32), cicp.xyz_to_linear_bgr()), 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.rint(coded * 255).astype(np.uint8)
