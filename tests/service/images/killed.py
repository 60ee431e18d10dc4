"""What is done in a process of its own, which kills itself (SIGKILL) before its Nth step."""

import os
from pathlib import Path

import httpx

from catalog.describe import PIPELINE
from catalog.sqlite import SqliteCatalog
from tests.functions.routes.images.conftest import kept
from tests.functions.routes.images.test_images import JPEG
from tests.functions.support import app_with, client_of
from tests.storage.killed import CHANGES, Countdown

RENDER = "resize:48"
STEPS = CHANGES if os.environ.get("DARKROOM_TEST_KILL") == "all" else ("setxattr", "mkdir", "link", "rename", "unlink")
"""Calls of the file system before which it is killed. The short form leaves out those that change nothing visible."""

# Once here, so that the processes that are forked find everything imported.
client_of(app_with(log_level="error")).post(f"/v1/process?pipeline={RENDER}/{PIPELINE}", content=JPEG)


def asked(client: httpx.Client, act: str, url: str) -> int:
    match act:
        case "put":
            return client.post("/v1/images", content=JPEG).status_code
        case "upload":
            return client.put(url, content=JPEG, headers={"Content-Type": "image/jpeg"}).status_code
        case "render":
            return client.get(f"{url}/{RENDER}").status_code
        case _:
            return client.delete(url).status_code


def child(folder: Path, act: str, url: str, last: int) -> None:
    """Do it, and be killed before the step of this number; the exit code tells how many there were."""
    client = client_of(kept(folder, log_level="error"))
    client.get("/v1/images")
    countdown = Countdown(last)
    for name in STEPS:
        setattr(os, name, countdown.watch(getattr(os, name)))
    for name in ("put", "delete"):  # `change` is a put
        setattr(SqliteCatalog, name, countdown.watch(getattr(SqliteCatalog, name)))
    status = asked(client, act, url)
    os._exit(countdown.count if status < 300 else 255)
