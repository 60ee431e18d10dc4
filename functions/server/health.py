"""`GET /health`, answered without the framework: it says no more than that the process answers, and is asked often."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from functions.server import log
from service.watch.metrics import Metrics

PATH = "/health"
_BODY = b'{"status":"ok"}\n'


def is_asked(environ: dict[str, Any]) -> bool:
    """Whether a request is for the health of the process, and for nothing else."""
    return (
        environ["PATH_INFO"] == PATH
        and environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        and not environ.get("QUERY_STRING")  # which might hold a key
    )


def answer(
    environ: dict[str, Any], start_response: Callable[..., Any], metrics: Metrics | None = None
) -> Iterable[bytes]:
    """The WSGI application that answers it, with the headers of every response."""
    began = time.perf_counter()
    identifier = log.valid_id(environ.get("HTTP_X_REQUEST_ID", ""))
    milliseconds = (time.perf_counter() - began) * 1000
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(_BODY))),
        ("X-Request-Id", identifier),
        ("X-Content-Type-Options", "nosniff"),
        ("Server-Timing", f"total;dur={milliseconds:.1f}"),
    ]
    start_response("200 OK", headers)
    if metrics:
        metrics.answered(PATH, environ["REQUEST_METHOD"], 200, "application/json", milliseconds / 1000)
    log.log_health(environ["REQUEST_METHOD"], identifier, len(_BODY), milliseconds)
    return (b"",) if environ["REQUEST_METHOD"] == "HEAD" else (_BODY,)
