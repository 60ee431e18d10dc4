"""The Flask application of a service, and the routes it serves."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import werkzeug
from flask import Flask, Response, current_app

from functions.routing import Route
from functions.url_rules import LazyRule
from service.service import Service


class Darkroom(Flask):
    """The Flask application of one service."""

    url_rule_class = LazyRule

    def __init__(self, service: Service) -> None:
        # not /static: functions-framework's own application serves that path
        super().__init__(
            "functions", static_url_path="/ui", static_folder="pages/static", template_folder="pages/templates"
        )
        self.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
        self.config["MAX_CONTENT_LENGTH"] = service.processor.limits.body_bytes + 1  # functions/requests counts exactly
        self.service = service
        self.routes: list[Route] = []
        self.by_endpoint = {"static": Route("/ui/<path:filename>", "static", "read")}
        self.output_shapes: dict[str, list[dict[str, Any]]] = {}

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none is a coroutine, and Flask would check several times per request."""
        return func

    def answer(self, request: werkzeug.Request) -> werkzeug.Response:
        """The response to a request that another WSGI application passes on."""
        return Response.from_app(self, request.environ)

    def serve(self, routes: Iterable[Route]) -> None:
        """Add routes."""
        for route in routes:
            self.add_url_rule(route.path, route.endpoint, cast("Any", route.view), methods=list(route.methods))
            self.routes.append(route)
            self.by_endpoint[route.endpoint] = route


def here() -> Darkroom:
    """The application of the current request."""
    return cast("Darkroom", current_app)
