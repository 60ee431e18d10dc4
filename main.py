"""What a platform names: `handle` (HTTP function) and `app` (WSGI); `python main.py` serves PORT on this machine."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - an installed `core` must not win

from flask import Request, Response
from werkzeug.wrappers import Response as BaseResponse

from functions.http import create_app
from functions.settings import load

app = create_app(load(os.environ))


def handle(request: Request) -> BaseResponse:
    """The HTTP function: the application answers what the platform hands over."""
    return Response.from_app(app, request.environ)


if __name__ == "__main__":
    from functions.gunicorn_conf import serve

    serve()
