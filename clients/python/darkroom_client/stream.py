"""Frames of a video or a camera through a server, one after the other: the extra `darkroom-client[video]`."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from darkroom_client.errors import BrokenResponseError, DarkroomError, NoServerError, RefusedError, SlowServerError
from darkroom_client.keys import headers_of
from darkroom_client.transport import without_secrets

if TYPE_CHECKING:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import ClientConnection

Answer = Literal["findings", "picture", "both"]
_PATH = "/v1/stream"
_IN_FLIGHT = 2
"""Frames under way: while the server looks at one, the next is already there. It would leave a third one out."""
_STATUSES = {1001: 503, 1007: 422, 1008: 403, 1009: 413, 1013: 503, 4401: 401}
"""The HTTP statuses that closes of the server stand for."""
_REASON = re.compile(r"([a-z_]+): (.+)", re.DOTALL)


class MissingExtraError(DarkroomError):
    """What streams need is not installed."""

    def __init__(self) -> None:
        super().__init__("Streams need further packages: pip install 'darkroom-client[video]'.")


@dataclass(frozen=True)
class FrameAnswer:
    """What the server says of one frame, and the picture if one was asked for.

    `seq` counts frames from 1, `findings` are in the server's JSON, of a picture of `width` × `height` pixels. `ms` is
    the server's work. `problem` is the problem document of a frame that failed; then `findings` are empty.
    """

    seq: int
    width: int
    height: int
    findings: Mapping[str, Any]
    ms: float
    dropped: tuple[int, ...] = ()
    problem: Mapping[str, Any] | None = None
    picture: bytes | None = None


def stream(
    base_url: str,
    frames: Iterable[bytes],
    pipeline: str = "",
    *,
    answer: Answer | None = None,
    format: str | None = None,  # noqa: A002 - the server's own word
    quality: int | None = None,
    key: str | None = None,
    timeout: float = 60.0,
) -> Iterator[FrameAnswer]:
    """The answer to each frame, in order, while further ones are sent.

    Args:
        base_url: URL of the server, with its path if it has one.
        frames: encoded pictures, such as JPEGs; taken as fast as the server answers.
        pipeline: steps as text, such as `detect/track`.
        answer: `findings`, `picture` or `both`; None: findings where the pipeline only looks, else both.
        format: of the pictures; None is JPEG.
        quality: of the encoder, 1 to 100.
        key: the server's key.
        timeout: seconds to wait for an answer.

    Raises MissingExtraError, NoServerError, SlowServerError, RefusedError, BrokenResponseError.
    """
    options = {"pipeline": pipeline, "answer": answer, "format": format, "quality": quality}
    with ExitStack() as stack:
        line = stack.enter_context(_opened(base_url, key, timeout))
        asked = json.dumps({name: value for name, value in options.items() if value is not None})
        yield from _exchanged(line, asked, frames, timeout)


def _opened(base_url: str, key: str | None, timeout: float) -> "ClientConnection":
    try:
        from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
        from websockets.sync.client import connect
    except ImportError:
        raise MissingExtraError from None
    url = re.sub(r"\Ahttp", "ws", base_url.rstrip("/")) + _PATH
    try:
        return connect(
            url, additional_headers=headers_of(key), max_size=None, open_timeout=timeout, compression=None,
            ping_interval=None,
        )  # fmt: skip
    except InvalidStatus as error:
        response = error.response
        problem = {"detail": f"The server passes no web sockets on: it answered {response.status_code}."}
        raise RefusedError(response.status_code, problem, None, response.headers.get("X-Request-Id")) from error
    except InvalidURI as error:
        raise ValueError(
            f'A server\'s URL must look like http://host:8080, not "{without_secrets(base_url)}".'
        ) from error
    except TimeoutError as error:
        raise SlowServerError("The server did not answer in time; a higher timeout may help.") from error
    except (OSError, InvalidHandshake) as error:
        raise NoServerError(without_secrets(base_url), str(error)) from error


def _exchanged(
    line: "ClientConnection", options: str, frames: Iterable[bytes], timeout: float
) -> Iterator[FrameAnswer]:
    from websockets.exceptions import ConnectionClosed

    flying = deque[int]()
    try:
        line.send(options)  # a server that refuses may have closed already
        for seq, frame in enumerate(frames, 1):
            while len(flying) >= _IN_FLIGHT:
                yield from _landed(line, flying, timeout)
            line.send(frame)
            flying.append(seq)
        while flying:
            yield from _landed(line, flying, timeout)
    except ConnectionClosed as error:
        raise _closed(error) from error
    except TimeoutError as error:
        raise SlowServerError("The server did not answer in time; a higher timeout may help.") from error


def _landed(line: "ClientConnection", flying: deque[int], timeout: float) -> Iterator[FrameAnswer]:
    """The next answer; what it says was left out is no longer under way."""
    text = line.recv(timeout)
    try:
        said: Any = json.loads(text)
        seq, dropped = int(said["seq"]), tuple(map(int, said.get("dropped", ())))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenResponseError("The answer to a frame cannot be read. Is it a Darkroom server?") from error
    if seq == 0:
        raise RefusedError(int(said["problem"].get("status", 400)), said["problem"], None, None)
    picture = line.recv(timeout) if said.get("picture") else None
    for number in (*dropped, seq):
        if number in flying:
            flying.remove(number)
    yield FrameAnswer(
        seq, int(said.get("width", 0)), int(said.get("height", 0)), said.get("findings", {}), float(said.get("ms", 0)),
        dropped, said.get("problem"), picture if isinstance(picture, bytes) else None,
    )  # fmt: skip


def _closed(error: "ConnectionClosed") -> DarkroomError:
    """The error that a close of the server stands for."""
    received = error.rcvd
    status = _STATUSES.get(received.code) if received else None
    if received is None or status is None:
        return BrokenResponseError("The connection was lost before the answer.", transient=True)
    found = _REASON.fullmatch(received.reason)
    code, detail = found.groups() if found else ("stream_closed", received.reason)
    return RefusedError(status, {"code": code, "detail": detail}, None, None)
