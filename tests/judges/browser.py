"""What a browser shows of a picture: Chromium decodes it, and a grid of pixels comes back."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

from tests.waiting import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb", "--no-first-run"]
MEDIA = {
    "png": "image/png", "apng": "image/png", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "jxl": "image/jxl", "bmp": "image/bmp", "ico": "image/x-icon",
}  # fmt: skip
"""The formats that Chromium shows."""

_ORIGIN = "https://judge.invalid/"
_LOOK = """async ([data, type, side, most]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const canvas = document.createElement('canvas');
  const seen = (image, width, height) => {
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.clearRect(0, 0, width, height);
    context.drawImage(image, 0, 0);
    const all = context.getImageData(0, 0, width, height).data;
    const grid = [];
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        const row = Math.floor((y + 0.5) * height / side), column = Math.floor((x + 0.5) * width / side);
        grid.push(...all.subarray(4 * (row * width + column), 4 * (row * width + column) + 4));
      }
    }
    return {width, height, grid};
  };
  const moves = ['image/png', 'image/gif', 'image/webp', 'image/avif', 'image/jxl'].includes(type);
  const decoder = moves ? new ImageDecoder({data: bytes, type, preferAnimation: true}) : null;
  await decoder?.tracks.ready.catch(() => null);
  await decoder?.completed.catch(() => null);
  const count = decoder?.tracks.selectedTrack?.frameCount ?? 1;
  if (count === 1) {
    const image = await createImageBitmap(new Blob([bytes], {type}));
    return [seen(image, image.width, image.height)];
  }
  const frames = [];
  for (let index = 0; index < Math.min(most, count); index += 1) {
    const {image} = await decoder.decode({frameIndex: index});
    frames.push(seen(image, image.displayWidth, image.displayHeight));
    image.close();
  }
  return frames;
}"""


class Seen(NamedTuple):
    """One frame: its size, and RGBA of a grid of its pixels, side × side."""

    width: int
    height: int
    grid: NDArray[np.uint8]


class Browser:
    """A page that looks at pictures."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def look(self, file: bytes, name: str, side: int, most: int) -> list[Seen] | None:
        """At most so many frames of a file in a format; None where the browser does not show it."""
        asked = [base64.b64encode(file).decode(), MEDIA[name], side, most]
        try:
            frames = self._page.evaluate(_LOOK, asked)
        except Exception as error:
            if "EncodingError" in str(error) or "InvalidStateError" in str(error) or "decod" in str(error).lower():
                return None
            raise
        return [Seen(f["width"], f["height"], np.array(f["grid"], np.uint8).reshape(side, side, 4)) for f in frames]


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser on a page of a secure origin, where ImageDecoder is to be had; nothing is fetched."""
    assert CHROMIUM, "a Chromium is needed: `make test` installs it where it may"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto(_ORIGIN)
        yield Browser(page)
        browser.close()
