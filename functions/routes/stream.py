"""`/v1/stream`: frames in, and what is found in each, or the picture made of it, out."""

import secrets
import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

import msgspec
from flask import Response, g, request, stream_with_context

from core.errors import DarkroomError, EmptyPictureError
from functions.access.auth import SESSION_COOKIE
from functions.access.frame_charge import SCOPE, FrameCharge
from functions.app import here
from functions.errors import (
    NoUpgradeError,
    ShuttingDownError,
    SlowBodyError,
    StreamsFullError,
    UpgradeRequiredError,
)
from functions.openapi.contents import PICTURE, PIPELINE, PROCESS_OPTIONS
from functions.requests.asked import asked_for
from functions.requests.body import chunks, json_object, query_options
from functions.requests.frames import frames_of
from functions.responses import problems
from functions.responses.duplex import interleaved
from functions.routing import JSON_TYPE, Content, Reply, Route, Schema
from functions.server import log
from functions.server.paced import socket_of
from functions.server.sockets.codes import BAD_PAYLOAD, FULL, GOING_AWAY, NO_KEY, POLICY, UNEXPECTED
from functions.server.sockets.peer import FarewellError
from functions.server.upgrade import VERSION, Upgrade, accepted, is_handshake
from service.errors import ExpiredKeyError, InvalidTokenError, WrongKeyError, WrongScopeError
from service.service import Service
from service.streams import BAD_IN_A_ROW, Answered, FrameAnswer, FrameProblem, Stream

PATH = "/v1/stream"
LINES_TYPE, PARTS_TYPE = "application/x-ndjson", "multipart/mixed"
_UNENDING = 2**63
"""Bytes of a body that time bounds, and not its length."""
_OVER = (WrongKeyError, ExpiredKeyError, InvalidTokenError, WrongScopeError)
"""What ends a stream: its caller's key was revoked, has expired or lost its scope, a token or a session has ended."""
_TOO_BAD = f"{BAD_IN_A_ROW} frames in a row were bad."


def stream_socket() -> Response:
    """Open a web socket: each binary message is a frame, and is answered by a text and maybe a picture."""
    app, environ = here(), request.environ
    stream = _stream(app.service, query_options(request.query_string))
    if not is_handshake(environ):
        raise UpgradeRequiredError(
            "This is a web socket (RFC 6455, version 13); POST frames to this path to send them by HTTP alone."
        )
    connection = socket_of(environ)
    if connection is None:
        raise NoUpgradeError("The server in front of this application passes no web sockets on; POST the frames.")
    if app.sockets.is_full():
        raise StreamsFullError("This process holds as many streams as it may; try again later.")
    talk = SocketTalk(stream, _charge(app.service), g.request_id)
    connection.upgrade = Upgrade(take=partial(app.sockets.take, talk))
    return _switching()


def stream_frames() -> Response:
    """Send a body of frames and read the answer to each while the others are sent."""
    app = here()
    settings = app.service.settings
    stream = _stream(app.service, query_options(request.query_string))
    connection = socket_of(request.environ)
    if connection is not None:
        connection.end_within(settings.stream_seconds)
    request.max_content_length = _UNENDING
    frames = frames_of(request, chunks(request), settings.stream_frame_bytes)
    first = next(frames, None)  # so that a body that is none of frames is refused, and not answered
    if first is None:
        raise EmptyPictureError("The body has no frames; send at least one.")
    frames = _until(time.monotonic() + settings.stream_seconds, chain([first], frames))
    answers = _answers(stream, frames, _charge(app.service), g.request_id)
    boundary = None if stream.options.answer == "findings" else secrets.token_hex(12)
    written = interleaved((_written(said, picture, boundary) for said, picture in answers), connection)
    response = Response(stream_with_context(_ended(written, boundary)))
    response.headers["Content-Type"] = LINES_TYPE if boundary is None else f'{PARTS_TYPE}; boundary="{boundary}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy that waits for the end would keep every answer back
    return response


def _stream(service: Service, given: Mapping[str, Any]) -> Stream:
    """The stream of the current request's caller. Errors: see StreamOptions."""
    parse = partial(_parse, service)
    return Stream(service.processor, parse, g.caller.id, given, service.metrics)


def _charge(service: Service) -> FrameCharge:
    """What frames cost the current request's caller, who may be known by a session."""
    session = request.cookies.get(SESSION_COOKIE, "") if g.caller.via == "cookie" else ""
    return FrameCharge(service.authenticator, g.caller, session)


def _parse(service: Service, given: Mapping[str, Any]) -> Any:
    return asked_for(service, [given], "", defaults={"format": "jpeg"})


class SocketTalk:
    """What answers the messages of one web socket."""

    def __init__(self, stream: Stream, charge: FrameCharge, identifier: str) -> None:
        self._stream, self._charge, self._id = stream, charge, identifier
        self._began = time.monotonic()

    def text(self, text: str) -> list[str | bytes]:
        """Take options; what is wrong with them is answered, and they stay as they were."""
        try:
            with self._charge.charged():
                self._stream.configure(_options_of(text))
        except Exception as error:  # noqa: BLE001 - known_error logs what is not ours
            return self._problem(0, error, [])
        return []

    def frame(self, seq: int, data: bytes, dropped: list[int]) -> list[str | bytes]:
        """Answer a frame: a text, and a picture if one was asked for."""
        try:
            done = self._charge(self._stream, seq, data, dropped)
        except Exception as error:  # noqa: BLE001
            return self._problem(seq, error, dropped)
        said = msgspec.json.encode(done.said).decode()
        return [said] if done.picture is None else [said, done.picture]

    def _problem(self, seq: int, error: Exception, dropped: list[int]) -> list[str | bytes]:
        """The answer to what failed. FarewellError after too many bad ones, and for who may not send any more."""
        said: list[str | bytes] = [msgspec.json.encode(_problem_of(self._id, seq, error, dropped)).decode()]
        if isinstance(error, _OVER):
            raise FarewellError(_code_of(error), error.detail, said)
        if self._stream.is_broken:
            raise FarewellError(BAD_PAYLOAD, _TOO_BAD, said)
        return said

    def ended(self, code: int, frames: int, dropped: int) -> None:
        """Log the stream."""
        log.log_stream(self._id, code, frames, dropped, time.monotonic() - self._began)


def _options_of(text: str) -> dict[str, Any]:
    """The options in a text message. BadBodyError (400)."""
    return json_object(text.encode(), "A text message")


def _problem_of(identifier: str, seq: int, error: Exception, dropped: list[int]) -> FrameProblem:
    """The problem of a frame; what is not an error of ours is logged."""
    known = problems.known_error(error, identifier)
    return FrameProblem(seq=seq, problem=problems.problem_json(known), dropped=dropped)


def _answers(
    stream: Stream, frames: Iterator[bytes], charge: FrameCharge, identifier: str
) -> Iterator[tuple[FrameAnswer | FrameProblem, Answered | None]]:
    """The answer to each frame of a body; the last is a problem of number 0 if nothing more is read of it."""
    seq = 0
    while not stream.is_broken:
        seq += 1
        try:
            frame = next(frames, None)
        except Exception as error:  # noqa: BLE001 - the head of the answer is sent: it can only be told here
            yield _problem_of(identifier, 0, error, []), None
            return
        if frame is None:
            return
        try:
            done = charge(stream, seq, frame, [])
        except _OVER as error:
            yield _problem_of(identifier, 0, error, []), None
            return
        except Exception as error:  # noqa: BLE001
            yield _problem_of(identifier, seq, error, []), None
        else:
            yield done.said, done


def _until(ends: float, frames: Iterator[bytes]) -> Iterator[bytes]:
    """The frames until a time. SlowBodyError (408)."""
    for frame in frames:
        if time.monotonic() > ends:
            raise SlowBodyError("The stream has lasted as long as it may.")
        yield frame


def _written(said: FrameAnswer | FrameProblem, done: Answered | None, boundary: str | None) -> bytes:
    """An answer as a line of JSON, or as one or two parts."""
    line = msgspec.json.encode(said)
    if boundary is None:
        return line + b"\n"
    parts = [(JSON_TYPE, line)]
    if done is not None and done.picture is not None:
        parts.append((str(done.said.picture), done.picture))
    return b"".join(
        f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
        for kind, data in parts
    )


def _ended(written: Iterator[bytes], boundary: str | None) -> Iterator[bytes]:
    yield from written
    if boundary is not None:
        yield f"--{boundary}--\r\n".encode()


# --- handshakes that are refused ---


def farewell(error: Exception) -> Response | None:
    """The answer to a refused handshake: a web socket that closes at once, since a page sees its code and no status.

    None for every other request.
    """
    connection = socket_of(request.environ)
    if connection is None or request.path != PATH or not is_handshake(request.environ):
        return None
    from functions.server.sockets.wire import close_frame

    known = problems.known_error(error)
    g.code = known.code
    connection.upgrade = Upgrade(farewell=close_frame(_code_of(known), f"{known.code}: {known.detail}"))
    return _switching()


def _code_of(error: DarkroomError) -> int:
    if error.status == 401:
        return NO_KEY
    if isinstance(error, ShuttingDownError):
        return GOING_AWAY
    if error.status in {429, 503}:
        return FULL
    return POLICY if error.status < 500 else UNEXPECTED


def _switching() -> Response:
    response = Response(status=101, headers=accepted(request.environ))
    del response.headers["Content-Type"]
    return response


_ANSWER: Schema = {
    "type": "string",
    "enum": ["findings", "picture", "both"],
    "description": "What is answered; left out, findings alone where the pipeline only looks, else both",
}
_QUERY = {"pipeline": PIPELINE, "answer": _ANSWER, **{name: PROCESS_OPTIONS[name] for name in ("format", "quality")}}
_BODY: Content = {
    "image/jpeg": {**PICTURE, "description": "JPEGs one after the other"},
    "video/x-motion-jpeg": {**PICTURE, "description": "The same"},
    "multipart/x-mixed-replace": {"type": "string", "format": "binary", "description": "A picture a part"},
    "multipart/mixed": {"type": "string", "format": "binary", "description": "The same"},
}
_HANDSHAKE = {
    "Upgrade": {"type": "string", "description": "`websocket`"},
    "Sec-WebSocket-Key": {"type": "string", "description": "16 bytes in base64"},
    "Sec-WebSocket-Version": {"type": "string", "description": f"`{VERSION}`"},
}
ROUTES = (
    Route(
        PATH, stream_socket, SCOPE, query=_QUERY, headers=_HANDSHAKE,
        answers=(Reply(status=101, description="The web socket is open"),), refuses=(426, 501),
    ),
    Route(
        PATH, stream_frames, SCOPE, ("POST",), query=_QUERY, body=_BODY,
        answers=(
            Reply(
                content={
                    LINES_TYPE: (FrameAnswer, FrameProblem),
                    PARTS_TYPE: {"type": "string", "format": "binary", "description": "With pictures"},
                },
                description="A line for each frame, or a part of JSON and one of its picture",
            ),
        ),
    ),
)  # fmt: skip
