"""The world that the tests of this folder are in."""

from collections.abc import Iterator

import pytest

from tests.storage.web.world import World, begun


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with begun(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(_world: World) -> World:
    _world.clear()
    return _world
