"""Codes to read, drawn by OpenCV's encoder (its version 21 puts the last alignment patterns two modules off)."""

import cv2
import numpy as np
from numpy.typing import NDArray

MODES = {
    "numeric": cv2.QRCodeEncoder_MODE_NUMERIC,
    "alphanumeric": cv2.QRCodeEncoder_MODE_ALPHANUMERIC,
    "byte": cv2.QRCodeEncoder_MODE_BYTE,
    "eci": cv2.QRCodeEncoder_MODE_ECI,
}
LEVELS = {"L": 0, "M": 1, "Q": 2, "H": 3}
BORDER = 2


def modules(text: str, version: int = 0, level: str = "L", mode: str = "") -> NDArray[np.bool_]:
    """Dark modules as True, without a margin."""
    settings = cv2.QRCodeEncoder_Params()
    settings.version, settings.correction_level = version, LEVELS[level]
    if mode:
        settings.mode = MODES[mode]
    drawn = cv2.QRCodeEncoder_create(settings).encode(text)
    return drawn[BORDER:-BORDER, BORDER:-BORDER] == 0


def picture(text: str, module: int = 6, margin: int = 8, **options: str) -> NDArray[np.uint8]:
    """The code, `module` pixels a module, with `margin` modules of white around."""
    dark = np.pad(modules(text, **options), margin)
    return np.kron(np.where(dark, 0, 255).astype(np.uint8), np.ones((module, module), np.uint8))
