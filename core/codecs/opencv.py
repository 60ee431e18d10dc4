"""OpenCV's decoder, which may give nothing, raise, or write to the log."""

import cv2
import numpy as np

from core.codecs.base import damaged
from core.codecs.pixels import Raw
from core.imaging.pixels import three_axes

# What a stranger's bytes look like inside is no news for our log; the error that is raised says it.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def decode_with_opencv(name: str, data: bytes, flags: int = cv2.IMREAD_UNCHANGED) -> Raw:
    """The pixels, by default as stored (any depth, BGR order); DamagedImageError (422) where there are none."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        raise damaged(name)
    return three_axes(pixels)
