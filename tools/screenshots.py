"""Screenshots of every page, light, dark and on a phone, of a server with the sample pictures.

python -m tools.screenshots [folder] writes docs/img/pages
"""

import contextlib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
from playwright.sync_api import Browser, Page, sync_playwright

from bench.camera import CHROMIUM, FLAGS, filmed, flags, shapes
from tools.make_docs import ALIKE_DB, psnr
from tools.ports import free_port
from tools.samples import FOLDER

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "img" / "pages"
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2},
}
_SECONDS = 300


def pages(page: Page, server: str) -> dict[str, str]:
    """The addresses of the pages by name; some pages need a picture."""
    page.goto(f"{server}/?name=street")
    street = (page.locator(".grid a").first.get_attribute("href") or "").partition("id=")[2]
    page.goto(f"{server}/?name=shapes")
    shapes = (page.locator(".grid a").first.get_attribute("href") or "").partition("id=")[2]
    return {
        "gallery": "/", "picture": f"/picture?id={street}&filter=sepia",
        "darkroom": f"/darkroom?image={street}&pipeline=resize:1200/cartoon/vignette",
        "findings": f"/darkroom?image={shapes}&pipeline=detect",
        "explained": f"/darkroom?image={street}&pipeline=resize:320/brightness:110/contrast:120/sharpen",
        "filters": "/filters", "models": "/models",
        "docs": "/docs", "login": "/login", "live": "/live",
    }  # fmt: skip


def shoot(browser: Browser, server: str, target: Path) -> None:
    """Write a picture for each page and look."""
    for look, options in LOOKS.items():
        context = browser.new_context(**options)  # type: ignore[arg-type]
        context.set_default_timeout(1000 * _SECONDS)
        page = context.new_page()
        for name, path in pages(page, server).items():
            page.goto(server + path, wait_until="networkidle")
            if name in {"darkroom", "findings", "explained"}:
                page.wait_for_selector(".view:not(.busy) .after img[src]")
            if name == "explained":
                page.click(".how summary")
                page.wait_for_selector(".plan tbody tr")
                page.locator(".how").scroll_into_view_if_needed()
            if name == "live":
                page.click("#camera")
                page.wait_for_selector("#found tr", state="attached")
                page.evaluate("scrollTo(0, 0)")
            (target / f"{name}-{look}.png").write_bytes(page.screenshot())
        context.close()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server with the sample pictures."""
    port = free_port()
    (folder / "outbox").mkdir()
    environment = {
        "PORT": str(port), "DARKROOM_FILES": str(folder), "DARKROOM_RESULTS": "file://outbox",
        "DARKROOM_DATA": str(folder / "data"), "DARKROOM_LOCAL_WRITES": "true", "DARKROOM_CATALOG": "sqlite",
        "PATH": "/usr/bin:/bin", "HOME": str(folder),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.server.local"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, len(list(FOLDER.iterdir())))
        yield url
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _wait(url: str, samples: int) -> None:
    """Until all samples are there."""
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/v1/images") as answer:
            if answer.read().count(b'"sha256"') == samples:
                return
        time.sleep(0.2)
    raise TimeoutError("The server does not show the sample pictures.")


def _as_webp(target: Path) -> None:
    """Keep the committed picture where the new one looks the same."""
    for path in target.glob("*.png"):
        done, data = cv2.imencode(".webp", cv2.imread(str(path)), [cv2.IMWRITE_WEBP_QUALITY, 80])
        kept = path.with_suffix(".webp")
        if done and not (kept.is_file() and psnr(kept.read_bytes(), data.tobytes()) >= ALIKE_DB):
            kept.write_bytes(data.tobytes())
        path.unlink()


def main() -> None:
    """Write the pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url, sync_playwright() as playwright:
        camera = filmed(shapes(ROOT), Path(folder) / "camera.mjpeg")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags(camera)])
        shoot(browser, url, target)
        browser.close()
    if target == TARGET:
        _as_webp(target)


if __name__ == "__main__":
    main()
