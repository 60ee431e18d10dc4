"""Web sockets over pairs of sockets: who sends too much, too little or reads nothing holds nobody up."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
import pytest

from bench.sockets import BINARY, CLOSE, PING, PONG, TEXT, ClosedError, RawSocket, packed
from functions.server.sockets.codes import BAD_PAYLOAD, FULL, POLICY, TOO_BIG, UNEXPECTED
from functions.server.sockets.loop import SocketLoop
from functions.server.sockets.peer import Bounds, FarewellError
from tests.waiting import PATIENCE, until

BOUNDS = Bounds(frame_bytes=100_000, seconds=PATIENCE, idle_seconds=PATIENCE, send_seconds=PATIENCE)


class Echo:
    """Answers a frame by its number, what was dropped, and the frame itself; `gate` holds every answer back."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.begun: list[int] = []
        self.ends: list[tuple[int, int, int]] = []
        self.threads: set[int] = set()

    def text(self, text: str) -> list[str | bytes]:
        if text == "fail":
            raise ZeroDivisionError
        if text == "bye":
            raise FarewellError(BAD_PAYLOAD, "as you wish", ["last"])
        return [f"text {text}"]

    def frame(self, seq: int, data: bytes, dropped: list[int]) -> list[str | bytes]:
        self.begun.append(seq)
        self.threads.add(threading.get_ident())
        assert self.gate.wait(PATIENCE)
        return [msgspec.json.encode([seq, dropped]).decode(), data]

    def ended(self, code: int, frames: int, dropped: int) -> None:
        self.ends.append((code, frames, dropped))


class Place:
    """A loop, and clients of it."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack, self.closed = stack, 0

    def client(self, loop: SocketLoop, talk: Echo, early: bytes = b"") -> RawSocket:
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        loop.take(talk, theirs, early, self._note)
        return self.stack.enter_context(RawSocket(ours))

    def _note(self) -> None:
        self.closed += 1


@pytest.fixture
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack)


def loop_of(bounds: Bounds = BOUNDS, **changed: float) -> SocketLoop:
    return SocketLoop(8, 2, msgspec.structs.replace(bounds, **changed))


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith(("sockets", "frames"))}


def numbered(client: RawSocket) -> tuple[int, list[int], bytes]:
    """The next answer: number, what was dropped, the frame."""
    _, said = client.receive()
    seq, dropped = msgspec.json.decode(said)
    opcode, data = client.receive()
    assert opcode == BINARY
    return seq, dropped, data


def test_messages_are_answered_in_order_and_no_thread_stays(place: Place) -> None:
    loop, talk = loop_of(), Echo()
    client = place.client(loop, talk, packed(TEXT, b"early"))
    assert client.receive() == (TEXT, b"text early")
    for number in range(1, 6):
        data = bytes([number]) * 70_000
        client.frame(data)
        assert numbered(client) == (number, [], data)
    client.send(PING, b"p")
    assert client.receive() == (PONG, b"p")
    client.send(CLOSE, (1000).to_bytes(2))
    assert client.end().code == 1000
    assert client.is_eof()
    client.sock.close()
    until(lambda: talk.ends == [(1000, 5, 0)], "the end")
    assert place.closed == 1
    until(lambda: not threads(), "the end of the threads")
    again = place.client(loop, talk)
    again.options(a=1)
    assert again.receive() == (TEXT, b'text {"a":1}')


def test_of_those_who_shook_hands_at_once_only_so_many_stay(place: Place) -> None:
    """The handshake looks before it is counted, so several may see the last place."""
    loop = loop_of()
    clients = [place.client(loop, Echo()) for _ in range(9)]
    assert clients[-1].end().code == FULL
    clients[0].frame(b"x")
    assert numbered(clients[0]) == (1, [], b"x")


def test_a_newer_frame_replaces_the_one_that_waits(place: Place) -> None:
    talk = Echo()
    talk.gate.clear()
    client = place.client(loop_of(), talk)
    client.frame(b"1")
    until(lambda: talk.begun == [1], "the first frame")
    for number in (2, 3, 4):
        client.frame(b"%d" % number)
    talk.gate.set()
    answered = [numbered(client)[:2] for _ in range(3)]
    assert answered[0] == (1, [])
    assert answered[1] == (3, [2]), "two waited: the older was left out"
    assert answered[2] == (4, [])


def test_frames_that_come_while_none_is_computed_are_both_answered(place: Place) -> None:
    client = place.client(loop_of(), Echo())
    for number in range(1, 20, 2):
        client.sock.sendall(packed(BINARY, b"one") + packed(BINARY, b"other"))
        assert [numbered(client)[:2] for _ in range(2)] == [(number, []), (number + 1, [])]


def test_reading_pauses_at_two_frames(place: Place) -> None:
    """What a fire hose sends stays with its sender."""
    talk, loop = Echo(), loop_of()
    talk.gate.clear()
    client = place.client(loop, talk)
    client.sock.setblocking(False)
    sent, data = 0, packed(BINARY, b"x" * 50_000)
    stuck = time.monotonic() + PATIENCE
    quiet = time.monotonic()
    while time.monotonic() - quiet < 1:
        assert time.monotonic() < stuck
        try:
            sent += client.sock.send(data)
            quiet = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    (peer,) = loop._peers
    assert len(peer._held) == 2
    assert peer.size <= 3 * BOUNDS.frame_bytes
    assert sent < 4_000_000
    talk.gate.set()


def test_options_are_never_left_out(place: Place) -> None:
    talk = Echo()
    talk.gate.clear()
    client = place.client(loop_of(), talk)
    client.frame(b"1")
    until(lambda: talk.begun == [1], "the first frame")
    client.frame(b"2")
    client.send(TEXT, b"options")
    client.frame(b"3")
    talk.gate.set()
    assert [numbered(client)[0] for _ in range(2)] == [1, 2]
    assert client.receive() == (TEXT, b"text options")
    assert numbered(client) == (3, [], b"3")


ENDS = {
    "too large": (packed(BINARY, b"x" * 100_001), TOO_BIG, "bytes"),
    "not masked": (packed(BINARY, b"x", masked=False), 1002, ""),
    "an error of ours": (packed(TEXT, b"fail"), UNEXPECTED, "log"),
    "a farewell": (packed(TEXT, b"bye"), BAD_PAYLOAD, "as you wish"),
    "the client's own": (packed(CLOSE, (1001).to_bytes(2) + b"gone"), 1001, "gone"),
    "no status": (packed(CLOSE, b""), 1000, ""),
}


@pytest.mark.parametrize(("sent", "code", "reason"), ENDS.values(), ids=ENDS)
def test_closes(place: Place, sent: bytes, code: int, reason: str) -> None:
    talk = Echo()
    client = place.client(loop_of(), talk)
    client.frame(b"1")
    numbered(client)
    client.sock.sendall(sent + packed(BINARY, b"after the end"))
    closed = client.end()
    assert (closed.code, reason in closed.reason) == (code, True), closed
    assert client.is_eof()
    client.sock.close()
    until(lambda: len(talk.ends) == 1, "the end")
    assert talk.begun == [1]
    until(lambda: not threads(), "the end of the threads")


def test_who_is_silent_is_closed(place: Place) -> None:
    loop, talk = loop_of(idle_seconds=0.5), Echo()
    silent, dripping = place.client(loop, talk), place.client(loop, talk)
    began = time.monotonic()
    for byte in packed(BINARY, b"x" * 60):
        try:
            dripping.sock.sendall(bytes([byte]))
        except OSError:
            break
        time.sleep(0.05)
    for client in (silent, dripping):
        assert client.end().code in {POLICY, 0}
    assert time.monotonic() - began >= 0.5
    until(lambda: not threads(), "the end of the threads, though nobody closed")
    assert place.closed == 2


def test_a_stream_ends_after_its_time(place: Place) -> None:
    talk = Echo()
    client = place.client(loop_of(seconds=0.5), talk)
    closed = None
    while closed is None:
        try:
            client.frame(b"1")
            numbered(client)
        except ClosedError as error:
            closed = error
    assert (closed.code, "0.5 s" in closed.reason) == (POLICY, True)


def test_who_reads_nothing_is_dropped_and_others_are_served(place: Place) -> None:
    loop, talk, other = loop_of(send_seconds=0.5), Echo(), Echo()
    deaf, client = place.client(loop, talk), place.client(loop, other)
    deaf.sock.setblocking(False)
    data, rest = packed(BINARY, b"x" * 50_000), b""
    ends = time.monotonic() + PATIENCE
    while not talk.ends:
        assert time.monotonic() < ends
        try:
            rest = rest or data
            rest = rest[deaf.sock.send(rest) :]
        except BlockingIOError:
            time.sleep(0.001)
        except OSError:
            pass
        client.frame(b"1")
        assert numbered(client)[2] == b"1"
    assert talk.ends[0][0] == POLICY
    assert not other.ends


def test_who_vanishes_is_forgotten(place: Place) -> None:
    loop, talk = loop_of(), Echo()
    talk.gate.clear()
    client = place.client(loop, talk)
    client.frame(b"1")
    until(lambda: talk.begun == [1], "the first frame")
    client.sock.close()
    talk.gate.set()
    until(lambda: len(talk.ends) == 1 and not threads(), "the end")


def test_frames_of_all_sockets_together_are_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.server.sockets.loop._HELD_BYTES", 150_000)
    loop, talk = loop_of(), Echo()
    talk.gate.clear()
    clients = [place.client(loop, talk) for _ in range(3)]
    codes = []
    for client in clients:
        client.frame(b"x" * 90_000)
        client.frame(b"x" * 90_000)
    until(lambda: place.closed or any(peer.is_closing for peer in loop._peers), "the bound")
    talk.gate.set()
    for client in clients:
        client.send(CLOSE, (1000).to_bytes(2))
        codes.append(client.end().code)
    assert 1013 in codes


def test_full() -> None:
    loop, talk = SocketLoop(1, 1, BOUNDS), Echo()
    assert not loop.is_full()
    with ExitStack() as stack:
        client = Place(stack).client(loop, talk)
        assert loop.is_full()
        client.sock.close()
        until(lambda: not loop.is_full(), "the end")
