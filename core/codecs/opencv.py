"""OpenCV's decoder, which may return None, raise, or write to the log."""

import cv2
import numpy as np

from core.codecs.base import damaged
from core.codecs.pixels import Raw
from core.imaging.pixels import three_axes

# Damaged input is the caller's problem and is reported by the error; it does not belong in our log.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def decode_with_opencv(name: str, data: bytes, flags: int = cv2.IMREAD_UNCHANGED) -> Raw:
    """The pixels, by default as stored (any depth, BGR order); DamagedImageError (422) where there are none."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise damaged(name)
    return three_axes(pixels)
