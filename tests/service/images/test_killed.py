"""SIGKILL at every step of put, upload, render and delete: after the next start nothing is visible that is not there.

A step is a call that changes the disk, of the file system or of the catalog; DARKROOM_TEST_KILL=all takes all of them.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.identity import sha256
from functions.http import Darkroom
from service import cataloging
from service.images.recovery import recover
from service.images.repository import ImageRepository
from storage import folders
from tests.forked import SERVER
from tests.functions.routes.images.conftest import kept
from tests.functions.routes.images.test_images import JPEG, objects, put
from tests.functions.support import client_of
from tests.service.images import killed
from tests.service.images.killed import RENDER, asked
from tests.waiting import PATIENCE

LEAST_STEPS = {"put": 5, "upload": 6, "render": 3, "delete": 4}
OUTCOMES = {
    "put": {"nothing", "picture"}, "upload": {"nothing", "picture"},
    "render": {"picture", "picture and render"}, "delete": {"nothing", "picture and render"},
}  # fmt: skip


def prepared(folder: Path, act: str) -> str:
    """What is there before, and the address that the act is about."""
    client = client_of(kept(folder, log_level="error"))
    if act == "put":
        assert client.get("/v1/images").status_code == 200  # the catalog's file is there
        return ""
    if act == "upload":
        client.get("/v1/images")
        return str(client.post("/v1/uploads", json={"content_type": "image/jpeg", "bytes": len(JPEG)}).json()["url"])
    url = f"/v1/images/{put(client)['id']}"
    if act == "delete":
        assert client.get(f"{url}/{RENDER}").status_code == 200
    return url


def ended(folder: Path, act: str, url: str, last: int) -> int | None:
    """How many steps there were; None if it was killed."""
    process = SERVER.Process(target=killed.child, args=(folder, act, url, last))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode is not None
    assert process.exitcode == -signal.SIGKILL or 0 < process.exitcode < 200, process.exitcode
    return None if process.exitcode < 0 else process.exitcode


def started_again(folder: Path) -> Darkroom:
    """The next start, late enough that nothing that is not ready can be somebody's at work."""
    app = kept(folder, log_level="error")
    catalog = cataloging.open_catalog(app.service.settings)
    assert catalog
    assert app.service.storage.results
    recover(
        ImageRepository(catalog, app.service.storage.stores, app.service.storage.results, app.service.processor),
        older=-60.0,
    )
    assert list(catalog.pending(-60.0)) == []
    return app


def state(app: Darkroom, folder: Path) -> str:
    """What is visible; and no more, no less, than that is stored, all of it whole."""
    client, own = client_of(app), folder / "own"
    rows: list[dict[str, Any]] = client.get("/v1/images").json()["images"]
    stored = objects(own)
    assert [f"file://own/{key}" for key in stored if key.startswith("images/")] == [row["source"] for row in rows]
    for row in rows:
        whole = client.get(f"/v1/images/{row['id']}/original")
        assert (whole.status_code, whole.content) == (200, JPEG)
        assert (row["sha256"], row["width"], row["state"]) == (sha256(JPEG), 96, "ready")
    renders = [key for key in stored if key.startswith("renders/")]
    for key in renders:
        assert (own / key).read_bytes() == client.post(f"/v1/process?pipeline={RENDER}", content=JPEG).content
    assert len(rows) >= len(renders)
    return "nothing" if not rows else "picture and render" if renders else "picture"


def places(folder: Path) -> Iterator[Path]:
    """A new folder each time."""
    for number in range(1000):
        (folder / str(number)).mkdir()
        yield folder / str(number)
        shutil.rmtree(folder / str(number))


@pytest.mark.parametrize("act", OUTCOMES)
def test_killed_at_every_step(tmp_path: Path, act: str) -> None:
    outcomes, lived, step, fresh = set(), None, 0, places(tmp_path)
    while lived is None:
        folder = next(fresh)
        url = prepared(folder, act)
        lived = ended(folder, act, url, step)
        app = started_again(folder)
        outcome = state(app, folder)
        outcomes.add(outcome)
        again(client_of(app), act, url, outcome)
        parts_go(app, folder)
        step += 1
    assert outcomes == OUTCOMES[act]
    assert lived == step - 1 >= LEAST_STEPS[act]


def again(client: httpx.Client, act: str, url: str, outcome: str) -> None:
    """Whoever got no answer asks again, and gets what there is to be had."""
    status = asked(client, act, url)
    expected = {
        "put": {201}, "upload": {201 if outcome == "nothing" else 412}, "render": {200},
        "delete": {404 if outcome == "nothing" else 204},
    }  # fmt: skip
    assert status in expected[act]


def parts_go(app: Darkroom, folder: Path) -> None:
    """What was being written when somebody was killed is removed by the next who writes, once it is old."""
    ours = folder / "own" / folders.OURS
    for part in ours.glob("part-*"):
        os.utime(part, (time.time() - 3600, time.time() - 3600))
    put(client_of(kept(folder, log_level="error")))
    assert list(ours.glob("part-*")) == []
