"""The heartbeat is in memory, and does what gunicorn's own does."""

import time

from gunicorn.workers import base
from gunicorn.workers.workertmp import WorkerTmp

from functions.server.heartbeat import Heartbeat
from functions.server.worker import Worker


def test_it_tells_when_the_worker_lived() -> None:
    heart = Heartbeat(None)
    heart.notify()
    began = time.monotonic()
    assert abs(began - heart.last_update()) < 60
    heart.close()


def test_it_is_the_workers() -> None:
    assert base.WorkerTmp is Heartbeat
    assert Worker is not None
    own = {name for name in vars(WorkerTmp) if not name.startswith("_")}
    assert own == {name for name in vars(Heartbeat) if not name.startswith("_")}
