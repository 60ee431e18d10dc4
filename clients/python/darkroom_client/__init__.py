"""A client of Darkroom: pictures and pipelines over HTTP.

from darkroom_client import Darkroom

with Darkroom("http://127.0.0.1:8080") as darkroom:
    darkroom.process("photo.jpg", "resize:1280/sepia").save("out.jpg")
    for found in darkroom.detect("photo.jpg").first.objects:
        print(found.label, found.score, found.box)
"""

from typing import TYPE_CHECKING, Any

from darkroom_client.errors import BrokenAnswerError, DarkroomError, NoServerError, RefusedError, SlowServerError
from darkroom_client.keys import BadKeyError, find_key

if TYPE_CHECKING:
    from darkroom_client.client import Darkroom, Filter, Result, Sight
    from darkroom_client.files import Picture
    from darkroom_client.images import Image, ImagePage
    from darkroom_client.sight import Box, Findings, Keypoint, Label, Model, Object, Segment

__version__ = "0.1.0"

__all__ = [
    "BadKeyError",
    "Box",
    "BrokenAnswerError",
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
    "RefusedError",
    "Result",
    "Segment",
    "Sight",
    "SlowServerError",
    "__version__",
    "find_key",
]


def __getattr__(name: str) -> Any:
    """The HTTP half is imported when it is first asked for: httpx takes longer than `darkroom --version`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from darkroom_client import client, sight

    return getattr(client if hasattr(client, name) else sight, name)
