"""What a detector finds, by other means: Pillow decodes, OpenVINO runs the file as it is, NumPy does the rest.

Nothing of `core` is used but the import of OpenVINO. Written from the networks' own descriptions: YOLOX
(https://arxiv.org/abs/2107.08430, §2), YuNet (https://doi.org/10.1007/s11633-023-1423-y), and for the SSD ones
https://github.com/openvinotoolkit/open_model_zoo/tree/master/models/intel.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, ImageSequence

from core.models.graph import openvino

Floats = NDArray[np.float64]


class Network(NamedTuple):
    """A network, and how it wants to be fed: `score` and `iou` are what it is used with by default."""

    files: tuple[str, ...]
    kind: str
    side: tuple[int, int]
    score: float
    iou: float = 0.45
    kernel: int = cv2.INTER_LINEAR


class Found(NamedTuple):
    """One object: its class's number, its score, and left, top, width and height in pixels of the picture."""

    number: int
    score: float
    box: tuple[float, float, float, float]


NETWORKS = {
    "shapes": Network(
        ("core/models/shapes/shapes.xml", "core/models/shapes/shapes.bin"), "yolox", (320, 320), 0.45,
        kernel=cv2.INTER_AREA,
    ),
    "yolox_nano": Network(("yolox/yolox_nano.onnx",), "yolox", (416, 416), 0.3),
    "yunet": Network(("yunet/face_detection_yunet_2026may.onnx",), "yunet", (960, 960), 0.6, 0.3),
    "face-detection-retail-0005": Network(
        tuple(f"face-detection-retail-0005/FP16/face-detection-retail-0005.{part}" for part in ("xml", "bin")),
        "ssd", (300, 300), 0.5,
    ),
    "person-detection-retail-0013": Network(
        tuple(f"person-detection-retail-0013/FP16/person-detection-retail-0013.{part}" for part in ("xml", "bin")),
        "ssd", (544, 320), 0.5,
    ),
}  # fmt: skip


def frames(data: bytes) -> Iterator[NDArray[np.uint8]]:
    """The frames of a file, upright, BGR, on white."""
    for frame in ImageSequence.Iterator(Image.open(BytesIO(data))):
        upright = ImageOps.exif_transpose(frame).convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB")
        yield np.asarray(flat)[:, :, ::-1].copy()


def found(network: Network, folder: Path, picture: NDArray[np.uint8]) -> list[Found]:
    """All that a network finds in a picture, the best first."""
    image, across, down = _fed(network, picture)
    tensors = _run(network.files, folder, image.transpose(2, 0, 1)[np.newaxis].astype(np.float32))
    rows = {"yolox": _yolox, "yunet": _yunet, "ssd": _ssd}[network.kind](tensors, image.shape[:2])
    kept = _suppressed(rows[rows[:, 1] >= network.score], network.iou)
    sides = [across, down, across, down]
    edges = np.clip(kept[:, 2:] * sides, 0, [picture.shape[1], picture.shape[0]] * 2)
    boxes = [(left, top, right - left, bottom - top) for left, top, right, bottom in edges.tolist()]
    return [Found(int(row[0]), float(row[1]), box) for row, box in zip(kept, boxes, strict=True) if min(box[2:]) > 0]


def _fed(network: Network, picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float, float]:
    """The network's input, and how many pixels of the picture one of its pixels is, across and down."""
    (height, width), (most_wide, most_high) = picture.shape[:2], network.side
    if network.kind == "ssd":
        return cv2.resize(picture, network.side, interpolation=network.kernel), width / most_wide, height / most_high
    scale = min(most_wide / width, most_high / height)
    if network.kind == "yunet":
        scale = min(scale, 1.0)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    if network.kind == "yunet":
        most_wide, most_high = -(-wide // 32) * 32, -(-high // 32) * 32
    image = np.full((most_high, most_wide, 3), 0 if network.kind == "yunet" else 114, np.uint8)
    if network.kernel == cv2.INTER_AREA:
        picture = _halves(picture, wide, high)
    image[:high, :wide] = cv2.resize(picture, (wide, high), interpolation=network.kernel)
    return image, width / wide, height / high


def _halves(picture: NDArray[np.uint8], wide: int, high: int) -> NDArray[np.uint8]:
    """A picture of three times the size and more is halved while it is: docs/models.md says so of `area`."""
    if picture.shape[1] < 3 * wide or picture.shape[0] < 3 * high:
        return picture
    half = cv2.resize(picture, (-(-picture.shape[1] // 2), -(-picture.shape[0] // 2)))
    return _halves(np.asarray(half, np.uint8), wide, high)


@cache
def _compiled(files: tuple[str, ...], folder: Path) -> Any:
    library = openvino()
    core = library.Core()
    network = core.read_model(*(str(folder / file) for file in files))
    return core.compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def _run(files: tuple[str, ...], folder: Path, tensor: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    results = _compiled(files, folder)([tensor])
    return {name: value for port, value in results.items() for name in port.get_names()}


def _cells(shape: tuple[int, int], stride: int) -> Floats:
    """x and y of the cells of a stride, row by row."""
    rows, columns = np.mgrid[0 : shape[0] // stride, 0 : shape[1] // stride]
    return np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float64)


def _boxes(raw: Floats, shape: tuple[int, int]) -> Floats:
    """Left, top, right and bottom: (cell + x, y) × stride is the middle, e^w and e^h × stride are the sides."""
    cells = np.concatenate([_cells(shape, stride) for stride in (8, 16, 32)])
    strides = np.concatenate([np.full(len(_cells(shape, stride)), stride) for stride in (8, 16, 32)])[:, np.newaxis]
    middles, halves = (cells + raw[:, :2]) * strides, np.exp(raw[:, 2:4]) * strides / 2
    return np.hstack([middles - halves, middles + halves])


def _yolox(tensors: dict[str, NDArray[Any]], shape: tuple[int, int]) -> Floats:
    """Rows of class, score, left, top, right, bottom. A score is objectness × the best class's."""
    output = next(iter(tensors.values()))
    raw = output[0].astype(np.float64)
    classes = raw[:, 5:].argmax(axis=1)
    scores = raw[:, 4] * raw[np.arange(len(raw)), 5 + classes]
    return np.column_stack([classes, scores, _boxes(raw, shape)])


def _yunet(tensors: dict[str, NDArray[Any]], shape: tuple[int, int]) -> Floats:
    kinds, objects, raw = (
        np.concatenate([tensors[f"{name}_{stride}"][0] for stride in (8, 16, 32)]).astype(np.float64)
        for name in ("cls", "obj", "bbox")
    )
    scores = np.sqrt(kinds.clip(0, 1) * objects.clip(0, 1)).ravel()
    return np.column_stack([np.zeros(len(scores)), scores, _boxes(raw, shape)])


def _ssd(tensors: dict[str, NDArray[Any]], shape: tuple[int, int]) -> Floats:
    """Image, class, score, left, top, right, bottom from 0 to 1; class 0 is the background, an image of -1 the end."""
    output = next(iter(tensors.values()))
    rows = output.reshape(-1, 7).astype(np.float64)
    ends = np.flatnonzero(rows[:, 0] < 0)
    rows = rows[: ends[0]] if len(ends) else rows
    rows = rows[rows[:, 1] > 0]
    return np.column_stack([rows[:, 1] - 1, rows[:, 2], rows[:, 3:] * ([shape[1], shape[0]] * 2)])


def _suppressed(rows: Floats, iou: float) -> Floats:
    """The best first; what overlaps a better one of its class that stays goes."""
    kept: list[Floats] = []
    for row in rows[np.argsort(-rows[:, 1], kind="stable")]:
        if all(row[0] != other[0] or _overlap(row[2:], other[2:]) <= iou for other in kept):
            kept.append(row)
    return np.array(kept).reshape(-1, 6)


def _overlap(one: Floats, other: Floats) -> float:
    """Intersection over union."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(sides.clip(0)))
    return shared / float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - shared)
