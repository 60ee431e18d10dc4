"""What a platform names: `handle` (HTTP), `on_object` (events), `app` (WSGI); `python main.py` serves PORT here."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - an installed `core` must not win

from werkzeug import Request, Response

from functions.http import create_app
from functions.settings import load

app = create_app(load(os.environ))


def handle(request: Request) -> Response:
    """The HTTP function: the application answers what the platform hands over."""
    return app.answer(request)


def on_object(event: object) -> None:
    """The event function: what it raises, the platform delivers again."""
    app.on_object(event)


if __name__ == "__main__":
    from functions.gunicorn_conf import serve

    serve()
