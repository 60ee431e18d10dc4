"""A client of Darkroom: pictures and pipelines over HTTP.

from darkroom_client import Darkroom

with Darkroom("http://127.0.0.1:8080") as darkroom:
    darkroom.process("photo.jpg", "resize:1280/sepia").save("out.jpg")
    for found in darkroom.detect("photo.jpg").first.objects:
        print(found.label, found.score, found.box)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darkroom_client.aio import AsyncDarkroom
    from darkroom_client.calls import Filter, PictureFindings
    from darkroom_client.client import Darkroom
    from darkroom_client.errors import (
        BrokenResponseError,
        DarkroomError,
        NoServerError,
        RefusedError,
        SlowServerError,
    )
    from darkroom_client.files import Picture
    from darkroom_client.findings import Box, Findings, Keypoint, Label, Model, Object, Segment
    from darkroom_client.images import Image, ImagePage
    from darkroom_client.keys import BadKeyError, find_key
    from darkroom_client.result import Result

__version__ = "0.1.0"

__all__ = [
    "AsyncDarkroom",
    "BadKeyError",
    "Box",
    "BrokenResponseError",
    "Darkroom",
    "DarkroomError",
    "Filter",
    "Findings",
    "Image",
    "ImagePage",
    "Keypoint",
    "Label",
    "Model",
    "NoServerError",
    "Object",
    "Picture",
    "PictureFindings",
    "RefusedError",
    "Result",
    "Segment",
    "SlowServerError",
    "__version__",
    "find_key",
]
_MODULES = ("errors", "keys", "client", "calls", "result", "findings", "images", "files", "aio")


def __getattr__(name: str) -> Any:
    """The HTTP half is imported when it is first asked for: httpx takes longer than `darkroom --version`."""
    if name in __all__:
        for module in _MODULES:
            found = importlib.import_module(f"darkroom_client.{module}")
            if hasattr(found, name):
                return getattr(found, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
