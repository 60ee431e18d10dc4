"""The worker: a connection waits in a poller, and gets a thread only once the whole head of a request is there.

gunicorn's own gthread worker gives a thread to each connection from the start, so that a few dozen silent or slow
clients stop everything (docs/decisions.md). It is changed here as little as possible, and `tests/functions/server`
fails if the version of gunicorn is not the one that this was written for. TLS and HTTP/2 are the front end's.

Heads that gunicorn's parser refuses without reading further (bare line feeds, too long lines) are passed on to it.
"""

import resource
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.workers import gthread

from functions.server import early, shutdown
from functions.server.expiry import Expiry
from functions.server.paced import PacedSocket

HEAD_SECONDS = 5.0
"""Seconds in which a whole head must come, from the connection's beginning or the head's first byte."""
LAST_SECONDS = 2.0
"""Seconds that an idle connection stays open while the process shuts down, for one more request."""
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1024 * 1024
_HEAD_BYTES = 32 * 1024
_PIECE = 64 * 1024
_PAUSE = 0.1
_SPARE_FILES = 256
"""Files that are no connections: models, the catalog, objects, sockets to clouds."""


class ClientConnection(gthread.TConn):  # type: ignore[misc] # gunicorn is untyped
    """A client's connection; `head` is what has come of the next request, `line` where it waits in the poller."""

    def __init__(self, cfg: Any, accepted: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, accepted, client, server)
        self.sock = PacedSocket.adopt(accepted)
        self.parser = http.get_parser(cfg, self.sock, client)
        self.initialized = self.data_ready = True  # so that no thread waits for the first byte
        self.head = bytearray()
        self.line: Expiry[ClientConnection] | None = None
        self.lingered = 0

    def receive(self) -> bytes | None:
        """What has come; None if nothing has, empty at the end."""
        try:
            return self.sock.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """Send a few bytes without waiting; what does not fit is lost."""
        with suppress(OSError):
            self.sock.send(data, socket.MSG_DONTWAIT)


class Worker(gthread.ThreadWorker):  # type: ignore[misc] # gunicorn is untyped
    """gunicorn's threaded worker, with connections that wait in the poller."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.worker_connections: int = self.cfg.worker_connections
        self._heads = Expiry[ClientConnection](HEAD_SECONDS)
        self._idle = Expiry[ClientConnection](self.cfg.keepalive)
        self._lingering = Expiry[ClientConnection](_LINGER_SECONDS)
        self._accepts_again = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:  # noqa: ARG003 - gunicorn passes both
        """Refuse what this worker does not do."""
        if cfg.is_ssl or cfg.http2_cleartext != "off":
            raise ValueError("This worker speaks HTTP/1.1 without TLS; that is the front end's task.")

    def init_process(self) -> None:
        """Begin: called in the new process."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = self.worker_connections + _SPARE_FILES
        allowed = files if most == resource.RLIM_INFINITY else min(files, most)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
        self.worker_connections = max(1, allowed - _SPARE_FILES)
        super().init_process()

    # --- the loop ---

    def run(self) -> None:
        """Serve until a signal ends the process, then answer what has begun."""
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.set_accept_enabled(True)
        while self.alive and self.is_parent_alive():
            self._turn()
        self._shut_down()

    def _turn(self) -> None:
        self.notify()
        nearest = min(line.nearest() for line in (self._heads, self._idle, self._lingering))
        longest = 1.0 if self._accepting else _PAUSE
        self.wait_for_and_dispatch_events(max(0.0, min(longest, nearest - time.monotonic())))
        self._expire()
        if self.alive and time.monotonic() >= self._accepts_again:
            self.set_accept_enabled(True)

    def _shut_down(self) -> None:
        """Answer what is in flight, and on each idle connection one more request, within the graceful time."""
        shutdown.begin(self.cfg.graceful_timeout - 1)
        self.set_accept_enabled(False)
        self._idle.shorten(LAST_SECONDS)
        self._heads.shorten(LAST_SECONDS)
        ends = time.monotonic() + self.cfg.graceful_timeout - 0.5
        while self.nr_conns > 0 and time.monotonic() < ends:
            self._turn()
        self.tpool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()
        for listener in self.sockets:
            listener.close()

    # --- connections ---

    def accept(self, listener: Any) -> None:
        """Accept a connection; if there are too many, the one that has waited longest makes room."""
        if self.nr_conns >= self.worker_connections and not self._make_room():
            self._pause()
            return
        try:
            accepted, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            self.log.warning("A connection cannot be accepted: %s", error)
            self._pause()
            return
        self.nr_conns += 1
        self._readable(ClientConnection(self.cfg, accepted, client, listener.getsockname()))

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
        """Have a connection wait in the poller, for as long as the line says."""
        if conn.line is None:
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_readable, conn))
        elif conn.line is line:
            return
        else:
            conn.line.discard(conn)
        conn.line = line
        line.add(conn)

    def _forget(self, conn: ClientConnection) -> None:
        """Take a connection out of the poller."""
        if conn.line is not None:
            conn.line.discard(conn)
            conn.line = None
            self.poller.unregister(conn.sock)

    def _on_readable(self, conn: ClientConnection, _sock: Any) -> None:
        if conn.line is self._lingering:
            self._discard(conn)
        else:
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
        elif conn.line is None:
            self._wait(conn, self._heads)

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
        conn.head = bytearray()
        conn.sock.is_refused = not self.alive
        self.enqueue_req(conn)

    def handle_request(self, req: Any, conn: ClientConnection) -> Any:
        """Answer a request, in a thread."""
        conn.sock.begin_request(req.force_close)
        return super().handle_request(req, conn)

    def finish_request(self, conn: ClientConnection, fs: Any) -> None:
        """What becomes of a connection after a request: called in the poller's thread."""
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._linger(conn)
            return
        conn.head = bytearray(conn.parser.unreader.take_buffered())
        if conn.head:
            self._proceed(conn)
        else:
            self._wait(conn, self._idle)

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
        self._wait(conn, self._lingering)
        self._discard(conn)

    def _discard(self, conn: ClientConnection) -> None:
        while data := conn.receive():
            conn.lingered += len(data)
            if conn.lingered > _LINGER_BYTES:
                break
        if data is not None:
            self._close(conn)

    def _close(self, conn: ClientConnection) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()
