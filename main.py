"""What a platform names: `handle` (HTTP), `on_object`, `on_lambda` (both), `app` (WSGI). As a script it serves."""

import gc
import os
import signal
import sys

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C leaves no trace; gunicorn sees to it later
gc.disable()  # of what imports leave it would visit all and free next to nothing, for a fifth of the start
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - an installed `core` must not win

from functions import handlers
from functions.http import create_app

app = create_app(handlers.open_service(os.environ))
gc.freeze()  # else the first collection would visit it all
gc.enable()

handle = handlers.http_handler(app)
on_object = handlers.cloud_event_handler(app.service)
on_lambda = handlers.lambda_handler(app)

if __name__ == "__main__":
    handlers.serve()
