"""One connection, whose every wait is bounded by the deadline and by the longest allowed silence."""

import io
import socket
import ssl
from typing import BinaryIO

from core.limits import Deadline
from storage.errors import SlowError
from storage.options import Options


class Channel:
    """A socket for http.client's response, with a timeout set before every wait."""

    def __init__(self, connected: socket.socket, stall: float, deadline: Deadline) -> None:
        self.socket = connected
        self._stall = stall
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self.bound()
        self.socket.sendall(data)

    def makefile(self, mode: str) -> BinaryIO:  # noqa: ARG002 - always "rb"
        """A file to read from; closing it leaves the connection open."""
        return io.BufferedReader(_Incoming(self))

    def bound(self) -> None:
        """Set how long the next call may wait. SlowError if the deadline has passed."""
        left = self._deadline.remaining()
        if left <= 0:
            raise SlowError("The deadline passed before the response was complete.")
        self.socket.settimeout(min(left, self._stall))

    def close(self) -> None:
        """End the connection."""
        self.socket.close()


class _Incoming(io.RawIOBase):
    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._channel.bound()
        return self._channel.socket.recv_into(buffer)


def connect(
    ips: list[str], port: int, host: str, context: ssl.SSLContext | None, options: Options, deadline: Deadline
) -> Channel:
    """A connection to the first of these addresses that takes one; with a context, by TLS and in the host's name.

    The addresses are numeric and already checked: nothing is resolved here. OSError.
    """
    connected = _first(ips, port, options.connect_seconds, deadline)
    channel = Channel(connected, options.stall_seconds, deadline)
    try:
        if context:
            channel.bound()
            # Without close_notify a truncated body of unknown length would pass as complete.
            channel.socket = context.wrap_socket(connected, server_hostname=host, suppress_ragged_eofs=False)
    except BaseException:
        connected.close()
        raise
    return channel


def _first(ips: list[str], port: int, seconds: float, deadline: Deadline) -> socket.socket:
    failure: OSError | None = None
    for ip in ips:
        left = min(seconds, deadline.remaining())
        if left <= 0:
            break
        try:
            return _connected(ip, port, left)
        except OSError as error:
            failure = error
    raise failure or TimeoutError


def _connected(ip: str, port: int, seconds: float) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.settimeout(seconds)
        made.connect((ip, port))
    except BaseException:
        made.close()
        raise
    return made
