"""`/v1/stream` of real servers: frames by web socket and in one body, who may, and who is closed with which reason."""

import contextlib
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.server import Server
from bench.sockets import BINARY, UPGRADE, ClosedError, RawSocket, handshake, packed
from functions.server.sockets.codes import BAD_PAYLOAD, FULL, GOING_AWAY, NO_KEY, POLICY, TOO_BIG
from tests.conftest import ROOT
from tests.functions.routes.streaming import JPEG, LOCAL, MAIN, NOISE, ONE, panned
from tests.functions.server.proofs.live import proved
from tests.functions.support import (
    PATIENT,
    app_with,
    clean_environment,
    client_of,
    decoded,
    picture,
    served,
    wait_for,
)
from tests.waiting import PATIENCE, until
from tools.ports import free_port


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served(MAIN, ONE) as url:
        yield url


@pytest.fixture(scope="module", params=[MAIN, LOCAL], ids=["main.py", "make run"])
def each(request: pytest.FixtureRequest, server: str) -> Iterator[str]:
    """Both servers that pass web sockets on."""
    if request.param is MAIN:
        yield server
    else:
        with served(LOCAL, ONE) as url:
            yield url


def test_objects_keep_their_identity(each: str) -> None:
    with RawSocket.open(each) as client:
        client.options(pipeline="detect/track")
        seen = dict[int, str]()
        for number in range(1, 9):
            client.frame(panned(8 * number))
            said: Any = client.said()
            assert (said["seq"], said["width"], said["height"], said["dropped"]) == (number, 640, 320, [])
            assert said["ms"] > 0
            assert "picture" not in said
            for found in said["findings"]["objects"]:
                assert seen.setdefault(found["track"], found["label"]) == found["label"]
        assert sum(said["findings"]["tracks"].values()) == len(seen)
        assert len(seen) == len(said["findings"]["objects"]) > 4


def test_a_picture_follows_what_is_said(server: str) -> None:
    with RawSocket.open(server) as client:
        client.frame(JPEG)
        assert client.said()["findings"] == {}, "without options there is nothing to do"
        client.options(pipeline="square:40", format="png")
        client.frame(JPEG)
        said = client.said()
        assert (said["width"], said["height"], said["picture"]) == (40, 40, "image/png")
        assert decoded(client.receive()[1]).shape == (40, 40, 3)
        client.options(answer="findings")
        client.frame(JPEG)
        assert "picture" not in client.said()
        client.options(pipeline="detect/draw", answer="picture", format="jpeg", quality=50)
        client.frame(panned(0))
        said = client.said()
        assert (said["findings"], said["picture"]) == ({}, "image/jpeg")
        assert client.receive()[1].startswith(b"\xff\xd8")


def test_options_in_the_address(server: str) -> None:
    with RawSocket.open(server, "/v1/stream?pipeline=detect%2Fcount") as client:
        client.frame(panned(0))
        said: Any = client.said()
        assert said["findings"]["counts"]


BAD_OPTIONS = {
    "an unknown step": ({"pipeline": "blurr"}, "unknown_filter"),
    "an unknown option": ({"pipelines": "blur"}, "unknown_option"),
    "an option of others": ({"to": "file://x/y"}, "unknown_option"),
    "an unknown answer": ({"answer": "all"}, "bad_parameter"),
    "a format that is none": ({"format": "exe"}, "unknown_format"),
    "json": ({"format": "json"}, "bad_parameter"),
    "a quality out of bounds": ({"quality": 101}, "bad_parameter"),
}


def test_wrong_options_are_told_and_change_nothing(server: str) -> None:
    with RawSocket.open(server) as client:
        client.options(pipeline="square:20")
        for options, code in BAD_OPTIONS.values():
            client.options(**options)  # type: ignore[arg-type]
            told: Any = client.said()
            assert (told["seq"], told["problem"]["code"]) == (0, code)
        for text in (b"hello", b"[]", b"{}" * 2):
            client.send(1, text)
            assert client.said()["seq"] == 0
        client.frame(JPEG)
        assert client.said()["width"] == 20


BAD_FRAMES = {
    "none": b"",
    "no picture": b"hello",
    "half a picture": JPEG[: len(JPEG) // 2],
    "a picture of pages": picture("png")[:40],
}


@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_three_bad_frames_in_a_row_are_too_many(server: str, frame: bytes) -> None:
    with RawSocket.open(server) as client:
        for seq in (1, 2):
            client.frame(frame)
            told: Any = client.said()
            assert told["seq"] == seq
            assert 400 <= told["problem"]["status"] < 500
        client.frame(JPEG)
        assert client.said()["seq"] == 3
        for _ in range(3):
            client.frame(frame)
            client.said()
        assert client.end().code == BAD_PAYLOAD


def test_an_oversized_frame(each: str) -> None:
    with RawSocket.open(each) as client:
        client.frame(b"x" * (4 * 2**20 + 1))
        assert client.end().code == TOO_BIG


# --- handshakes ---


REFUSED: dict[str, tuple[Mapping[str, str], int, str]] = {
    "no upgrade": ({"Upgrade": "", "Connection": ""}, 426, "upgrade_required"),
    "an upgrade that is not meant": ({"Connection": "keep-alive"}, 426, "upgrade_required"),
    "another protocol": ({"Upgrade": "h2c"}, 426, "upgrade_required"),
    "another version": ({"Sec-WebSocket-Version": "8"}, 426, "upgrade_required"),
    "no key": ({"Sec-WebSocket-Key": ""}, 426, "upgrade_required"),
    "a short key": ({"Sec-WebSocket-Key": "AAAA"}, 426, "upgrade_required"),
}


@pytest.mark.parametrize(("headers", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_handshake(each: str, headers: Mapping[str, str], status: int, code: str) -> None:
    answered, head, sock, _ = handshake(each, headers={"Connection": "Upgrade", **headers})
    sock.close()
    assert answered == status
    assert "upgrade: websocket" in head.lower()
    assert "sec-websocket-version: 13" in head.lower()
    told = httpx.get(f"{each}/v1/stream").json()
    assert told["code"] == code


def test_a_list_of_protocols_is_searched(server: str) -> None:
    with RawSocket.open(server, headers={"Upgrade": "foo, WebSocket", "Connection": "keep-alive, upgrade"}) as client:
        client.frame(JPEG)
        assert client.said()["seq"] == 1


CLOSED: dict[str, tuple[str, Mapping[str, str], int]] = {
    "another origin": ("", {"Origin": "http://evil.example"}, POLICY),
    "no origin at all": ("", {"Origin": "null"}, POLICY),
    "another site": ("", {"Sec-Fetch-Site": "cross-site"}, POLICY),
    "another host's origin": ("", {"Origin": "http://localhost:1"}, POLICY),
    "forwarded, without a key": ("", {"X-Forwarded-For": "192.0.2.1"}, NO_KEY),
    "a wrong option": ("?pipelines=x", {}, POLICY),
    "a wrong pipeline": ("?pipeline=blurr", {}, POLICY),
    "a key in the address": (f"?x=dk_{'a' * 43}", {}, POLICY),
}


@pytest.mark.parametrize(("query", "headers", "code"), CLOSED.values(), ids=CLOSED)
def test_refused_sockets_are_closed_with_a_reason(each: str, query: str, headers: Mapping[str, str], code: int) -> None:
    with RawSocket.open(each, f"/v1/stream{query}", headers) as client:
        closed = client.end()
        assert closed.code == code
        assert ": " in closed.reason
        assert "dk_" not in closed.reason
        assert client.is_eof()


def test_a_page_of_this_server_may(server: str) -> None:
    with RawSocket.open(server, headers={"Origin": server, "Sec-Fetch-Site": "same-origin"}) as client:
        client.frame(JPEG)
        assert client.said()["seq"] == 1


def test_only_presets() -> None:
    app_with(only_presets="true")  # it is a setting that opens
    with served(MAIN, {**ONE, "DARKROOM_ONLY_PRESETS": "true"}) as url, RawSocket.open(url) as client:
        client.options(pipeline="blur")
        told: Any = client.said()
        assert told["problem"]["code"] == "only_presets"
        client.options(pipeline="preset:thumbnail")
        client.frame(JPEG)
        assert client.said()["picture"] == "image/jpeg"


def test_a_server_that_passes_none_on() -> None:
    response = client_of(app_with()).get("/v1/stream", headers=UPGRADE)
    assert (response.status_code, response.json()["code"]) == (501, "no_upgrade")


def test_as_many_as_there_may_be() -> None:
    with served(MAIN, {**ONE, "DARKROOM_STREAMS": "2"}) as url:
        with RawSocket.open(url) as one, RawSocket.open(url) as two:
            for client in (one, two):  # both have their place before the third asks
                client.frame(JPEG)
                assert client.said()["seq"] == 1
            with RawSocket.open(url) as third:
                assert third.end().code == FULL

        def is_free() -> bool:
            with RawSocket.open(url) as again:
                again.frame(JPEG)
                try:
                    return again.said()["seq"] == 1
                except ClosedError:
                    return False

        until(is_free, "a place")


# --- those who hold up nobody ---


def threads_of(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


@contextlib.contextmanager
def running(**settings: str) -> Iterator[tuple[str, Server]]:
    """A server with one worker."""
    port = free_port()
    environment = clean_environment(PORT=str(port), **{**PATIENT, **ONE, **settings})
    process = subprocess.Popen(MAIN, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}", Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def health(url: str) -> float:
    """How long `/health` takes, on a connection of its own."""
    began = time.monotonic()
    assert httpx.get(f"{url}/health", timeout=PATIENCE).status_code == 200
    return time.monotonic() - began


class Deaf:
    """A client that sends frames as fast as they are taken, and never reads."""

    def __init__(self, client: RawSocket) -> None:
        self.client, self.left = client, b""
        client.options(pipeline="square:900", answer="picture", quality=100)  # more than the kernel takes
        client.sock.setblocking(False)

    def shout(self) -> bool:
        """Send what is taken now; whether the server still listens."""
        self.left = self.left or packed(BINARY, NOISE)
        try:
            self.left = self.left[self.client.sock.send(self.left) :]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


@pytest.mark.parametrize(("kind", "idle", "gone"), [("silent", "5", 1), ("deaf", "600", 3)])
def test_two_hundred_sockets_hold_nobody_up(kind: str, idle: str, gone: int) -> None:
    """Silent ones, and such that send without reading: `/health` answers, and no thread stays."""
    settings = {"DARKROOM_STREAM_IDLE_SECONDS": idle, "DARKROOM_STREAM_SEND_SECONDS": "2", "DARKROOM_AT_ONCE": "2"}
    with running(**settings) as (url, server), contextlib.ExitStack() as stack:
        (pid,) = server.workers()
        usual = [health(url) for _ in range(20)]
        clients = [stack.enter_context(RawSocket.open(url, buffer=4096)) for _ in range(200)]
        deaf = [Deaf(client) for client in clients if kind == "deaf"]
        at_most, waits = threads_of(pid), []
        for _ in range(20):
            for one in deaf:
                one.shout()
            waits.append(health(url))
            at_most = max(at_most, threads_of(pid))  # on a busy machine the silent ones are closed before the last
        assert statistics.median(waits) < 1 + 10 * statistics.median(usual), (usual, waits)
        while deaf := [one for one in deaf if one.shout()]:
            time.sleep(0.01)
        until(lambda: threads_of(pid) <= at_most - gone, "the end of the threads")
        codes = {client.end().code for client in clients if client.sock.setblocking(True) is None}
        assert codes == ({POLICY} if kind == "silent" else {0})


def test_hundreds_of_frames_leave_nothing_behind() -> None:
    """The long form is `make prove-live`."""
    assert proved(300, turns=1).memory < 1.2


def test_a_server_that_shuts_down_says_so() -> None:
    with running() as (url, server), RawSocket.open(url) as client:
        client.frame(JPEG)
        client.said()
        os.kill(server.pid, signal.SIGTERM)
        assert client.end().code == GOING_AWAY
        assert client.is_eof()
