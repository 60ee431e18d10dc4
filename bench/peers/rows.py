"""What is measured, and what the results are compared with."""

import io
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench import pictures
from bench.sight_tools import ROAD

KINDS = {".jpg": "jpeg", ".png": "png", ".gif": "gif"}
_FRAMES = 12


class Row(NamedTuple):
    """An operation on a picture: `source` is a file's name, `kind` the format that is asked for.

    `scaled` is the side of the square that it is to fit, where that is all; `clients` are so many at once, where it is
    not as many as for all rows.
    """

    name: str
    operation: str
    source: str
    kind: str
    scaled: int = 0
    clients: int = 0


ROWS = (
    Row("fit 512", "fit-512", "two.jpg", "jpeg", 512),
    Row("fit 512, 1 client", "fit-512", "two.jpg", "jpeg", 512, clients=1),
    Row("fit 512, 16 clients", "fit-512", "two.jpg", "jpeg", 512, clients=16),
    Row("fit 800", "fit-800", "two.jpg", "jpeg", 800),
    Row("cover 400 × 400", "cover-400", "two.jpg", "jpeg"),
    Row("blur, σ 2.6", "blur", "two.jpg", "jpeg"),
    Row("grey", "grey", "two.jpg", "jpeg"),
    Row("fit 800, WebP", "fit-800", "two.jpg", "webp", 800),
    Row("fit 512, AVIF", "fit-512", "two.jpg", "avif", 512),
    Row("12 megapixels to 800", "fit-800", "twelve.jpg", "jpeg", 800),
    Row("50 megapixels to 800", "fit-800", "fifty.jpg", "jpeg", 800),
    Row("fit 800, sepia, contrast, sharpen", "four", "two.jpg", "jpeg"),
    Row("fit 800, JPEG XL", "fit-800", "two.jpg", "jxl"),
    Row(f"GIF, {_FRAMES} frames to 200", "fit-200", "moving.gif", "gif"),
    Row("PNG with alpha to 512", "fit-512", "cut-out.png", "png", 512),
    Row("detect", "detect", "road.jpg", "json"),
    Row("detect, 1 client", "detect", "road.jpg", "json", clients=1),
)


def sources(folder: Path) -> None:
    """Write the pictures: a photograph of 2 megapixels, of 12 and of 50, one that moves, a cut-out, and a road."""
    photograph = pictures.sources()[0]
    (folder / "fifty.jpg").write_bytes(pictures.jpeg(photograph, 50.0))
    (folder / "moving.gif").write_bytes(_moving(pictures.sized(photograph, 0.4)))
    (folder / "road.jpg").write_bytes(ROAD.read_bytes() if ROAD.is_file() else pictures.jpeg(photograph, 0.6))
    (folder / "two.jpg").write_bytes(pictures.jpeg(photograph, 2.0))
    (folder / "twelve.jpg").write_bytes(pictures.jpeg(photograph, 12.0))
    pixels = cv2.cvtColor(pictures.sized(photograph, 1.0), cv2.COLOR_BGR2BGRA)
    height, width = pixels.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 3, height // 3), 0, 0, 360, 255, -1)
    pixels[:, :, 3] = cv2.GaussianBlur(mask, (9, 9), 0)
    pixels[pixels[:, :, 3] == 0] = 0
    (folder / "cut-out.png").write_bytes(bytes(cv2.imencode(".png", pixels)[1]))


def _moving(pixels: NDArray[np.uint8]) -> bytes:
    """A GIF that pans over the picture."""
    shown = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    width = shown.shape[1] - 8 * _FRAMES
    first, *others = (Image.fromarray(shown[:, 8 * at : 8 * at + width]) for at in range(_FRAMES))
    buffer = io.BytesIO()
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=80, loop=0)
    return buffer.getvalue()


def lanczos(path: Path, side: int) -> NDArray[np.uint8]:
    """The picture scaled to fit a square by Lanczos, from all of its pixels: BGR on white."""
    with Image.open(path) as image:
        whole = image.convert("RGBA")
    scale = min(1.0, side / max(whole.size))
    made = whole.resize((round(whole.width * scale), round(whole.height * scale)), Image.Resampling.LANCZOS)
    return on_white(np.asarray(made))


def on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA on white, as BGR."""
    alpha = pixels[:, :, 3:].astype(np.float32) / 255
    mixed = pixels[:, :, :3] * alpha + 255 * (1 - alpha)
    return cv2.cvtColor(np.rint(mixed).astype(np.uint8), cv2.COLOR_RGB2BGR).astype(np.uint8)


def decoded(data: bytes) -> NDArray[np.uint8]:
    """A result as BGR on white."""
    with Image.open(io.BytesIO(data)) as image:
        return on_white(np.asarray(image.convert("RGBA")))


def ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Structural similarity of brightness (Wang and others, 2004), Gaussian window of σ 1.5; sizes are made equal."""
    if one.shape != other.shape:
        other = np.asarray(cv2.resize(other, one.shape[1::-1], interpolation=cv2.INTER_AREA), np.uint8)
    a, b = (cv2.cvtColor(side, cv2.COLOR_BGR2GRAY).astype(np.float64) for side in (one, other))
    mean_a, mean_b = _blurred(a), _blurred(b)
    var_a, var_b = _blurred(a * a) - mean_a**2, _blurred(b * b) - mean_b**2
    both = _blurred(a * b) - mean_a * mean_b
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    found = (2 * mean_a * mean_b + low) * (2 * both + high) / ((mean_a**2 + mean_b**2 + low) * (var_a + var_b + high))
    return float(found.mean())


def _blurred(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5))
