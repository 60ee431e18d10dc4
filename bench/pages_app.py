"""The application under measurement, which also serves a page that the benchmark has written: gunicorn loads it."""

import os
from pathlib import Path

from flask import Response

from functions.http import create_app
from functions.routing import Route
from service.service import Service


def static_page() -> Response:
    """The file that `BENCH_PAGE` names."""
    return Response(Path(os.environ["BENCH_PAGE"]).read_text(), mimetype="text/html")


app = create_app(Service.open({name: value for name, value in os.environ.items() if name != "BENCH_PAGE"}))
app.serve([Route("/static.html", static_page, "public", include_in_schema=False)])
