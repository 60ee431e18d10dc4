"""A small real HTTP server that answers as a Darkroom does, or fails in the ways that a test lines up."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from copy import copy
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.waiting import PATIENCE

FILTERS = [
    {
        "name": "blur",
        "kind": "filter",
        "needs": [],
        "summary": "Blurs with a Gaussian.",
        "parameters": {
            "type": "object",
            "properties": {
                "kernel": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 99,
                    "default": 15,
                    "description": "Side of the square, pixels",
                },
                "edge": {"$ref": "#/$defs/Edge", "default": "mirror"},
                "sigma": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}], "default": None},
            },
            "$defs": {"Edge": {"enum": ["mirror", "black"]}},
        },
        "example": "blur:15",
    },
    {
        "name": "text",
        "kind": "filter",
        "needs": ["pictures"],
        "summary": "Writes [bold]text[/].",
        "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
        "example": "text:it's",
    },
]
FORMAT = {"name": "jpeg", "extensions": ["jpg", "jpeg"], "reads": True, "writes": True, "options": {"quality": {}}}
TYPES = {"png": "image/png", "webp": "image/webp", "json": "application/json"}
Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """One request: recorded, then answered by the next lined-up answer, else as a Darkroom would."""

    server: "FaultServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Silence."""

    def _answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.seen.append(copy(self))  # a kept-alive connection has one handler for all its requests
            answer = self.server.script.pop(0) if self.server.script else self.server.usual
        answer(self)

    def reply(self, status: int, body: bytes, content_type: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    @property
    def parts(self) -> dict[str, bytes]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = message_from_bytes(head + self.body)
        leaves = [part for part in message.walk() if not part.is_multipart()]
        names = [str(part.get_param("name", header="content-disposition")) for part in leaves]
        return dict(zip(names, (bytes(part.get_payload(decode=True)) for part in leaves), strict=True))


class FaultServer(ThreadingHTTPServer):
    """Listens on a free port of the loopback while in its `with`."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.usual: Answer = usual
        self.seen: list[Handler] = []
        self.script: list[Answer] = []
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that hung up is what some tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def usual(handler: Handler) -> None:
    """As a Darkroom: lists, or the picture as it came. `palette` answers JSON, `bad` names refuse."""
    path, query = urlsplit(handler.path).path, handler.query
    if path == "/v1/process":
        picture = handler.parts["file"]
        if picture.startswith(b"text"):
            return problem(415, code="not_an_image", detail="This is no image we read.")(handler)
        if query.get("format") == "json" or query["pipeline"].startswith("palette"):
            findings = {"findings": {"measures": {"bytes": len(picture)}}, "pipeline": query["pipeline"]}
            return handler.reply(200, json.dumps(findings).encode(), "application/json")
        return handler.reply(200, picture, TYPES.get(query.get("format", ""), "image/jpeg"))
    answers: dict[str, Any] = {
        "/v1/filters": {"filters": FILTERS},
        "/v1/formats": {"formats": [FORMAT]},
        "/v1/version": {"version": "1.2.3"},
    }
    if path in answers:
        return handler.reply(200, json.dumps(answers[path]).encode(), "application/json; charset=utf-8")
    return handler.reply(404, b"<h1>no</h1>", "text/html")


def problem(status: int, headers: dict[str, str] | None = None, **members: Any) -> Answer:
    """A problem document."""
    body = json.dumps({"status": status, **members}).encode()
    return lambda handler: handler.reply(status, body, "application/problem+json", **(headers or {}))


def reset(handler: Handler) -> None:
    """The connection is reset before a byte of the answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def hang_up(handler: Handler) -> None:
    """The connection ends politely before a byte of the answer."""
    handler.close_connection = True


def half(handler: Handler) -> None:
    """The answer promises more than it brings."""
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def silence(handler: Handler) -> None:
    """Nothing comes until the client has gone."""
    handler.connection.settimeout(PATIENCE)
    handler.connection.recv(1)
    handler.close_connection = True


def other(status: int, content_type: str, body: bytes, **headers: str) -> Answer:
    """Something that is no Darkroom."""
    return lambda handler: handler.reply(status, body, content_type, **headers)
