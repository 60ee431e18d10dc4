"""The addresses of the pages' own files: kept for good by their version, and by no other."""

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from functions import assets
from tests.conftest import ROOT
from tests.functions.support import BIN

FOR_GOOD = "public, max-age=31536000, immutable"
ADDRESSES = {
    "by its version": (assets.address("style.css"), 200, FOR_GOOD),
    "within a folder": (assets.address("filters/blur.webp"), 200, FOR_GOOD),
    "by another version": ("ui/0123456789ab/style.css", 200, "no-cache"),
    "by none": ("ui/style.css", 200, "no-cache"),
    "a folder's name is no version": ("ui/filters/blur.webp", 200, "no-cache"),
    "a file that is not there": (assets.address("nothing.js"), 404, "no-store"),
    "no file": (assets.address(""), 404, "no-store"),
    "two versions": (assets.address("0123456789ab/style.css"), 404, "no-store"),
    "a way out": (assets.address("..%2f..%2fpage.py"), 404, "no-store"),
}


@pytest.mark.parametrize(("address", "status", "caching"), ADDRESSES.values(), ids=ADDRESSES)
def test_what_may_be_kept(client: httpx.Client, address: str, status: int, caching: str) -> None:
    response = client.get(f"/{address}", headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, response.headers["cache-control"]) == (status, caching)
    if status == 200:
        again = client.get(f"/{address}", headers={"If-None-Match": response.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"]) == (304, caching)


CHANGES = {
    "nothing": (lambda _: None, True),
    "a byte": (lambda folder: (folder / "style.css").write_text("changed"), False),
    "a name": (lambda folder: (folder / "style.css").rename(folder / "other.css"), False),
    "a picture": (lambda folder: (folder / "filters" / "blur.webp").write_bytes(b"changed"), False),
    "a time": (lambda folder: (folder / "style.css").touch(), True),
}


@pytest.mark.parametrize(("change", "is_same"), CHANGES.values(), ids=CHANGES)
def test_the_version_tells_the_files_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: object, is_same: bool
) -> None:
    folder = tmp_path / "static"
    shutil.copytree(assets.FOLDER, folder)
    change(folder)  # type: ignore[operator]
    monkeypatch.setattr(assets, "FOLDER", folder)
    assert (assets.assets_version.__wrapped__() == assets.assets_version()) is is_same


def test_every_process_has_the_same_version() -> None:
    told = [
        subprocess.run(
            [BIN / "python", "-c", "from functions import assets; print(assets.assets_version())"],
            cwd=ROOT, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip
    assert told == [assets.assets_version()] * 2
