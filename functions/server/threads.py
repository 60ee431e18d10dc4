"""How many requests the server handles at a time, whichever server it is."""

import os
import sys
from collections.abc import Mapping

from service.machine import cores
from service.settings import Settings


def threads_and_processes(settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The threads of a process, and the processes: of functions-framework if that is running, else of our server."""
    if "functions_framework" not in sys.modules:
        return settings.threads, settings.workers or cores()
    threads = environ.get("THREADS", (os.cpu_count() or 1) * 4)  # as functions_framework/_http/gunicorn.py counts
    return int(threads), int(environ.get("WORKERS", 1))
