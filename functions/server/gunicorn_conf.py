"""The gunicorn configuration: `gunicorn -c functions/server/gunicorn_conf.py main:app`, and `python main.py`.

Settings: https://docs.gunicorn.org/en/stable/settings.html. There is one process per available core by default.
"""

import gc
import os
import sys
from typing import Any

gc.disable()  # main.py says why; it turns it on again

from functions.server import arguments, memory, ports, starting
from service.machine import cores
from service.settings import read_settings

_settings, _ = read_settings(os.environ)  # main.py reports their problems

_port = ports.read_port(os.environ)
bind = f"{_settings.host}:{_port}"
workers = _settings.workers or cores()
worker_class = "functions.server.worker.Worker"
threads = _settings.threads
worker_connections = 2048  # they wait in the poller, at a few KB each
sendfile = False  # files of ours are small, and go out at the least rate like all else
preload_app = True  # import once, and share the memory pages between processes
timeout = 0  # requests have deadlines of their own; killing a worker would end its other requests too
graceful_timeout = 9  # a container is killed ten seconds after SIGTERM
keepalive = 75  # longer than the usual 60 s of load balancers, so that they close first
forwarded_allow_ips = forwarder_headers = ""  # no header of a client, on this machine or not, changes path or scheme
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
loglevel = "warning"
control_socket_disable = True


_HELP = """python main.py serves HTTP until Ctrl-C or SIGTERM. It takes no arguments: PORT (8080) and the settings of
docs/settings.md, such as DARKROOM_AUTH, are variables of the environment.
"""
_PASSED = {"GUNICORN_FD", "LISTEN_FDS"}
"""Variables by which a socket that listens already is passed on: then the port is in use, rightly."""


def when_ready(_server: Any) -> None:
    """Called once the application is loaded, before workers are forked."""
    memory.freeze_imports()


def post_worker_init(worker: Any) -> None:
    """Start the background threads of a new worker before its first request."""
    starting.start(worker.wsgi.service)


def serve() -> None:
    """Serve with these settings until a signal ends the process; it takes no arguments."""
    from gunicorn.app.wsgiapp import run

    arguments.take_none(_HELP)
    if not _PASSED & os.environ.keys():
        ports.check_free(_settings.host.strip("[]"), _port)  # gunicorn would try for five seconds

    sys.argv = ["gunicorn", "-c", __file__, "main:app"]
    run()
