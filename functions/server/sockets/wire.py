"""One web socket's bytes as messages, and back: wsproto knows the protocol, this the bounds.

Extensions are not agreed on: a compressed frame could be a thousand times as large as what came.
"""

from io import StringIO

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage

from functions.server.sockets.codes import TOO_BIG
from functions.server.sockets.messages import Received

_NO_STATUS = 1005
_REASON_BYTES = 123
"""What a close frame holds beside its code (RFC 6455, §5.5)."""
_TEXT_BYTES = 256 * 1024
_FRAGMENTS = 4096
"""Most fragments of one message: empty ones cost their sender little, and us time."""


class Wire:
    """The protocol's state for one socket. `most` bytes are the largest binary message."""

    def __init__(self, most: int, early: bytes) -> None:
        self._connection = Connection(ConnectionType.SERVER, trailing_data=early)
        self._most = most
        self._data, self._text, self._fragments = bytearray(), StringIO(), 0
        self.gathered = 0
        """Bytes of a message that is not whole yet."""
        self.pong = b""
        """The answer to the last ping, to be sent when there is room (RFC 6455, §5.5.3)."""

    @property
    def is_closing(self) -> bool:
        """Whether a close frame was sent or received."""
        return self._connection.state is not ConnectionState.OPEN

    def feed(self, data: bytes) -> None:
        """Bytes have come."""
        if not self.is_closing:
            self._connection.receive_data(data)

    def next(self) -> Received | None:
        """The next whole message of what has come; None where there is none. Further ones stay in their bytes."""
        for event in self._connection.events():
            received = self._of(event)
            if received is not None:
                return received
        return None

    def _of(self, event: Event) -> Received | None:
        if isinstance(event, Ping):
            self.pong = self._connection.send(event.response())
        elif isinstance(event, CloseConnection):
            return Received("close", text=event.reason or "", code=int(event.code))
        elif isinstance(event, TextMessage | BytesMessage):
            return self._piece(event)
        return None

    def _piece(self, event: TextMessage | BytesMessage) -> Received | None:
        most = _TEXT_BYTES if isinstance(event, TextMessage) else self._most
        if isinstance(event, TextMessage):
            self._text.write(event.data)
        else:
            self._data += event.data
        self.gathered += len(event.data)
        self._fragments += event.frame_finished
        if self.gathered > most or self._fragments > _FRAGMENTS:
            self._start_anew()
            return Received("close", text=f"A message may have {most} bytes, in {_FRAGMENTS} pieces.", code=TOO_BIG)
        if not event.message_finished:
            return None
        text, data = self._text.getvalue(), bytes(self._data)
        self._start_anew()
        return Received("text", text=text) if isinstance(event, TextMessage) else Received("frame", data=data)

    def _start_anew(self) -> None:
        self._data, self._text, self._fragments = bytearray(), StringIO(), 0
        self.gathered = 0

    def message(self, content: str | bytes) -> bytes:
        """The bytes of a message of ours."""
        if isinstance(content, str):
            return bytes(self._connection.send(TextMessage(data=content)))
        return bytes(self._connection.send(BytesMessage(data=content)))

    def close(self, code: int, reason: str) -> bytes:
        """The bytes of a close frame; none if there was one already."""
        if self._connection.state not in {ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING}:
            return b""
        return bytes(self._connection.send(_closing(code, reason)))


def close_frame(code: int, reason: str) -> bytes:
    """The bytes of a close frame, for a socket that never carries anything else."""
    return bytes(Connection(ConnectionType.SERVER).send(_closing(code, reason)))


def _closing(code: int, reason: str) -> CloseConnection:
    short = reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    return CloseConnection(code=code, reason=short if code != _NO_STATUS else None)
