"""Real models of the shared data, found by their checksums, and small ones made on the spot."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ModelAbsentError
from core.models.files import Files
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest
from core.models.model import Model, WeightsFile
from core.models.runtime import Runtime
from tests.conftest import ROOT
from tests.core.models import making

SHIPPED = ROOT / "core" / "models" / "models.toml"
Photo = Callable[[str], NDArray[np.uint8]]


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    """What ships."""
    return Manifest.read((SHIPPED.read_text(), SHIPPED.parent))


@pytest.fixture(scope="session")
def shared_files(data: Path) -> Files:
    """The files of the shared models, by checksum."""
    paths = [path for path in (data / "models").rglob("*") if path.is_file()]

    @cache
    def sum_of(path: Path, algorithm: str) -> str:
        return hashlib.new(algorithm, path.read_bytes()).hexdigest()

    def found(file: WeightsFile, fetch: bool = False) -> Path:
        for path in paths if file.file is None else [Path(file.file)]:
            if path.stat().st_size == file.bytes and sum_of(path, file.algorithm) == file.checksum:
                return path
        raise ModelAbsentError(f"{file.name} is not here")

    return found


@pytest.fixture(scope="session")
def runtime(manifest: Manifest, shared_files: Files, tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """The shipped models, run; compiled ones are kept for the session."""
    options = RuntimeOptions(threads=2, memory=2 * 10**9, compiled=tmp_path_factory.mktemp("compiled"), wait=60)
    return Runtime(manifest, shared_files, options)


@pytest.fixture(scope="session")
def photo(data: Path) -> Photo:
    """`photo(name)`: a shared picture by its name without the ending, BGR."""

    @cache
    def opened(name: str) -> NDArray[np.uint8]:
        (path,) = sorted((data / "images").glob(f"*/{name}.*"))
        return cv2.imread(str(path))

    return opened


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for made networks."""
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def colours(networks: Path) -> Model:
    """A classifier into blue, green and red: the mean of each channel."""
    return making.a_table(making.saved(networks, "colours", making.means))


@pytest.fixture(scope="session")
def made(networks: Path) -> Callable[..., Model]:
    """`made(name, build, **table)`: the table of a network made by `build`."""

    def make(name: str, build: Any, shape: tuple[int, ...] = (1, 3, making.SIDE, making.SIDE), **fields: Any) -> Model:
        return making.a_table(making.saved(networks, name, build, shape), **fields)

    return make
