"""Whether a process can do its work now."""

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import CatalogError
from core.cost import Estimate
from core.limits import Deadline
from core.run import UNWATCHED
from service import readiness
from service.models.warmup import Warmup
from service.readiness import Readiness
from service.service import Service
from storage.errors import DeniedError, NoBucketError, UnreachableError
from tests.waiting import PATIENCE

NO_RESULTS = "The storage of results cannot be used; the log tells why."
NO_CATALOG = "The catalog cannot be used; the log tells why."


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What answers is waited for, and what it answered counts to the test's end; some tests set other times."""
    for name in ("_LONGEST", "_VALID_SECONDS"):
        monkeypatch.setattr(readiness, name, PATIENCE)


def opened(folder: Path, **settings: str) -> Service:
    (folder / "own").mkdir(exist_ok=True)
    given = {"FILES": str(folder), "RESULTS": "file://own/deep/", "DATA": str(folder / "data"), **settings}
    return Service.open({f"DARKROOM_{name}": value for name, value in given.items()})


def parts_of(service: Service, **others: Any) -> Readiness:
    parts = {"warmup": service.warmup, "admission": service.processor.admission, "stores": service.storage.stores,
             "results": service.storage.results, "catalog": service.catalog}  # fmt: skip
    return Readiness(**{**parts, **others})


@pytest.mark.parametrize("settings", [{}, {"CATALOG": "none"}, {"RESULTS": ""}, {"RESULTS": "memory://own"}])
def test_it_is_ready(tmp_path: Path, settings: dict[str, str]) -> None:
    service = opened(tmp_path, **settings)
    assert service.readiness.reasons() == []
    assert list((tmp_path / "own").iterdir()) == [], "nothing is written"


def test_a_missing_bucket(tmp_path: Path) -> None:
    service = opened(tmp_path)
    (tmp_path / "own").rmdir()
    assert service.readiness.reasons() == [NO_RESULTS]
    assert "own" not in NO_RESULTS, "the log tells where"


def test_a_model_that_is_cold(tmp_path: Path) -> None:
    def fail(name: str) -> None:
        raise CatalogError(f"{name} is far away")

    (reason,) = parts_of(opened(tmp_path), warmup=Warmup(["shapes"], fail)).reasons()
    assert "shapes" in reason


def test_a_full_queue(tmp_path: Path) -> None:
    service = opened(tmp_path, AT_ONCE="1", QUEUE="0")
    with service.processor.admission.enter(Estimate(), Deadline(10), UNWATCHED):
        assert service.readiness.reasons() == ["All cores are busy and the queue is full."]
    assert service.readiness.reasons() == []


class _Far:
    """A catalog, and stores, that answer with an error; `asked` counts."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.asked = 0

    def get(self, *_: object, **__: object) -> Any:
        self.asked += 1
        if self.error:
            raise self.error

    def of(self, _: object) -> "_Far":
        return self

    def list(self, *_: object) -> list[object]:
        return [self.get()]


@pytest.mark.parametrize("which", ["catalog", "stores"])
@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        pytest.param(None, False, id="within-reach"),
        pytest.param(DeniedError("denied"), False, id="denied"),
        pytest.param(NoBucketError("no bucket"), True, id="no-bucket"),
        pytest.param(UnreachableError("db.example is far"), True, id="unreachable"),
        pytest.param(CatalogError("gone"), True, id="no-catalog"),
        pytest.param(OSError("db.example: timed out"), True, id="what-a-client-raises"),
    ],
)
def test_what_is_outside_is_asked_seldom(
    tmp_path: Path, which: str, error: Exception | None, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = _Far(error)
    part: dict[str, object] = {"stores": far} if which == "stores" else {"catalog": lambda: far}
    ready = parts_of(opened(tmp_path), **part)
    is_told = is_told or (which == "catalog" and error is not None)
    expected = [NO_CATALOG if which == "catalog" else NO_RESULTS] if is_told else []
    assert [ready.reasons() for _ in range(5)] == [expected] * 5
    assert far.asked == 1
    monkeypatch.setattr(readiness, "_VALID_SECONDS", 0.0)
    ready._valid_until = 0.001
    far.error = None
    assert ready.reasons() == []
    assert far.asked == 2


def test_a_slow_answer_holds_one_thread_only(tmp_path: Path) -> None:
    ready = parts_of(opened(tmp_path))
    assert ready.reasons() == []
    ready._valid_until = 0.001
    with ExitStack() as stack:
        stack.callback(ready._lock.release)
        assert ready._lock.acquire(blocking=False)
        assert ready.reasons() == [], "the last answer"


def test_what_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are asked side by side, and neither again while it is still being asked."""
    monkeypatch.setattr(readiness, "_LONGEST", 0.05)
    monkeypatch.setattr(readiness, "_VALID_SECONDS", 0.0)
    released, asked = threading.Event(), [0]

    class Silent:
        def get(self, *_: object) -> None:
            asked[0] += 1
            assert released.wait(60)

        def of(self, _: object) -> "Silent":
            return self

        def list(self, *_: object) -> list[object]:
            return [self.get()]

    silent: Any = Silent()
    ready = parts_of(opened(tmp_path), catalog=lambda: silent, stores=silent)
    try:
        told = [ready.reasons() for _ in range(3)]
    finally:
        released.set()
    assert told == [["The storage of results does not answer in time.", "The catalog does not answer in time."]] * 3
    assert asked[0] == 2
    for question in ready._questions:
        assert question._thread
        question._thread.join()
    monkeypatch.setattr(readiness, "_LONGEST", PATIENCE)
    assert ready.reasons() == []
