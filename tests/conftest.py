"""Fixtures of the whole suite: where the real pictures lie, and small pictures made on the spot."""

import gc
import os
import signal
import sys
from functools import cache, lru_cache
from pathlib import Path

import httpx._config as httpx_config
import httpx._transports.default as httpx_transport
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from tests.waiting import PATIENCE

# Dozens of processes start from this source: each would compile all of it anew where the shell asks for no bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell that runs us in the background makes Ctrl-C ignored, and what we start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy: no example has a time to keep. The same examples each time, so that a change that breaks
# nothing turns nothing red; `pytest --hypothesis-profile=explore` draws others.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("explore", settings.get_profile("steady"), derandomize=False, print_blob=True)
settings.load_profile("steady")

# Each client would read all authorities of the web anew, for 25 ms, though these tests speak to this machine alone.
httpx_transport.create_ssl_context = cache(httpx_transport.create_ssl_context)

# Who names no time would give up after five seconds, which a busy machine may need for an answer.
for _step in ("connect", "read", "write", "pool"):
    setattr(httpx_config.DEFAULT_TIMEOUT_CONFIG, _step, PATIENCE)

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"


def pytest_collection_finish() -> None:
    """Twelve thousand tests stay to the end: the garbage collector need not look through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def data() -> Path:
    """Real pictures; absent on a stranger's machine, obligatory in CI."""
    if not DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the shared pictures are missing, and CI must not skip their tests")
        pytest.skip("the shared pictures (../shared/data) are not on this machine")
    return DATA


def made_picture(channels: int, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """A reproducible picture with smooth ground, edges and a little noise; alpha runs from 0 to 255."""
    return _made(channels, width, height).copy()


@lru_cache(64)
def _made(channels: int, width: int, height: int) -> NDArray[np.uint8]:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    planes = [across, down, 255 - (across + down) / 2]
    noise = np.random.default_rng(7).normal(0, 6, (height, width, 3))
    pixels = np.stack(planes, axis=2) + noise
    pixels[height // 4 : height // 2, width // 4 : width // 2] = (30, 60, 220)
    color = np.clip(pixels, 0, 255).astype(np.uint8)
    if channels == 1:
        return np.ascontiguousarray(color[:, :, 1:2])
    return color if channels == 3 else np.dstack([color, across.astype(np.uint8)])


@pytest.fixture(params=[1, 3, 4], ids=["grey", "bgr", "bgra"])
def pixels(request: pytest.FixtureRequest) -> NDArray[np.uint8]:
    """The made picture in each of the three channel counts."""
    return made_picture(request.param)
