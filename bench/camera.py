"""Made cameras: files that Chromium plays as one, and its flags."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

COUNTED = """
  window.counted = { sent: [], answers: [] };
  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const said = typeof data === "string" ? JSON.parse(data) : {};
        if (said.seq) counted.answers.push([said.seq, said.ms, performance.now(), said.dropped?.length ?? 0]);
      });
    }
    send(data) {
      if (typeof data !== "string") counted.sent.push(performance.now());
      super.send(data);
    }
  };
"""
"""What a page runs first so that `counted` holds when frames were sent and answered, in milliseconds."""


def flags(video: Path) -> list[str]:
    """Chromium's flags for a camera that plays this file, again and again."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]


def there_and_back(picture: NDArray[np.uint8], travel: int, still: int) -> Iterator[NDArray[np.uint8]]:
    """Views of a picture that move to its right and back by a pixel in so many frames; the end fits the beginning.

    It is slow, so that also a busy machine that looks at two frames a second sees small steps.
    """
    for across in [*range(travel), *range(travel, 0, -1)]:
        for _ in range(still):
            yield picture[:HEIGHT, across : across + WIDTH]


def shapes(root: Path, still: int = 1) -> Iterator[NDArray[np.uint8]]:
    """The drawn shapes on a wide ground, none of them ever cut."""
    drawn: Any = cv2.imread(str(root / "docs/img/shapes.png"))
    ground = cv2.copyMakeBorder(drawn, 80, 80, 100, 100, cv2.BORDER_REPLICATE)
    return there_and_back(ground, ground.shape[1] - WIDTH, still)


def street(picture: Path, still: int = 1) -> Iterator[NDArray[np.uint8]]:
    """A photograph, panned over."""
    pixels: Any = cv2.imread(str(picture))
    scale = max(HEIGHT / pixels.shape[0], (WIDTH + 120) / pixels.shape[1])
    return there_and_back(cv2.resize(pixels, None, fx=scale, fy=scale), 40, still)


def filmed(frames: Iterator[NDArray[np.uint8]], file: Path) -> Path:
    """The frames as the MJPEG that Chromium reads."""
    with file.open("wb") as out:
        for frame in frames:
            out.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes())
    return file
