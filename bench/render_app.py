"""The application under measurement, whose static files are those of a folder of the benchmark's: gunicorn loads it."""

import os

from functions.http import create_app
from service.service import Service

app = create_app(Service.open({name: value for name, value in os.environ.items() if name != "BENCH_STATIC"}))
app.static_folder = os.environ["BENCH_STATIC"]
