"""Our gunicorn's settings with more time to shut down, for tests on a busy machine."""

from functions.server import worker
from functions.server.gunicorn_conf import *  # noqa: F403 - gunicorn reads the names of this module

worker.LAST_SECONDS = 6.0  # test_worker.py calls it PATIENT_LAST_SECONDS
graceful_timeout = 60
