"""Flask and libvips, as one would write it: `thumbnail_buffer` decodes a JPEG at a fraction of its size by itself."""

from collections.abc import Callable
from typing import Any

import pyvips
from flask import Flask, Response, request

app = Flask(__name__)
_SEPIA = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]


def _four(data: bytes) -> Any:
    toned = pyvips.Image.thumbnail_buffer(data, 800, height=800).recomb(_SEPIA).cast("uchar")
    return toned.linear(1.2, -25.6, uchar=True).sharpen(sigma=1)


_MAKES: dict[str, Callable[[bytes], Any]] = {
    "fit-512": lambda data: pyvips.Image.thumbnail_buffer(data, 512, height=512),
    "fit-800": lambda data: pyvips.Image.thumbnail_buffer(data, 800, height=800),
    "cover-400": lambda data: pyvips.Image.thumbnail_buffer(data, 400, height=400, crop="centre"),
    "fit-200": lambda data: pyvips.Image.thumbnail_buffer(data, 200, height=200, option_string="n=-1"),
    "four": _four,
    "blur": lambda data: pyvips.Image.new_from_buffer(data, "", access="sequential").gaussblur(2.6),
    "grey": lambda data: pyvips.Image.new_from_buffer(data, "", access="sequential").colourspace("b-w"),
}
_WRITES: dict[str, Callable[[Any], bytes]] = {
    "jpeg": lambda image: image.jpegsave_buffer(Q=80, keep="none"),
    "webp": lambda image: image.webpsave_buffer(Q=80, effort=4, keep="none"),
    "gif": lambda image: image.gifsave_buffer(),
    "png": lambda image: image.pngsave_buffer(keep="none"),
    "avif": lambda image: image.heifsave_buffer(Q=60, compression="av1", effort=2, keep="none"),
}


@app.post("/<operation>.<kind>")
def make(operation: str, kind: str) -> Response:
    """The picture in the body, made into another."""
    return Response(_WRITES[kind](_MAKES[operation](request.get_data())), content_type=f"image/{kind}")
