"""Requests that fail leave nothing large in memory until the next garbage collection, which may be long to come."""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from functions.http import Darkroom
from tests.functions.support import picture
from tests.hostile.bodies import DOORS, Sent
from tests.hostile.containers import PICTURES

LARGE = 200_000
SIZE = 2**20


def cut(kind: str) -> Callable[[], Sent]:
    return lambda: DOORS["raw"](noise(kind)[: SIZE // 4])


def noise(kind: str) -> bytes:
    return picture(kind, width=900, height=600)


CASES: dict[str, Callable[[], Sent]] = {
    **{f"{kind} that ends early": cut(kind) for kind in ("jpg", "png", "webp", "gif", "tiff", "bmp")},
    **{f"{name} through {door}": lambda name=name, door=door: DOORS[door](PICTURES[name](SIZE))  # type: ignore[misc]
       for name in ("jpeg-reserved-markers", "jpeg-profile-parts", "jpeg-exif-entries", "png-packed-texts")
       for door in ("raw", "json", "second-form")},
    "a stream's frame": lambda: Sent("/v1/stream?pipeline=blur", noise("jpg")[: SIZE // 4]),
    "an unknown step": lambda: Sent("/v1/process?pipeline=nonesuch", bytes(SIZE)),
    "no picture": lambda: Sent("/v1/process?pipeline=blur", bytes(SIZE)),
    "too much work": lambda: Sent("/v1/process?pipeline=denoise/denoise", picture("jpg", width=4000, height=3000)),
    "a class that the model does not know": lambda: Sent("/v1/process?pipeline=detect/count:classes=x", picture("jpg")),
    "a step that fails": lambda: Sent("/v1/process?pipeline=crop:5000,5000,0,0", picture("png", width=900, height=600)),
}  # fmt: skip


@pytest.fixture
def uncollected() -> Iterator[Callable[[], list[str]]]:
    """What a collection finds that holds pixels or bytes, each by its type."""
    gc.collect()
    gc.disable()

    def found() -> list[str]:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        held = [held for one in gc.garbage if type(one).__name__ != "BytesIO" for held in gc.get_referents(one)]
        return sorted({f"{type(one).__name__} of {_size(one)}" for one in held if _size(one) > LARGE})

    yield found
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def _size(one: Any) -> int:
    """By its own class: `isinstance` asks a weak proxy for that of what it stood for, which is gone."""
    if issubclass(type(one), np.ndarray | memoryview):
        return int(one.nbytes)
    return len(one) if issubclass(type(one), bytes | bytearray | str) else 0


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_nothing_large_is_left(app: Darkroom, uncollected: Callable[[], list[str]], make: Callable[[], Sent]) -> None:
    client = app.test_client()
    sent = make()
    for _ in range(2):
        client.open(sent.path, method=sent.method, data=sent.body, content_type=sent.content_type).close()
    assert uncollected() == []
