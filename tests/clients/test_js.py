"""The JavaScript client: its own tests by Node's runner against the real server, and its types by the compiler."""

import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import ROOT
from tests.functions.support import BIN, picture, served
from tests.waiting import PATIENCE

JS = ROOT / "clients" / "js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IN_A_PAGE = """async ({module, base64}) => {
  const { Darkroom, DarkroomError } = await import(module);
  const darkroom = new Darkroom(".", { retries: 0 });
  const file = await (await fetch(`data:image/png;base64,${base64}`)).blob();
  const told = [], onProgress = (progress) => told.push(progress);
  const result = await darkroom.process(file, "resize:20", { format: "webp" }, { onProgress });
  const bitmap = await createImageBitmap(result.blob);
  const row = await darkroom.put(file, { name: "from a page" }, { onProgress: () => {} });
  await darkroom.remove(row.id);
  const refused = await darkroom.process(file, "blurr", {}, { onProgress: () => {} }).catch((error) => error);
  const control = new AbortController();
  const cancelled = darkroom.process(file, "blur", {}, { onProgress: () => {}, signal: control.signal });
  control.abort();
  const nobody = new Darkroom("http://127.0.0.1:9");
  const gone = await nobody.process(file, "", {}, { onProgress: () => {} }).catch((error) => error);
  return {
    width: bitmap.width, type: result.type, name: row.name, last: told.at(-1), size: file.size,
    refused: [refused instanceof DarkroomError, refused.status, refused.code],
    cancelled: await cancelled.catch((error) => error.name),
    gone: [gone instanceof DarkroomError, gone.status],
  };
}"""


@pytest.fixture(scope="module")
def storing_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a catalog and a place for pictures."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "results").mkdir()
    settings = {
        "DARKROOM_FILES": str(folder),
        "DARKROOM_RESULTS": "file://results",
        "DARKROOM_DATA": str(folder / "data"),
    }
    command = [str(BIN / "gunicorn"), "--bind=127.0.0.1:PORT", "--threads=4", "--no-control-socket", "main:app"]
    with served(command, settings) as url:
        yield url


def node() -> str:
    """Node, which tests and pages need."""
    found = shutil.which("node")
    assert found, "Node.js is needed to test the JavaScript client (Debian's package nodejs)"
    return found


def run(command: list[str], **variables: str) -> None:
    """Run a command in the client's folder; its output is the assertion's."""
    done = subprocess.run(
        command, cwd=JS, env={**os.environ, **variables}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_against_the_real_server(storing_server: str) -> None:
    run([node(), "--test", "test/darkroom.test.js"], DARKROOM_TEST_URL=storing_server)


def test_types(tmp_path: Path) -> None:
    """The types allow what the README shows, and refuse what is wrong."""
    npm = shutil.which("npm")
    assert npm, "npm is needed to check the types of the JavaScript client (Debian's package npm)"
    shutil.copytree(JS, tmp_path / "js")
    subprocess.run(
        [npm, "install", "--prefix", str(tmp_path), "--no-audit", "--no-fund", "--no-save", "typescript@5.9.3"],
        check=True,
        capture_output=True,
        timeout=10 * PATIENCE,
    )
    run([str(tmp_path / "node_modules" / ".bin" / "tsc"), "--project", str(tmp_path / "js")])


def test_in_a_browser(storing_server: str) -> None:
    """Where a fetch tells no progress, an upload with progress goes another way and answers alike."""
    assert CHROMIUM, "Chromium is needed to test the JavaScript client in a page"
    module = "data:text/javascript;base64," + b64encode((JS / "darkroom.js").read_bytes()).decode()
    large = b64encode(picture("png", width=1200, height=900)).decode()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = browser.new_page()
            page.set_default_timeout(1000 * PATIENCE)
            page.goto(f"{storing_server}/health")
            told = page.evaluate(IN_A_PAGE, {"module": module, "base64": large})
        finally:
            browser.close()
    last = told.pop("last")
    assert last["sent"] == last["total"] > told.pop("size")
    assert told == {
        "width": 20, "type": "image/webp", "name": "from a page", "refused": [True, 400, "unknown_filter"],
        "cancelled": "AbortError", "gone": [True, 0],
    }  # fmt: skip
