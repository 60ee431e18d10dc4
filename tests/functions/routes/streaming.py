"""What the tests of streams share: how servers are started, and frames."""

import cv2
import numpy as np

from tests.conftest import ROOT
from tests.functions.support import BIN, picture
from tests.waiting import PATIENCE

MAIN = [str(BIN / "python"), "main.py"]
LOCAL = [str(BIN / "python"), "-m", "functions.server.local"]
ONE = {"DARKROOM_WORKERS": "1", "DARKROOM_QUEUE": "64", "DARKROOM_QUEUE_SECONDS": str(PATIENCE)}
SHAPES = cv2.imread(str(ROOT / "docs/img/shapes.png"))
JPEG = picture("jpg")
NOISE = cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (150, 150, 3), np.uint8))[1].tobytes()


def panned(across: int) -> bytes:
    """The drawn shapes, so many pixels further to the right."""
    view = cv2.copyMakeBorder(SHAPES, 0, 0, across, 160 - across, cv2.BORDER_REPLICATE)
    return cv2.imencode(".jpg", view)[1].tobytes()
