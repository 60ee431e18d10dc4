"""The Flask application of a service, and the routes it serves."""

import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from functools import cache
from typing import Any, cast

import msgspec
import werkzeug
from flask import Flask, Request, Response, current_app, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

from functions import assets
from functions.refusals import refusal
from functions.responses.compression import compressed
from functions.routing import Route
from functions.server import health
from functions.server.sockets.loop import SocketLoop
from functions.server.sockets.peer import Bounds
from functions.url_rules import LazyRule
from service.machine import cores
from service.service import Service

_FOR_GOOD = "public, max-age=31536000, immutable"
_VARIABLE = re.compile(r"<(?:string:)?(?:([^:>]+):)?\w+>")


class _NoSessions(SessionInterface):
    """Flask's own sessions, which nothing here uses: one for all requests, in which nothing can be kept."""

    _none = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002
        """The one session."""
        return self._none


class Darkroom(Flask):
    """The Flask application of one service."""

    url_rule_class = LazyRule
    session_interface = _NoSessions()

    def __init__(self, service: Service) -> None:
        # not /static: functions-framework's own application serves that path
        super().__init__(
            "functions", static_url_path="/ui", static_folder="pages/static", template_folder="pages/templates"
        )
        self.config["MAX_CONTENT_LENGTH"] = service.processor.limits.body_bytes + 1  # functions/requests counts exactly
        self.service = service
        self.routes: list[Route] = []
        self.heavy: dict[str, Route] = {}
        static = Route("/ui/<path:filename>", self.send_static_file, "public", include_in_schema=False)
        self.by_endpoint = {"static": static}
        self._claimed = dict.fromkeys(_claims(static), static)
        self.sockets = _sockets(service)
        self.output_shapes: dict[str, list[Any]] = {}

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none is a coroutine, and Flask would check several times per request."""
        return func

    def create_url_adapter(self, request: werkzeug.Request | None) -> MapAdapter | None:
        """As Flask does it, but a request to upgrade is one like any other: the view of its route decides."""
        adapter = super().create_url_adapter(request)  # type: ignore[arg-type] # Flask's own class of requests
        if adapter is not None:
            adapter.websocket = False
        return adapter

    def make_response(self, rv: Any) -> Response:
        """What a view returned, as a response; a struct is JSON."""
        return super().make_response(msgspec.to_builtins(rv) if isinstance(rv, msgspec.Struct) else rv)

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request; without the framework `/health`, unless an origin must be compared, and a full queue."""
        if health.is_asked(environ) and not self.service.settings.cors_origins:
            return health.answer(environ, start_response, self.service.metrics)
        refused = refusal(environ, self.heavy, self.service)
        return super().wsgi_app(environ, start_response) if refused is None else refused(start_response)

    def send_static_file(self, filename: str) -> Response:
        """A file of the pages, compressed for whoever takes that, and kept for good where its version is asked for."""
        _know_webp()
        name, is_lasting = assets.versioned(filename)
        response = compressed(super().send_static_file(name))
        if is_lasting:
            response.headers["Cache-Control"] = _FOR_GOOD
        return response

    def answer(self, request: werkzeug.Request) -> werkzeug.Response:
        """The response to a request that another Flask application passes on."""
        context = copy_context()
        response: werkzeug.Response = context.run(Response.from_app, self, request.environ)
        response.response = _Apart(context, response.response)
        return response

    def serve(self, routes: Iterable[Route]) -> None:
        """Add routes. TypeError names both routes of a conflict."""
        for route in routes:
            self._claim(route)
            self.add_url_rule(route.path, route.endpoint, cast("Any", route.view), methods=list(route.methods))
            self.routes.append(route)
            if route.heavy and "<" not in route.path:
                self.heavy[route.path] = route
            self.by_endpoint[route.endpoint] = route

    def _claim(self, route: Route) -> None:
        """Reserve the methods of a path and the operation for one route; an endpoint has a single view and scope."""
        for claim in _claims(route):
            other = self._claimed.setdefault(claim, route)
            if other is not route:
                raise TypeError(f"Two routes are {claim}: {other} and {route}.")
        other = self.by_endpoint.get(route.endpoint, route)
        if (other.view, other.scope) != (route.view, route.scope):
            raise TypeError(f"Two views or scopes at the endpoint {route.endpoint}: {other} and {route}.")


class _Apart:
    """A body that is made within a context of its own.

    A stream keeps Flask's context of our application open until its end. In the context of the other application that
    would be the innermost one when that ends its own.
    """

    def __init__(self, context: Context, body: Iterable[Any]) -> None:
        self._context, self._body, self._parts = context, body, iter(body)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._context.run(next, self._parts)

    def close(self) -> None:
        """Close what makes the body."""
        if close := getattr(self._body, "close", None):
            self._context.run(close)


def _sockets(service: Service) -> SocketLoop:
    """The web sockets of this process; frames are answered by as many threads as compute at a time, and wait there."""
    settings = service.settings
    bounds = Bounds(
        settings.stream_frame_bytes, settings.stream_seconds, settings.stream_idle_seconds, settings.stream_send_seconds
    )
    return SocketLoop(settings.streams, settings.at_once or cores(), bounds)


def _claims(route: Route) -> Iterator[str]:
    """What no other route may claim; names of variables and a trailing slash make no difference."""
    path = _VARIABLE.sub(lambda found: f"<{found[1] or ''}>", route.path).rstrip("/") or "/"
    yield from (f"{method} {path}" for method in route.methods)
    yield f"the operation {route.operation}"


@cache
def _know_webp() -> None:
    """Python knows it from 3.13 on; asked when a file is sent, since it reads the system's table of types."""
    mimetypes.add_type("image/webp", ".webp")


def here() -> Darkroom:
    """The application of the current request, itself: Flask's stand-in looks for it at each attribute."""
    return cast("Darkroom", current_app._get_current_object())  # type: ignore[attr-defined] # noqa: SLF001


def this_request() -> Request:
    """The current request, itself, for who asks it for much."""
    return cast("Request", request._get_current_object())  # type: ignore[attr-defined] # noqa: SLF001
