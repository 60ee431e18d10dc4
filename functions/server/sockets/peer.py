"""One web socket: what it sent and is still to be answered, and what it has not read yet."""

import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

import msgspec

from functions.server.sockets.codes import NORMAL, POLICY
from functions.server.sockets.messages import Received

_HELD = 2
"""Messages that may wait for their answer; then the socket is not read."""
_PIECE = 64 * 1024
_SEND_BUFFER = 256 * 1024
"""Bytes that the kernel may hold for a client that does not read."""


class Bounds(msgspec.Struct, frozen=True):
    """Bounds of each socket: bytes of a frame, seconds in all, without a whole message, and until an answer is read."""

    frame_bytes: int
    seconds: float
    idle_seconds: float
    send_seconds: float


class FarewellError(Exception):
    """The socket is to be closed with this code and reason, after these last messages."""

    def __init__(self, code: int, reason: str, last: list[str | bytes] | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.last = code, reason, last or []


class Talk(Protocol):
    """What answers a socket's messages: one at a time, in a thread that may compute."""

    def text(self, text: str) -> list[str | bytes]:
        """The answer to a text message. FarewellError."""
        ...

    def frame(self, seq: int, data: bytes, dropped: list[int]) -> list[str | bytes]:
        """The answer to the binary message of this number; those `dropped` will not be answered. FarewellError."""
        ...

    def ended(self, code: int, frames: int, dropped: int) -> None:
        """The socket is closed; there were so many frames, and so many of them were left out."""
        ...


class Job(msgspec.Struct, frozen=True):
    """One message to be answered; `seq` is 0 for a text."""

    message: Received
    seq: int
    dropped: list[int]


class _Held(NamedTuple):
    """A message that waits: a frame's number, 0 of others, and whether it came while another one was answered."""

    message: Received
    seq: int
    while_busy: bool


class Peer:
    """The state of one socket. All of it belongs to the thread that reads and writes."""

    def __init__(
        self, sock: socket.socket, early: bytes, talk: Talk, bounds: Bounds, closed: Callable[[], object]
    ) -> None:
        from functions.server.sockets.wire import Wire  # and wsproto, which most processes never need

        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        with suppress(OSError):  # a Unix socket waits for nobody
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.talk, self.closed = sock, talk, closed
        self.events = 0
        """What the selector waits for."""
        self.is_busy = self.is_gone = False
        self.frames = self.dropped = 0
        self.code = NORMAL
        self._bounds = bounds
        self._wire = Wire(bounds.frame_bytes, early)
        self._held: deque[_Held] = deque()
        self._left_out: list[int] = []
        self._was_frame = False
        self._out = bytearray()
        self._active = self._began = time.monotonic()
        self._unread_since = 0.0
        self._closing_since: float | None = None

    # --- what comes ---

    @property
    def size(self) -> int:
        """Bytes that it makes us hold."""
        return self._wire.gathered + sum(len(one.message.data) + len(one.message.text) for one in self._held)

    @property
    def is_closing(self) -> bool:
        """Whether a close frame is on its way, or was sent."""
        return self._closing_since is not None

    @property
    def wants_to_read(self) -> bool:
        """Whether more may come: not while two messages wait, nor while an answer is not read."""
        return self.is_closing or (len(self._held) < _HELD and not self._out)

    @property
    def wants_to_write(self) -> bool:
        """Whether something is to be sent."""
        return bool(self._out)

    def receive(self) -> None:
        """Read once; `is_gone` if the client is."""
        try:
            data = self.sock.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.is_gone = True
        elif not self.is_closing:  # else it is read so that the close frame arrives: unread bytes would reset it
            self._wire.feed(data)
            self.gather()

    def gather(self) -> None:
        """Take messages out of what has come, as many as may wait."""
        while len(self._held) < _HELD and not self.is_closing:
            received = self._wire.next()
            if received is None:
                break
            self._active = time.monotonic()
            if received.kind == "close":
                self.close(received.code, received.text)
                break
            self.frames += received.kind == "frame"
            seq = self.frames if received.kind == "frame" else 0
            self._held.append(_Held(received, seq, while_busy=self.is_busy))
        if self._wire.pong and not self._out and not self.is_closing:
            pong, self._wire.pong = self._wire.pong, b""
            self._send(pong)

    def next_job(self) -> Job | None:
        """What is to be answered next: of two frames that came while one was computed the newer.

        None while one is answered, or its answer is not read.
        """
        if self.is_busy or self.is_closing or self._out or not self._held:
            return None
        message, seq, _ = self._held.popleft()
        if self._was_frame and seq and self._held and self._held[0].seq and self._held[0].while_busy:
            self._left_out.append(seq)
            self.dropped += 1
            message, seq, _ = self._held.popleft()
        dropped: list[int] = []
        if seq:
            dropped, self._left_out = self._left_out, []
        self.is_busy, self._was_frame = True, message.kind == "frame"
        return Job(message, seq, dropped)

    # --- what goes ---

    def answered(self, messages: list[str | bytes]) -> None:
        """A job is done."""
        self.is_busy = False
        self._active = time.monotonic()
        if not self.is_closing and not self._wire.is_closing:
            self._send(b"".join(map(self._wire.message, messages)))

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; then what comes is discarded until the client closes too."""
        if not self.is_closing:
            self._closing_since = time.monotonic()
            self.code = code
            self._held.clear()
            self._send(self._wire.close(code, reason))

    def _send(self, data: bytes) -> None:
        if data and not self._out:
            self._unread_since = time.monotonic()
        self._out += data
        self.flush()

    def flush(self) -> None:
        """Send what the kernel takes; half close after a close frame."""
        try:
            while self._out:
                sent = self.sock.send(self._out)
                del self._out[:sent]
            if self.is_closing:
                self.sock.shutdown(socket.SHUT_WR)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self.is_gone = True

    # --- what lasts too long ---

    def overdue(self, now: float, linger: float) -> tuple[int, str] | None:
        """The code and reason to close for; code 0 where the client does not even read that."""
        if self._out and now - self._unread_since > self._bounds.send_seconds:
            return 0, ""
        if self._closing_since is not None:
            return (0, "") if now - self._closing_since > linger else None
        if self.is_busy:
            return None
        if now - self._began > self._bounds.seconds:
            return POLICY, f"A stream lasts at most {self._bounds.seconds:g} s."
        if now - self._active > self._bounds.idle_seconds:
            return POLICY, f"No whole frame came for {self._bounds.idle_seconds:g} s."
        return None
