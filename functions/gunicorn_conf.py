"""Moved to functions/server/gunicorn_conf.py; this path works until 0.3."""

from functions.moved import warn
from functions.server.gunicorn_conf import *  # noqa: F403

warn("functions/gunicorn_conf.py", "functions/server/gunicorn_conf.py")
