"""Fixtures: a scene of each scheme that needs no server."""

from pathlib import Path

import pytest

from functions.http import Darkroom
from storage.options import Options
from storage.registry import Stores
from tests.service.events.support import Scene


@pytest.fixture(params=["memory", "file"])
def scene(request: pytest.FixtureRequest, app: Darkroom, tmp_path: Path) -> Scene:
    for bucket in ("in", "out", "results"):
        (tmp_path / bucket).mkdir()
    return Scene(request.param, Stores(Options(root=tmp_path)), app.service.processor)
