"""Real networks, compiled and run once a session with nothing of ours between them and the picture."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

Run = Callable[[str, NDArray[Any]], list[NDArray[Any]]]
Open = Callable[[str], NDArray[np.uint8]]


@pytest.fixture(scope="session")
def run(data: Path) -> Run:
    """`run(file, tensor)`: the raw outputs of a network of the shared models, in its own order."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # or importing it phones home
    import openvino

    core = openvino.Core()

    @cache
    def compiled(file: str) -> Any:
        plain = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 2}
        return core.compile_model(core.read_model(data / "models" / file), "CPU", plain)

    return lambda file, tensor: [np.array(output) for output in compiled(file)(tensor).values()]


@pytest.fixture(scope="session")
def picture(data: Path) -> Open:
    """`picture(name)`: a shared picture by its name without the ending, BGR."""

    @cache
    def opened(name: str) -> NDArray[np.uint8]:
        (path,) = sorted((data / "images").glob(f"*/{name}.*"))
        return cv2.imread(str(path))

    return opened
