"""How gunicorn serves us: `gunicorn -c functions/server/gunicorn_conf.py main:app`, and `python main.py`.

Its settings: https://docs.gunicorn.org/en/stable/settings.html. Processes are sized from the cores this one may use.
"""

import os
import sys
from typing import Any

from functions.server import memory, ports
from service.admission import cores
from service.settings import read_settings

_settings, _ = read_settings(os.environ)  # what is wrong with them, main.py tells

bind = f"{_settings.host}:{ports.read_port(os.environ)}"
workers = _settings.workers or cores()
worker_class = "gthread"
threads = _settings.threads
preload_app = True  # one import for all processes, and pages shared between them
timeout = 0  # a request's own deadline ends it; killing a worker would end its neighbours too
graceful_timeout = 9  # a container is killed ten seconds after SIGTERM
keepalive = 75  # longer than the 60 s of the usual load balancers, so that they close first
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - the heartbeat file of gunicorn
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
loglevel = "warning"
control_socket_disable = True


def when_ready(_server: Any) -> None:
    """The application is loaded and no worker forked yet."""
    memory.spare_the_collector()


def post_worker_init(worker: Any) -> None:
    """A new process loads its models, and finishes what others left behind, before anybody asks."""
    worker.wsgi.service.begin()


def serve() -> None:
    """Serve this project with these settings until a signal ends it."""
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", "-c", __file__, "main:app"]
    run()
