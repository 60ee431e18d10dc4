"""What a key costs: the check and the charge of a request, and refusals beside a request that Flask answers."""

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Request
from werkzeug.test import EnvironBuilder

from functions.access.auth import allow
from functions.app import Darkroom
from functions.http import create_app
from service.keys.file import update_key_file
from service.keys.key import GRANTED_SCOPES, Key, new_key
from service.service import Service

CALLS, ROUNDS = 10_000, 5
CHECK_TARGET, REFUSAL_TARGET = 200.0, 1.2
"""Microseconds of a check with its charge, and a refusal's CPU as a share of that of `/ready`."""


def run() -> tuple[str, bool]:
    """The section's text, and whether every target is met."""
    with tempfile.TemporaryDirectory() as folder:
        app, keys = _served(Path(folder))
        checks = {name: _check(app, headers, keys["limits"][1]) for name, headers in _callers(app, keys).items()}
        refusals = _refusals(app, keys)
    good = max(checks.values()) <= CHECK_TARGET and max(refusals.values()) <= REFUSAL_TARGET
    rows = [f"| {name} | {cost:.0f} µs | {_mark(cost <= CHECK_TARGET)} |" for name, cost in checks.items()]
    shares = [f"| {name} | {share:.2f} | {_mark(share <= REFUSAL_TARGET)} |" for name, share in refusals.items()]
    text = "\n".join([
        "## Keys", "",
        f"CPU of the thread, the least of {ROUNDS} means over {CALLS:,} calls. Target: 200 µs a check.", "",
        "| check and charge of a request | CPU | |", "|---|---|---|", *rows, "",
        "A refusal in the application, without a server: its CPU as a share of that of `/ready`, the median of rounds.",
        "", "| refusal | share | |", "|---|---|---|", *shares,
    ])  # fmt: skip
    return text + "\n", good


def _served(folder: Path) -> tuple[Darkroom, dict[str, tuple[str, Key]]]:
    keys = {
        "plain": new_key("plain", GRANTED_SCOPES),
        "limits": new_key("limits", GRANTED_SCOPES, rate=1e6, budget=1e9),
        "write": new_key("write", ["write"]),
    }
    update_key_file(folder / "keys.json", lambda _: [key for _, key in keys.values()])
    settings = {"AUTH": "keys", "KEYS": str(folder / "keys.json"), "DATA": str(folder / "data"), "LOG_LEVEL": "error"}
    app = create_app(Service.open({f"DARKROOM_{name}": value for name, value in settings.items()}))
    return app, keys


def _callers(app: Darkroom, keys: Mapping[str, tuple[str, Key]]) -> dict[str, dict[str, str]]:
    session = app.service.authenticator.login(keys["limits"][0])
    return {
        "a key": {"X-Api-Key": keys["plain"][0]},
        "a key with rate and budget": {"X-Api-Key": keys["limits"][0]},
        "a login's cookie, with rate and budget": {"Cookie": f"darkroom_session={session}"},
    }


def _check(app: Darkroom, headers: Mapping[str, str], key: Key) -> float:
    service, environ = app.service, _environ("/v1/version", headers)

    def once() -> None:
        allow(Request(environ), "read", service.settings, service.authenticator)
        service.authenticator.charge(key, 1e-6)

    return min(_microseconds(once, CALLS) for _ in range(ROUNDS))


def _refusals(app: Darkroom, keys: Mapping[str, tuple[str, Key]]) -> dict[str, float]:
    asked = {
        "401 `unauthorized`": _environ("/v1/version", {}),
        "401 `wrong_key`": _environ("/v1/version", {"X-Api-Key": "dk_" + "a" * 43}),
        "403 `wrong_scope`": _environ("/v1/version", {"X-Api-Key": keys["write"][0]}),
    }
    usual = _environ("/ready", {})
    shares: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ROUNDS):
        for name, environ in asked.items():
            refused = _microseconds(lambda environ=environ: _answer(app, environ), CALLS // 10)  # type: ignore[misc]
            shares[name].append(refused / _microseconds(lambda: _answer(app, usual), CALLS // 10))
    return {name: statistics.median(found) for name, found in shares.items()}


def _environ(path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return EnvironBuilder(path=path, headers=list(headers.items())).get_environ()


def _answer(app: Darkroom, environ: dict[str, Any]) -> None:
    for _ in app(dict(environ), lambda *_: None):  # type: ignore[arg-type]
        pass


def _microseconds(work: Callable[[], None], calls: int) -> float:
    began = time.thread_time()
    for _ in range(calls):
        work()
    return (time.thread_time() - began) / calls * 1e6


def _mark(good: bool) -> str:
    return "✓" if good else "✗"
