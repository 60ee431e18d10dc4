"""The raw request path, split before it is decoded, so that a percent-encoded slash does not separate segments.

Servers differ in how they pass it: gunicorn and Werkzeug as RAW_URI (Werkzeug as REQUEST_URI too), uWSGI and mod_wsgi
as REQUEST_URI; WSGI itself (PEP 3333) has only the decoded path.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from functions.errors import BadEncodingError, MissingSourceError
from service.errors import NotFoundError
from storage.address import Address
from storage.errors import BadAddressError

_SEPARATOR = "-"


def raw_path(environ: dict[str, Any]) -> str:
    """The path of the request as it was sent, without its query."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    path = str(raw).partition("?")[0].partition("#")[0]
    if not path.startswith("/"):  # the absolute form, `GET http://host/path` (RFC 9112, §3.2.2)
        path = _absolute(path)
    decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    if unquote_to_bytes(path.encode("latin-1", "replace")) == decoded.encode("latin-1", "replace"):
        return path
    return quote(decoded, safe="/", encoding="latin-1")


def _absolute(text: str) -> str:
    try:
        return urlsplit(text).path or "/"
    except ValueError:
        return ""


def segments(environ: dict[str, Any], prefix: str) -> list[str]:
    """The raw segments of the path after a prefix such as `/v1/render`. NotFoundError if it is another path."""
    start = (environ.get("SCRIPT_NAME", "") + prefix).split("/")
    found = raw_path(environ).split("/")
    if [decoded(part) for part in found[: len(start)]] != start:
        raise NotFoundError("No route has this path; /docs lists all routes.")
    return found[len(start) :]


def decoded(text: str) -> str:
    """Percent-decode text once. BadEncodingError (400) if it is not UTF-8."""
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode("utf-8")
    except UnicodeError:
        raise BadEncodingError("The path is not percent-encoded UTF-8.") from None


def pipeline_of(raw: Iterable[str]) -> str:
    """A pipeline's text from raw segments: decoded once, except for a slash within one, the grammar's `%2F`."""
    return "/".join(decoded(part).replace("/", "%2F") for part in raw)


def split(raw: list[str]) -> tuple[list[str], Address]:
    """The pipeline's segments and the address of `{pipeline}/-/{scheme}/{bucket}/{key}`. BadAddressError (400)."""
    if _SEPARATOR not in raw:
        raise MissingSourceError('The path must be {pipeline}/-/{scheme}/{bucket}/{key}; it has no "-".')
    at = raw.index(_SEPARATOR)
    scheme, bucket, *key = [*map(decoded, raw[at + 1 :]), "", ""][: max(3, len(raw) - at - 1)]
    if "/" in scheme or "/" in bucket:
        raise BadAddressError("A scheme or bucket cannot contain a slash.", got=f"{scheme}/{bucket}")
    return raw[:at], Address.parse(f"{scheme}://{bucket}/{'/'.join(key)}")
