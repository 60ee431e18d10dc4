"""How many threads and processes the server has, so that admission leaves two of each to others."""

import os
import sys
from types import ModuleType

import pytest

from functions.server.threads import threads_and_processes
from service.machine import cores
from service.settings import Settings

FRAMEWORK = {
    "by default": ({}, ((os.cpu_count() or 1) * 4, 1)),
    "as the platform says": ({"THREADS": "80", "WORKERS": "2"}, (80, 2)),
}


@pytest.mark.parametrize(("environ", "count"), FRAMEWORK.values(), ids=FRAMEWORK)
def test_of_functions_framework(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], count: tuple[int, int]
) -> None:
    monkeypatch.setitem(sys.modules, "functions_framework", ModuleType("functions_framework"))
    assert threads_and_processes(Settings(threads=7), environ) == count


def test_functions_framework_counts_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own code: where that changes, so must ours."""
    from functions_framework._http.gunicorn import GunicornApplication

    monkeypatch.delenv("THREADS", raising=False)
    monkeypatch.delenv("WORKERS", raising=False)
    options = GunicornApplication(None, "127.0.0.1", 1, debug=False).options
    assert threads_and_processes(Settings(), {}) == (options["threads"], options["workers"])


def test_of_our_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "functions_framework", raising=False)
    assert threads_and_processes(Settings(threads=7, workers=3), {"THREADS": "80"}) == (7, 3)
    assert threads_and_processes(Settings(), {}) == (Settings().threads, cores())
