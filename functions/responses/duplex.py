"""Answers that begin before the request has ended.

A client that sends all before it reads must not be written to once the buffers between us are full: it would wait for
us, and we for it. So what it does not take yet is kept, within a bound, and the request is read on.
"""

import select
from collections import deque
from collections.abc import Iterable, Iterator

from functions.errors import BadFrameError
from functions.server.paced import PacedSocket

_PIECE = 16 * 1024
"""Bytes that the kernel takes whenever it says that it takes any."""
_MOST = 64 * 2**20


def interleaved(answers: Iterable[bytes], connection: PacedSocket | None) -> Iterator[bytes]:
    """The answers, written while the client takes them; what is left, once there are no more.

    BadFrameError (400) if a client that does not read would make us keep too much. Without a connection that can be
    looked at, each answer is written when it is made.
    """
    if connection is None:
        yield from answers
        return
    poller = select.poll()
    poller.register(connection, select.POLLOUT)
    kept, size = deque[bytes](), 0
    for answer in answers:
        kept.extend(answer[start : start + _PIECE] for start in range(0, len(answer), _PIECE))
        size += len(answer)
        while kept and poller.poll(0):
            size -= len(kept[0])
            yield kept.popleft()
        if size > _MOST:
            raise BadFrameError("Read the answers while you send the frames: too many of them wait.")
    yield from kept
