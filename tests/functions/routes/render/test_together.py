"""Many ask for one render at once: each process computes it once at most, one is stored, and all get its bytes."""

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import msgspec
import pytest

from core.errors import DeadlineExceededError
from core.limits import Deadline
from functions.errors import ClientGoneError
from service.render.renderer import Render, RenderCache
from service.render.single_flight import SingleFlight
from tests.conftest import ROOT
from tests.functions.routes.images.test_images import objects
from tests.functions.support import BIN, clean_environment, picture, wait_for
from tests.waiting import PATIENCE
from tools.ports import free_port

THREADS, PROCESSES = 64, 2


@contextlib.contextmanager
def two_processes(folder: Path) -> Iterator[tuple[str, Path]]:
    """gunicorn with two workers, and the file of its log."""
    port, log = str(free_port()), folder / "log"
    given = {"FILES": str(folder), "SOURCES": "file://in/", "RESULTS": "file://own", "DATA": str(folder / "data"),
             "WORKERS": str(PROCESSES), "THREADS": str(THREADS), "QUEUE": "64",
             "MAX_SECONDS": str(PATIENCE), "LOCAL_WRITES": "true"}  # fmt: skip
    environment = clean_environment(PORT=port, **{f"DARKROOM_{name}": value for name, value in given.items()})
    with log.open("wb") as out:
        process = subprocess.Popen([str(BIN / "python"), "main.py"], cwd=ROOT, env=environment, stdout=out)
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()
            process.wait(PATIENCE)


def test_64_threads_and_2_processes(tmp_path: Path) -> None:
    for name in ("in", "own"):
        (tmp_path / name).mkdir()
    (tmp_path / "in" / "a.png").write_bytes(picture("png", width=1600, height=1200))
    gate = Barrier(THREADS)
    with two_processes(tmp_path) as (url, log):

        def ask(_: int) -> tuple[int, bytes, str]:
            with httpx.Client(timeout=PATIENCE) as client:
                client.get(f"{url}/health")
                gate.wait(PATIENCE)
                response = client.get(f"{url}/v1/render/resize:1500/denoise/-/file/in/a.png?format=webp")
                return response.status_code, response.content, response.headers["etag"]

        with ThreadPoolExecutor(THREADS) as pool:
            answers = set(pool.map(ask, range(THREADS)))
        assert len(answers) == 1
        (status, content, _) = answers.pop()
        assert status == 200
    (stored,) = objects(tmp_path / "own")
    assert (tmp_path / "own" / stored).read_bytes() == content
    assert 1 <= computed(log) <= PROCESSES


def computed(log: Path) -> int:
    """How many requests of a log encoded a picture."""
    lines = [msgspec.json.decode(line) for line in log.read_bytes().splitlines() if line.startswith(b"{")]
    seen = Counter("encode" in (line.get("spans") or {}) for line in lines if "/v1/render" in line.get("path", ""))
    assert seen.total() == THREADS
    return seen[True]


def test_waiting_ends_with_the_deadline_and_a_failure_is_not_kept() -> None:
    flights: SingleFlight[int] = SingleFlight()
    inside, done = Barrier(2), Barrier(2)

    def work() -> int:
        inside.wait(PATIENCE)
        done.wait(PATIENCE)
        raise ValueError("broken")

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(flights.do, "a", work, Deadline(PATIENCE))
        inside.wait(PATIENCE)
        with pytest.raises(DeadlineExceededError):
            flights.do("a", lambda: 1, Deadline(0.01))
        assert flights.do("b", lambda: 2, Deadline(PATIENCE)) == 2
        done.wait(PATIENCE)
        with pytest.raises(ValueError, match="broken"):
            leader.result(PATIENCE)
    assert flights.do("a", lambda: 4, Deadline(PATIENCE)) == 4


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(DeadlineExceededError("blur", 0.1), [2, 2], id="a-shorter-deadline"),
        pytest.param(ClientGoneError("The caller is gone."), [2, 2], id="a-caller-that-is-gone"),
        pytest.param(ValueError("broken"), [ValueError, ValueError], id="what-fails-for-all"),
    ],
)
def test_another_one_takes_over_where_one_gives_up(error: Exception, expected: list[object]) -> None:
    flights: SingleFlight[int] = SingleFlight()
    inside, done = Barrier(2), Barrier(2)

    def given_up() -> int:
        inside.wait(PATIENCE)
        done.wait(PATIENCE)
        raise error

    with ThreadPoolExecutor(3) as pool:
        leader = pool.submit(flights.do, "a", given_up, Deadline(PATIENCE))
        inside.wait(PATIENCE)
        others = [pool.submit(flights.do, "a", lambda: 2, Deadline(PATIENCE)) for _ in range(2)]
        while not all(other.running() for other in others):
            pass
        time.sleep(0.1)  # for them to wait; if they come later, those of the last case work for themselves
        done.wait(PATIENCE)
        assert type(leader.exception(PATIENCE)) is type(error)
        seen = [type(other.exception(PATIENCE)) if other.exception(PATIENCE) else other.result() for other in others]
    assert seen in (expected, [2, 2])


def test_memory_is_bounded_and_the_least_used_go() -> None:
    memory = RenderCache(100_000)
    for name in "abc":
        memory.put(name, Render(b"x" * 40_000, "image/png"))
        memory.get("a")
    memory.put("d", Render(b"x" * 101_000, "image/png"))
    memory.put("c", Render(b"y" * 30_000, "image/png", settled=True))
    assert [bool(memory.get(name)) for name in "abcd"] == [True, False, True, False]
    memory.put("e", Render(b"x" * 25_000, "image/png"))
    assert [bool(memory.get(name)) for name in "ace"] == [True, True, True]
