"""All web sockets of a process: one thread reads and writes, a few compute. They end with the last socket.

A socket holds no thread of HTTP's, and no socket can hold this one up: reads and writes never wait.
"""

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from functions.server import log, shutdown
from functions.server.sockets.codes import FULL, GOING_AWAY, POLICY, UNEXPECTED
from functions.server.sockets.peer import Bounds, FarewellError, Job, Peer, Talk

_LINGER_SECONDS = 2.0
"""How long a client may take to close after our close frame."""
_TICK = 0.1
"""Seconds between two looks at what lasts too long."""
_HELD_BYTES = 128 * 2**20
"""Bytes that all sockets together may make us hold; who goes beyond them is closed."""


class SocketLoop:
    """At most so many sockets; `at_once` of their messages are answered at a time."""

    def __init__(self, most: int, at_once: int, bounds: Bounds) -> None:
        self._most, self._at_once, self._bounds = most, at_once, bounds
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._calls: deque[Callable[[], None]] = deque()
        self._count = 0

    def is_full(self) -> bool:
        """Whether no more sockets are taken."""
        return self._count >= self._most

    def take(self, talk: Talk, sock: socket.socket, early: bytes, closed: Callable[[], object]) -> None:
        """Take over a socket and what has come of its first frames; `closed` is called at its end. Thread-safe."""
        with self._lock:
            self._count += 1
            if self._thread is None:
                self._begin()
            self._call(partial(self._add, Peer(sock, early, talk, self._bounds, closed)))

    # --- the thread ---

    def _begin(self) -> None:
        self._peers: set[Peer] = set()
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._pool = ThreadPoolExecutor(self._at_once, "frames")
        self._thread = threading.Thread(target=self._run, name="sockets", daemon=True)
        self._thread.start()

    def _call(self, call: Callable[[], None]) -> None:
        """Have something done by the thread."""
        self._calls.append(call)
        with suppress(OSError):  # full of bytes: it wakes anyway. Closed: nobody waits for this any more
            self._waker.send(b"\0")

    def _run(self) -> None:
        looks_again = 0.0
        while True:
            for key, events in self._selector.select(_TICK):
                if key.data is None:
                    self._wake()
                else:
                    self._serve(key.data, events)
            while self._calls:
                self._calls.popleft()()
            now = time.monotonic()
            if now >= looks_again:
                looks_again = now + _TICK
                self._look_around(now)
            if not self._peers and self._is_over():
                return

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _is_over(self) -> bool:
        """End, unless a socket has come at the last moment."""
        with self._lock:
            if self._calls:
                return False
            self._thread = None
            self._pool.shutdown(wait=False)
            self._selector.close()
            self._waker.close()
            self._woken.close()
            return True

    # --- sockets ---

    def _add(self, peer: Peer) -> None:
        self._peers.add(peer)
        if len(self._peers) > self._most:  # several shook hands while there was one place
            peer.close(FULL, "This process holds as many streams as it may; try again later.")
        peer.gather()
        self._go_on(peer)

    def _serve(self, peer: Peer, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            peer.flush()
            peer.gather()
        if events & selectors.EVENT_READ and not peer.is_gone:
            peer.receive()
            if peer.size > self._bounds.frame_bytes // 4 and self._held_bytes() > _HELD_BYTES:
                peer.close(FULL, "The frames of all streams together are too large; try again later.")
        self._go_on(peer)

    def _held_bytes(self) -> int:
        return sum(peer.size for peer in self._peers)

    def _go_on(self, peer: Peer) -> None:
        """After anything that happened to a socket: answer the next message, and wait for what may happen next."""
        if peer.is_gone:
            self._drop(peer)
            return
        job = peer.next_job()
        if job is not None:
            peer.gather()
            self._pool.submit(self._answer, peer, job)
        self._watch(peer)

    def _watch(self, peer: Peer) -> None:
        events = selectors.EVENT_READ * peer.wants_to_read | selectors.EVENT_WRITE * peer.wants_to_write
        if events == peer.events:
            return
        if not peer.events:
            self._selector.register(peer.sock, events, peer)
        elif not events:
            self._selector.unregister(peer.sock)
        else:
            self._selector.modify(peer.sock, events, peer)
        peer.events = events

    def _drop(self, peer: Peer) -> None:
        if peer not in self._peers:
            return
        self._peers.remove(peer)
        if peer.events:
            self._selector.unregister(peer.sock)
            peer.events = 0
        peer.is_gone = True
        peer.sock.close()
        with self._lock:
            self._count -= 1
        peer.closed()
        peer.talk.ended(peer.code, peer.frames, peer.dropped)

    def _look_around(self, now: float) -> None:
        """Close what lasts too long, and everything when the process shuts down."""
        ends = shutdown.has_begun()
        for peer in list(self._peers):
            overdue = peer.overdue(now, _LINGER_SECONDS)
            if overdue is None and ends and not peer.is_busy:
                overdue = GOING_AWAY, "The server is shutting down; connect again."
            if overdue is None:
                continue
            code, reason = overdue
            if code:
                peer.close(code, reason)
            else:
                peer.is_gone = True
                peer.code = peer.code if peer.is_closing else POLICY
            self._go_on(peer)

    # --- answers ---

    def _answer(self, peer: Peer, job: Job) -> None:
        """Answer a message, in a thread that computes."""
        farewell: FarewellError | None = None
        messages: list[str | bytes] = []
        try:
            if job.seq:
                messages = peer.talk.frame(job.seq, job.message.data, job.dropped)
            else:
                messages = peer.talk.text(job.message.text)
        except FarewellError as error:
            farewell, messages = error, error.last
        except Exception as error:  # noqa: BLE001 - a socket's error ends that socket alone
            log.log_error(error, "stream")
            farewell = FarewellError(UNEXPECTED, "The server's log has the details.")
        self._call(partial(self._answered, peer, messages, farewell))

    def _answered(self, peer: Peer, messages: list[str | bytes], farewell: FarewellError | None) -> None:
        if peer not in self._peers:
            return
        peer.answered(messages)
        if farewell is not None:
            peer.close(farewell.code, farewell.reason)
        peer.gather()
        self._go_on(peer)
