"""`python -m tools.emulators NAME`: start an emulator, print its URL, serve until interrupted; `build` only builds."""

import contextlib
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tools.emulators import fake_gcs, lambda_rie, mongo, moto, proxied, versitygw

STARTS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "fake-gcs": fake_gcs.started,
    "moto": moto.started,
    "versitygw": versitygw.started,
    "gs": proxied.google,
    "s3": proxied.amazon,
}

BUILDS = (fake_gcs.program, versitygw.program, mongo.built, lambda_rie.program)

if __name__ == "__main__":
    if sys.argv[1:] == ["build"]:
        sys.exit(not all(build().is_file() for build in BUILDS))
    if len(sys.argv) != 2 or sys.argv[1] not in STARTS:
        sys.exit(f"One of: build, {', '.join(STARTS)}")
    # Whoever reads the URL may interrupt at once, and Ctrl-C may come before it: both are an ordinary end.
    with contextlib.suppress(KeyboardInterrupt), STARTS[sys.argv[1]]() as started:
        print(getattr(started, "url", started), flush=True)
        threading.Event().wait()
