"""A process that loads a network which may break it, and tells by its exit code how that ended."""

import os
from pathlib import Path

import openvino  # noqa: F401 - here, so that processes which are forked find it imported

from core.errors import ModelError
from tests.core.models.making import ALL, a_runtime, coloured, soon
from tests.core.models.test_hostile import of_a_file

ENDS = {"model_broken": 11, "model_mismatch": 12}
"""Exit codes by the code of our error; 10 where there was none."""


def child(path: Path) -> None:
    """Load the network at a path, and look at a picture with it."""
    model = of_a_file(path)
    try:
        a_runtime(model).see(model, coloured(0), ALL, soon())
    except ModelError as error:
        os._exit(ENDS[error.code])
    os._exit(10)
