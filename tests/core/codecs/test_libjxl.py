"""A server without imagecodecs: what only it reads is refused by name, and all else is read as before."""

import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from tests.conftest import made_picture
from tests.core.codecs.support import written

WITHOUT = """
import sys
sys.modules["imagecodecs"] = None
from core import codecs
from core.errors import DarkroomError
from core.limits import Limits
try:
    print(codecs.probe(sys.stdin.buffer.read(), Limits()).format)
except DarkroomError as error:
    print(error.status, error)
"""
"""In a process of its own, because formats are registered when the package is imported."""

PIXELS = made_picture(3, 40, 30)
DEEP = np.full((30, 40), 1000, np.uint16)
_IN_A_BOX = b"\0\0\0\x0cJXL \r\n\x87\n"
MISSING = "imagecodecs, which reads it, is not installed"
READ = {
    "JPEG XL": (written(PIXELS, "jxl"), f"415 The bytes are a JPEG XL image; {MISSING}"),
    "JPEG XL in boxes": (_IN_A_BOX + written(PIXELS, "jxl"), f"415 The bytes are a JPEG XL image; {MISSING}"),
    "JPEG of 12 bits": (imagecodecs.jpeg8_encode(DEEP, bitspersample=12), f": 12 bits; {MISSING}"),
    "lossless JPEG": (imagecodecs.jpeg8_encode(PIXELS, lossless=True), f": lossless; {MISSING}"),
    "JPEG": (written(PIXELS, "jpeg"), "jpeg"),
    "PNG": (written(PIXELS, "png"), "png"),
}


@pytest.mark.parametrize("name", READ)
def test_without_imagecodecs(name: str, root: Path) -> None:
    data, expected = READ[name]
    ran = subprocess.run([sys.executable, "-c", WITHOUT], cwd=root, input=bytes(data), capture_output=True, check=True)
    assert expected in ran.stdout.decode()
