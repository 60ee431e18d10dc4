"""Which set of a model's files is taken, and that the search leaves nothing behind."""

import gc
import weakref
from pathlib import Path

import pytest

from core.errors import ModelAbsentError, ModelChecksumError
from core.models.files import weights_of
from core.models.model import WeightsFile
from tests.core.models.support import a_model

FIRST, SECOND = (WeightsFile(url=f"https://example.com/{name}", bytes=1, sha256=name * 64) for name in "ab")
MODEL = a_model("yolox", files=(FIRST,), copies=((SECOND,),))


class Held:
    """What a load holds while it looks for its files."""


def files(file: WeightsFile, fetch: bool) -> Path:
    if file == FIRST and not fetch:
        raise ModelChecksumError("it is another one")
    return Path(file.checksum[0])


def nothing(file: WeightsFile, fetch: bool) -> Path:
    raise (ModelChecksumError if file == FIRST else ModelAbsentError)("no")


def test_the_first_set_that_is_at_hand() -> None:
    assert weights_of(MODEL, files).paths == (Path("b"),)
    assert weights_of(MODEL, files, fetch=True).paths == (Path("b"),)


def test_the_preferred_set_tells_what_is_wrong() -> None:
    with pytest.raises(ModelChecksumError):
        weights_of(MODEL, nothing)


def test_nothing_waits_for_the_collector() -> None:
    """A network that was let go must be gone: the collector comes rarely, and does not see how large it is."""

    def load() -> "weakref.ref[Held]":
        held = Held()
        weights_of(MODEL, files)
        return weakref.ref(held)

    gc.disable()
    try:
        assert load()() is None
    finally:
        gc.enable()
