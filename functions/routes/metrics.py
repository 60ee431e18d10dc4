"""`GET /metrics`: what the server counts, for Prometheus."""

from flask import Response

from functions import VERSION
from functions.app import here
from functions.errors import MetricsOffError
from functions.routing import Reply, Route
from service.watch.metrics import CONTENT_TYPE, why_off


def metrics() -> Response:
    """The metrics of all processes of this server, in the text format of Prometheus; see docs/operations.md."""
    service = here().service
    if service.metrics is None:
        raise MetricsOffError(why_off(service.settings))
    response = Response(service.exposition(VERSION), content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


ROUTES = (
    Route(
        "/metrics", metrics, "metrics", refuses=(404,),
        answers=(Reply(content={"text/plain": {"type": "string"}}, description="The metrics"),),
    ),
)  # fmt: skip
