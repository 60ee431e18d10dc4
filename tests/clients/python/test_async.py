"""The asynchronous client: the same requests, responses, retries and errors."""

import asyncio
import inspect
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from darkroom_client import AsyncDarkroom, BrokenResponseError, Darkroom, NoServerError, RefusedError, SlowServerError

from tests.clients.python.fault_server import Answer, FaultServer, half, other, problem, reset, silence
from tests.waiting import PATIENCE

PICTURE = b"\xff\xd8 a picture"
BUSY = problem(503, {"Retry-After": "0"}, code="busy", detail="Full.")


def public(kind: type) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(method) for name, method in found if not name.startswith("_")}


def test_it_has_the_methods_of_the_other() -> None:
    assert public(AsyncDarkroom) == public(Darkroom)


@pytest.mark.parametrize(
    "send",
    [lambda _: PICTURE, lambda photo: photo, lambda _: io.BytesIO(PICTURE)],
    ids=["bytes", "path", "stream"],
)
@pytest.mark.parametrize("faults", [[], [BUSY], [reset], [reset, BUSY]], ids=["at-once", "busy", "reset", "both"])
def test_a_picture(server: FaultServer, photo: Path, send: Callable[[Path], Any], faults: list[Answer]) -> None:
    async def ask() -> bytes:
        async with AsyncDarkroom(server.url) as darkroom:
            return (await darkroom.process(send(photo), "sepia", format="png")).data

    server.script = list(faults)
    assert asyncio.run(ask()) == PICTURE
    assert len(server.seen) == len(faults) + 1
    assert server.seen[-1].query == {"pipeline": "sepia", "format": "png"}
    assert server.seen[-1].parts == {"file": PICTURE}


def test_many_at_once(server: FaultServer) -> None:
    async def ask() -> list[dict[str, Any]]:
        async with AsyncDarkroom(server.url) as darkroom:
            return await asyncio.gather(*(darkroom.inspect(PICTURE + bytes(n), "palette") for n in range(20)))

    told = asyncio.run(ask())
    assert [entry["findings"]["measures"]["bytes"] for entry in told] == [len(PICTURE) + n for n in range(20)]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(half, BrokenResponseError, id="half"),
        pytest.param(reset, BrokenResponseError, id="reset"),
        pytest.param(silence, SlowServerError, id="silence"),
        pytest.param(other(200, "text/html", b"<p>"), BrokenResponseError, id="no-darkroom"),
        pytest.param(problem(400, code="bad_parameter", detail="No."), RefusedError, id="refused"),
    ],
)
def test_faults_have_their_own_errors(server: FaultServer, fault: Answer, kind: type[Exception]) -> None:
    async def ask() -> None:
        async with AsyncDarkroom(server.url, retries=0, timeout=0.3 if fault is silence else PATIENCE) as darkroom:
            await darkroom.process(PICTURE)

    server.script = [fault]
    with pytest.raises(kind):
        asyncio.run(ask())


def test_nobody_there(nowhere: str) -> None:
    async def ask() -> None:
        async with AsyncDarkroom(nowhere) as darkroom:
            await darkroom.version()

    with pytest.raises(NoServerError):
        asyncio.run(ask())


def test_it_can_be_cancelled(server: FaultServer) -> None:
    async def ask() -> None:
        async with AsyncDarkroom(server.url, timeout=PATIENCE) as darkroom:
            await asyncio.wait_for(darkroom.process(PICTURE), 0.2)

    server.script = [silence]
    with pytest.raises(TimeoutError):
        asyncio.run(ask())


def test_what_is_stored_elsewhere_is_fetched_without_the_key(server: FaultServer) -> None:
    async def ask() -> bytes:
        async with AsyncDarkroom(server.url, key="dk_secret") as darkroom:
            return (await darkroom.process(PICTURE)).data

    with FaultServer() as bucket:
        bucket.script = [other(200, "image/png", b"stored")]
        server.script = [other(303, "text/plain", b"", Location=f"{bucket.url}/answers/1")]
        assert asyncio.run(ask()) == b"stored"
        assert "X-Api-Key" in server.seen[0].headers
        assert not {"X-Api-Key", "Authorization"} & set(bucket.seen[0].headers)
