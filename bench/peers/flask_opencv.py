"""Flask and OpenCV, as one would write it."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from flask import Flask, Response, request

cv2.setNumThreads(1)
app = Flask(__name__)
_WRITES: dict[str, tuple[str, list[int]]] = {
    "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 80]),
    "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 80]),
    "png": (".png", []),
    "avif": (".avif", [cv2.IMWRITE_AVIF_QUALITY, 60]),
}


def _inside(pixels: Any, side: int) -> Any:
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _cover(pixels: Any, side: int) -> Any:
    height, width = pixels.shape[:2]
    cut = min(height, width)
    top, left = (height - cut) // 2, (width - cut) // 2
    square = pixels[top : top + cut, left : left + cut]
    return cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)


_SEPIA = np.array([[0.131, 0.534, 0.272], [0.168, 0.686, 0.349], [0.189, 0.769, 0.393]], np.float32)


def _four(pixels: Any) -> Any:
    toned = cv2.transform(_inside(pixels, 800), _SEPIA)
    contrasted = cv2.convertScaleAbs(toned, alpha=1.2, beta=-25.6)
    return cv2.addWeighted(contrasted, 2, cv2.GaussianBlur(contrasted, (0, 0), 1), -1, 0)


_MAKES: dict[str, Callable[[Any], Any]] = {
    "fit-512": lambda pixels: _inside(pixels, 512),
    "fit-800": lambda pixels: _inside(pixels, 800),
    "cover-400": lambda pixels: _cover(pixels, 400),
    "blur": lambda pixels: cv2.GaussianBlur(pixels, (15, 15), 0),
    "four": _four,
    "grey": lambda pixels: cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY),
}


@app.post("/<operation>.<kind>")
def make(operation: str, kind: str) -> Response:
    """The picture in the body, made into another."""
    pixels = cv2.imdecode(np.frombuffer(request.get_data(), np.uint8), cv2.IMREAD_UNCHANGED)
    ending, options = _WRITES[kind]
    return Response(cv2.imencode(ending, _MAKES[operation](pixels), options)[1].tobytes(), content_type=f"image/{kind}")
