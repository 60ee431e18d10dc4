"""File suffixes and media types: which files are pictures by name, and the suffix for a response."""

import re
from pathlib import PurePath

TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".png": "image/png",
    ".apng": "image/apng",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
    ".pnm": "image/x-portable-anymap",
    ".pbm": "image/x-portable-bitmap",
    ".pgm": "image/x-portable-graymap",
    ".ppm": "image/x-portable-pixmap",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".ico": "image/x-icon",
}
JSON = "application/json"
_ADDRESS = re.compile(r"[a-z][a-z0-9]*://")
_FORMATS = {"jpg": "jpeg", "jpe": "jpeg", "tif": "tiff"}


def is_address(text: object) -> bool:
    """Whether this is an address that the server reads or writes itself: gs://, s3://, https:// and others."""
    return isinstance(text, str) and _ADDRESS.match(text) is not None


def is_picture(path: PurePath) -> bool:
    """Whether a file in a folder is a picture by its name; the server checks the content."""
    return path.suffix.lower() in TYPES


def type_of(path: PurePath) -> str | None:
    """The media type of a file's suffix."""
    return JSON if path.suffix.lower() == ".json" else TYPES.get(path.suffix.lower())


def format_of(path: PurePath) -> str | None:
    """The `format=` a file's suffix asks for, or None."""
    suffix = path.suffix.lower().removeprefix(".")
    return _FORMATS.get(suffix, suffix) if type_of(path) else None


def type_named(kind: str) -> str:
    """The media type of a format by the server's name for it; empty if unknown."""
    return next((media for suffix, media in TYPES.items() if format_of(PurePath(f"x{suffix}")) == kind), "")


def suffix_of(content_type: str) -> str:
    """The usual suffix of a media type, with its dot; `.bin` for an unknown one."""
    if content_type == JSON:
        return ".json"
    return next((suffix for suffix, media in TYPES.items() if media == content_type), ".bin")
