"""Flask and libvips, as one would write it: `thumbnail_buffer` decodes a JPEG at a fraction of its size by itself."""

from collections.abc import Callable
from typing import Any

import pyvips
from flask import Flask, Response, request

app = Flask(__name__)
_MAKES: dict[str, Callable[[bytes], Any]] = {
    "fit-512": lambda data: pyvips.Image.thumbnail_buffer(data, 512, height=512),
    "fit-800": lambda data: pyvips.Image.thumbnail_buffer(data, 800, height=800),
    "cover-400": lambda data: pyvips.Image.thumbnail_buffer(data, 400, height=400, crop="centre"),
    "blur": lambda data: pyvips.Image.new_from_buffer(data, "", access="sequential").gaussblur(2.6),
    "grey": lambda data: pyvips.Image.new_from_buffer(data, "", access="sequential").colourspace("b-w"),
}
_WRITES: dict[str, Callable[[Any], bytes]] = {
    "jpeg": lambda image: image.jpegsave_buffer(Q=80, keep="none"),
    "webp": lambda image: image.webpsave_buffer(Q=80, effort=4, keep="none"),
    "png": lambda image: image.pngsave_buffer(keep="none"),
    "avif": lambda image: image.heifsave_buffer(Q=60, compression="av1", effort=2, keep="none"),
}


@app.post("/<operation>.<kind>")
def make(operation: str, kind: str) -> Response:
    """The picture in the body, made into another."""
    return Response(_WRITES[kind](_MAKES[operation](request.get_data())), content_type=f"image/{kind}")
