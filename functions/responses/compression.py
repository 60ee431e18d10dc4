"""Text as gzip for clients that take it: scripts, styles, pages and JSON about the server."""

import gzip

from flask import Response, request

_TEXT = {"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml"}
_LEAST = 1024
"""Bytes below which it is not worth it."""
_MOST_KEPT = 64
"""Compressed files that a process keeps."""


def compressed(response: Response) -> Response:
    """The response as gzip if the client takes it. Its ETag becomes weak: the bytes are others, the content is not."""
    if response.mimetype not in _TEXT:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) < _LEAST:
        return response
    tag = response.get_etag()[0]
    response.set_data(_gzip(data) if tag is None else _kept(tag, data))
    response.headers["Content-Encoding"] = "gzip"
    if tag is not None:
        response.set_etag(tag, weak=True)
    return response


def _gzip(data: bytes, level: int = 6) -> bytes:
    return gzip.compress(data, level, mtime=0)


def _kept(tag: str, data: bytes) -> bytes:
    """The same bytes for the same ETag, compressed once."""
    if tag not in _cache:
        if len(_cache) >= _MOST_KEPT:
            _cache.clear()
        _cache[tag] = _gzip(data, 9)
    return _cache[tag]


_cache: dict[str, bytes] = {}
