"""The worker: a connection waits in a poller, and gets a thread only once the whole head of a request is there.

gunicorn's own gthread worker gives a thread to each connection from the start, so that a few dozen silent or slow
clients stop everything (docs/decisions.md). It is changed here as little as possible, and `tests/functions/server`
fails if the version of gunicorn is not the one that this was written for. TLS and HTTP/2 are the front end's.

Heads that gunicorn's parser refuses without reading further (bare line feeds, too long lines) are passed on to it.
"""

import math
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.workers import gthread

from functions.server import balance, early, heartbeat, shutdown  # noqa: F401 - the heartbeat is gunicorn's from now on
from functions.server.connection import ClientConnection
from functions.server.expiry import Expiry
from functions.server.files import allow_files
from functions.server.poller import Poller
from functions.server.upgrade import Upgrade

HEAD_SECONDS = 5.0
"""Seconds in which a whole head must come, from the connection's beginning or the head's first byte."""
LAST_SECONDS = 2.0
"""Seconds that an idle connection stays open while the process shuts down, for one more request."""
_LINGER_SECONDS, _LINGER_BYTES, _HEAD_BYTES = 2.0, 1024 * 1024, 32 * 1024
_AT_ONCE = 8
"""Threads that run at a time. More only take Python's lock from one another: a quarter of the CPU at 64 clients."""
_RUNNING_SECONDS = 0.02
"""Seconds after which a request no longer counts as running: it computes without the lock, or waits for something."""
_SPARE_THREADS = 16
"""Threads that may not wait for slow clients."""
_TICK, _PAUSE = 0.05, 0.1
"""Seconds between two looks at what has expired, and without new connections after one could not be accepted."""


class Worker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn is untyped
    """gunicorn's threaded worker, with connections that wait in the poller."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.worker_connections: int = self.cfg.worker_connections
        self._heads = Expiry[ClientConnection](HEAD_SECONDS)
        self._idle = Expiry[ClientConnection](self.cfg.keepalive)
        self._lingering = Expiry[ClientConnection](_LINGER_SECONDS)
        self._ready: deque[ClientConnection] = deque()
        self._running = Expiry[ClientConnection](_RUNNING_SECONDS)
        self._waiting = Expiry[ClientConnection](math.inf)
        self._answering: set[ClientConnection] = set()
        self._most_waiting = max(1, self.cfg.threads - min(_SPARE_THREADS, self.cfg.threads // 2))
        self._accepts_again = self._looks_again = 0.0
        self._accepting = False
        self._poller, self._balance = Poller(), balance.Balance()
        self._lock = threading.Lock()

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:  # noqa: ARG003 - gunicorn passes both
        """Refuse what this worker does not do."""
        if cfg.is_ssl or cfg.http2_cleartext != "off":
            raise ValueError("This worker speaks HTTP/1.1 without TLS; that is the front end's task.")

    def init_process(self) -> None:
        """Begin: called in the new process."""
        self.worker_connections = allow_files(self.worker_connections)
        super().init_process()

    # --- the loop ---

    def run(self) -> None:
        """Serve until a signal ends the process, then answer what has begun."""
        self._poller.watch(self.method_queue.fileno(), partial(self.method_queue.run_callbacks, None))
        self.set_accept_enabled(True)
        while self.alive and self.is_parent_alive():
            self._turn()
        self._shut_down()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept new connections, or leave them in the backlog."""
        if enabled == self._accepting:
            return
        self._accepting = enabled
        for listener in self.sockets:
            if enabled:
                listener.setblocking(False)
                self._poller.watch(listener.fileno(), partial(self.accept, listener))
            else:
                self._poller.forget(listener.fileno())

    def _turn(self) -> None:
        now = time.monotonic()
        self._balance.note(self.nr_conns)
        if self._ready and self._running.nearest() <= now:
            self._stop_counting_the_oldest()
        if now >= self._looks_again:
            self._looks_again = now + _TICK
            self.notify()
            self._expire()
            if not self._accepting and self.alive and now >= self._accepts_again:
                self.set_accept_enabled(True)
        self._poller.wait(_RUNNING_SECONDS if self._ready else _TICK if self.nr_conns else 1.0)

    def _shut_down(self) -> None:
        """Answer what is in flight, and on each idle connection one more request, within the graceful time."""
        shutdown.begin(self.cfg.graceful_timeout - 1)
        self.set_accept_enabled(False)
        self._balance.leave()
        self._idle.shorten(LAST_SECONDS)
        self._heads.shorten(LAST_SECONDS)
        ends = time.monotonic() + self.cfg.graceful_timeout - 0.5
        while self.nr_conns > 0 and time.monotonic() < ends:
            self._turn()
        for conn in [one for one in self._answering if not one.sock.has_answered]:  # they will end with the process
            conn.send(early.STOPPED.answer())
        self.tpool.shutdown(wait=False)
        with self._lock:
            self._poller.close()
        self.method_queue.close()
        for listener in self.sockets:
            listener.close()

    # --- connections ---

    def accept(self, listener: Any) -> None:
        """Accept a connection; if there are too many, the one that has waited longest makes room."""
        if self.nr_conns >= self.worker_connections and not self._make_room():
            self._pause()
            return
        self._balance.yield_to_others()
        try:
            accepted, client = listener.accept()
            conn = ClientConnection(self.cfg, accepted, client, listener.getsockname())
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            self.log.warning("A connection cannot be accepted: %s", error)
            self._pause()
            return
        self.nr_conns += 1
        self._readable(conn)

    def _pause(self) -> None:
        """Leave new connections in the backlog for a moment."""
        self._accepts_again = time.monotonic() + _PAUSE
        self.set_accept_enabled(False)

    def _make_room(self) -> bool:
        oldest = self._lingering.oldest() or self._idle.oldest() or self._heads.oldest()
        if oldest is not None:
            self._close(oldest)
        return oldest is not None

    def _wait(self, conn: ClientConnection, line: Expiry[ClientConnection]) -> None:
        """Have a connection wait in the poller, for as long as the line says. Called by threads too."""
        with self._lock:  # against a number that is closed, and given to another connection
            if conn.is_closed or self._poller.is_closed:
                return
            if conn.line is not line:
                self._forget(conn)
                conn.line = line
                line.add(conn)
            self._poller.watch_once(conn.sock.fileno(), partial(self._on_readable, conn))

    def _forget(self, conn: ClientConnection) -> None:
        """Have a connection wait no longer."""
        if conn.line is not None:
            conn.line.discard(conn)
            conn.line = None

    def _on_readable(self, conn: ClientConnection) -> None:
        if conn.line is self._lingering:
            self._discard(conn)
        elif conn.line is not None:  # else a thread has it
            self._readable(conn)

    def _readable(self, conn: ClientConnection) -> None:
        """Read what has come of a head."""
        data = conn.receive()
        if data:
            searched = len(conn.head)
            conn.head += data
            self._proceed(conn, searched)
        elif data is not None:
            self._close(conn)
        else:
            self._wait(conn, conn.line or self._heads)

    def _proceed(self, conn: ClientConnection, searched: int = 0) -> None:
        """Pass a request on to a thread as soon as its head is there."""
        if early.is_ready(conn.head, searched, self.cfg.limit_request_line or _HEAD_BYTES):
            self._dispatch(conn)
        elif len(conn.head) > _HEAD_BYTES:
            self._refuse(conn, early.TOO_LONG)
        else:
            self._wait(conn, self._heads)

    def _dispatch(self, conn: ClientConnection) -> None:
        self._forget(conn)
        conn.parser.unreader.unread(bytes(conn.head))
        conn.head.clear()
        conn.sock.is_refused = not self.alive
        self._ready.append(conn)
        self._start()

    def _start(self) -> None:
        """Give threads to requests that are ready."""
        while len(self._running) < _AT_ONCE and self._ready:
            conn = self._ready.popleft()
            self._running.add(conn)
            try:
                self.tpool.submit(self._serve, conn)
            except RuntimeError as error:  # it is queued all the same, for the threads that there are
                self.log.warning("A thread cannot be started: %s", error)

    def _serve(self, conn: ClientConnection) -> None:
        """Answer a request, and whatever is ready then, in a thread."""
        while True:
            self._answer(conn)
            self._running.discard(conn)
            if len(self._running) >= _AT_ONCE:
                return
            try:
                conn = self._ready.popleft()
            except IndexError:
                return
            self._running.add(conn)

    def _stop_counting_the_oldest(self) -> None:
        """What has run for a while no longer counts."""
        for conn in self._running.expired():
            self._running.discard(conn)
        self._start()

    def _await_client(self, conn: ClientConnection) -> None:
        """A thread waits for its client: another one may run. If too many wait, the one that has longest gives up."""
        self._running.discard(conn)
        self._waiting.add(conn)
        if len(self._waiting) > self._most_waiting and (slowest := self._waiting.oldest()) is not None:
            self._waiting.discard(slowest)
            slowest.sock.give_up()
        if self._ready:
            self.method_queue.defer(self._start)

    def _answer(self, conn: ClientConnection) -> None:
        """Answer a request, and have the connection wait for the next."""
        kept = False
        self._answering.add(conn)
        try:
            kept = self.handle(conn)
            conn.head += conn.parser.unreader.take_buffered()
            if kept and conn.sock.upgrade is not None:
                self.method_queue.defer(self._hand_over, conn, conn.sock.upgrade)
                return
            if kept and not conn.head:
                self._wait(conn, self._idle)
                return
        except Exception:
            self.log.exception("A connection failed")
        finally:
            self._answering.discard(conn)
        self.method_queue.defer(self._proceed if kept else self._linger, conn)

    def handle_request(self, req: Any, conn: ClientConnection) -> Any:
        """Answer a parsed request."""
        wait, resume = partial(self._await_client, conn), partial(self._waiting.discard, conn)
        conn.sock.begin_request(on_wait=wait, on_resume=resume, end=early.checked(req).force_close)
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock.flush()

    # --- web sockets ---

    def _hand_over(self, conn: ClientConnection, upgrade: Upgrade) -> None:
        """After a 101: let another loop have the connection, which still counts as one of ours; or say farewell."""
        if upgrade.take is None:
            conn.send(upgrade.farewell)
            return self._linger(conn)
        with self._lock:
            self._poller.forget(conn.sock.fileno())
            taken = socket.socket(fileno=conn.sock.detach())
            conn.sock.close()
        ended = partial(self.method_queue.defer, self._uncount)
        return upgrade.take(taken, bytes(conn.head), lambda: self._poller.is_closed or ended())

    def _uncount(self) -> None:
        self.nr_conns -= 1

    def handle_error(self, _request: Any, client: Any, _address: Any, error: BaseException) -> None:
        """Answer a request that cannot be read, or that failed outside of the application."""
        with suppress(OSError):
            client.sendall(early.refusal_of(error).answer())

    # --- endings ---

    def _expire(self) -> None:
        for conn in self._heads.expired():
            self._refuse(conn, early.SLOW)
        for conn in self._idle.expired():
            self._readable(conn)  # a request that has come at the last moment
            if conn.line is self._idle:
                self._linger(conn)
        for conn in self._lingering.expired():
            self._close(conn)

    def _refuse(self, conn: ClientConnection, refusal: early.Refusal) -> None:
        """Answer a head that is not passed on."""
        if conn.head or self.alive:
            conn.send(refusal.answer())
        self._linger(conn)

    def _linger(self, conn: ClientConnection) -> None:
        """Close a connection so that the client reads the answer first (RFC 9112, §9.6): half, then all of it."""
        self._forget(conn)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.line = self._lingering
        self._lingering.add(conn)
        self._discard(conn)

    def _discard(self, conn: ClientConnection) -> None:
        while data := conn.receive():
            conn.lingered += len(data)
            if conn.lingered > _LINGER_BYTES:
                break
        if data is not None:
            self._close(conn)
        else:
            self._wait(conn, self._lingering)

    def _close(self, conn: ClientConnection) -> None:
        with self._lock:
            if conn.is_closed:
                return
            self._forget(conn)
            self._poller.forget(conn.sock.fileno())
            conn.close()
        self.nr_conns -= 1
