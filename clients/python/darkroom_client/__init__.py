"""A client of Darkroom: pictures and pipelines over HTTP.

from darkroom_client import Darkroom

with Darkroom("http://127.0.0.1:8080") as darkroom:
    darkroom.process("photo.jpg", "resize:1280/sepia").save("out.jpg")
"""

from typing import TYPE_CHECKING, Any

from darkroom_client.errors import BrokenAnswerError, DarkroomError, NoServerError, RefusedError, SlowServerError

if TYPE_CHECKING:
    from darkroom_client.client import Darkroom, Filter, Result
    from darkroom_client.files import Picture

__version__ = "0.1.0"

__all__ = [
    "BrokenAnswerError",
    "Darkroom",
    "DarkroomError",
    "Filter",
    "NoServerError",
    "Picture",
    "RefusedError",
    "Result",
    "SlowServerError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """The HTTP half is imported when it is first asked for: httpx takes longer than `darkroom --version`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from darkroom_client import client

    return getattr(client, name)
